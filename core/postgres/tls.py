"""TLS to the server, in libpq's words; every connection is made with the same."""

from collections.abc import Mapping
from pathlib import Path

_DISABLE = "disable"


def tls_parameters(*, mode: str, negotiation: str, ca_file: Path | None) -> Mapping[str, str]:
    """Return libpq's parameters for `sslmode` disable or verify-full.

    The certificates are read anew for every connection, so that a replaced file is followed.
    Without a file those of the operating system vouch for the server.
    """
    if mode == _DISABLE:
        # Said aloud: libpq would otherwise try TLS first, and do without if that fails.
        return {"sslmode": _DISABLE, "gssencmode": _DISABLE}
    return {
        "sslmode": mode,
        "sslnegotiation": negotiation,
        "sslrootcert": "system" if ca_file is None else str(ca_file),
        "ssl_min_protocol_version": "TLSv1.2",
        # Its encryption would take the place of TLS, and nobody would have checked the name.
        "gssencmode": _DISABLE,
    }
