"""Signing keys and a signer that obeys no rule, for tests of what reads tokens."""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.fakes.clock import START


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key that signs from the tests' beginning on, for ever, unless told otherwise."""

    kid: str = "key-1"
    private_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    signs_from: datetime = START
    expires_at: datetime | None = None


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def es256(key: ec.EllipticCurvePrivateKey, signed: bytes) -> bytes:
    """Sign as RFC 7518 section 3.4 says: r and s, 32 bytes each."""
    r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def signed_token(key: ec.EllipticCurvePrivateKey, header: bytes, payload: bytes) -> str:
    """Sign any two byte strings, whether they make sense or not."""
    signed = f"{b64(header)}.{b64(payload)}"
    return f"{signed}.{b64(es256(key, signed.encode()))}"
