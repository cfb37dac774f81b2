"""New keys that sign access tokens."""

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.crypto import base64url
from core.domain.signing_key import KeyPair

_COORDINATE_BYTES = 32


class P256KeyMint:
    """Implements the port SigningKeyMint: a kid is the thumbprint of its key (RFC 7638)."""

    def new(self) -> KeyPair:
        """Return a new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        numbers = key.public_key().public_numbers()
        return KeyPair(kid=_thumbprint(numbers), private_key_pem=pem.decode())


def _thumbprint(point: ec.EllipticCurvePublicNumbers) -> str:
    members = {
        "crv": "P-256",
        "kty": "EC",
        "x": base64url.encode(point.x.to_bytes(_COORDINATE_BYTES)),
        "y": base64url.encode(point.y.to_bytes(_COORDINATE_BYTES)),
    }
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return base64url.encode(hashlib.sha256(canonical.encode()).digest())
