"""The ciphers of TLS 1.2 that are spoken; those of TLS 1.3 are all strong, and not for choice."""

from typing import Final

CIPHER_SUITES: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305"
)
"""Forward secrecy and authenticated encryption, RFC 9325 section 4.2."""
