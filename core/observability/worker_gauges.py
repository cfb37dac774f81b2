"""What becomes of each gauge when several workers tell it. Loaded by the supervisor: no libraries.

Counters and histograms are always summed. A gauge that is missing here would be summed as well; a
test sees to it that none is.
"""

from typing import Final

from supervision.sums import Rule, Rules

GAUGE_RULES: Final[Rules] = {
    # Work of each worker, which together is the work of the core.
    "pandora_hashing_waiting": Rule.SUM,
    "pandora_hashing_running": Rule.SUM,
    "pandora_postgres_pool_connections": Rule.SUM,
    "pandora_postgres_pool_waiting": Rule.SUM,
    "pandora_postgres_pool_max": Rule.SUM,
    # Memory that workers share (the interpreter, libraries) is counted for each of them.
    "process_virtual_memory_bytes": Rule.SUM,
    "process_resident_memory_bytes": Rule.SUM,
    # Their quotient stays the share of descriptors in use.
    "process_open_fds": Rule.SUM,
    "process_max_fds": Rule.SUM,
    # 1 while all is well: one worker that is not well is what an alert has to see.
    "pandora_serving": Rule.LOWEST,
    "pandora_dependency_up": Rule.LOWEST,
    # 1, or more, while something is not well.
    "pandora_limits_local": Rule.HIGHEST,
    "pandora_vault_rejected_secrets": Rule.HIGHEST,
    # What the next caller of the slowest worker has to reckon with.
    "pandora_hashing_wait_seconds": Rule.HIGHEST,
    "pandora_hashing_work_seconds": Rule.HIGHEST,
    # Ages: the worker whose knowledge is the oldest.
    "pandora_vault_secrets_age_seconds": Rule.HIGHEST,
    "pandora_signing_key_age_seconds": Rule.HIGHEST,
    # The certificate that runs out first: all read the same files, one may have missed a change.
    "pandora_tls_certificate_expiry_timestamp_seconds": Rule.LOWEST,
    # The login that ends first.
    "pandora_database_login_seconds": Rule.LOWEST,
    # The oldest worker's.
    "process_start_time_seconds": Rule.LOWEST,
    # Always 1; the labels are what it says.
    "python_info": Rule.HIGHEST,
    "pandora_hashing_build": Rule.HIGHEST,
}
