"""What becomes of each gauge when several gateways tell it. Loaded by the supervisor."""

from typing import Final

from supervision.sums import Rule, Rules

GAUGE_RULES: Final[Rules] = {
    "pandora_gateway_requests_in_flight": Rule.SUM,
    # Memory that workers share (the interpreter, libraries) is counted for each of them.
    "process_virtual_memory_bytes": Rule.SUM,
    "process_resident_memory_bytes": Rule.SUM,
    # Their quotient stays the share of descriptors in use.
    "process_open_fds": Rule.SUM,
    "process_max_fds": Rule.SUM,
    # The certificate that runs out first: all read the same files, one may have missed a change.
    "pandora_tls_certificate_expiry_timestamp_seconds": Rule.LOWEST,
    # The oldest worker's.
    "process_start_time_seconds": Rule.LOWEST,
    # Always 1; the labels are what it says.
    "python_info": Rule.HIGHEST,
}
