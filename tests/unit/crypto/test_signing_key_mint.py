"""New keys are on P-256, named after their content, and never the same."""

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.crypto.signing_key_mint import P256KeyMint
from tests.unit.crypto.keys import b64


def test_a_kid_is_the_thumbprint_of_its_key() -> None:
    """RFC 7638: the SHA-256 of the required members of the JWK, in order, without white space."""
    pair = P256KeyMint().new()
    key = load_pem_private_key(pair.private_key_pem.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    numbers = key.public_key().public_numbers()
    x, y = (b64(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    members = json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))
    assert pair.kid == b64(hashlib.sha256(members.encode()).digest())


def test_no_two_keys_are_alike() -> None:
    mint = P256KeyMint()
    assert len({mint.new().kid for _ in range(20)}) == 20
