"""Access tokens that the service did not issue, made from one that it did."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from tests.e2e.site import Site
from tests.unit.crypto.keys import as_json, b64, signed_token


def forgeries(site: Site, genuine: str) -> Mapping[str, str]:
    """Return tokens by what is wrong with them; `expired` alone bears the service's signature."""
    key, header = _signing_key(site), {**_part(genuine, 0)}
    claims = _part(genuine, 1)
    age = {"iat": claims["iat"] - 1000, "nbf": claims["nbf"] - 1000, "exp": claims["iat"] - 1}
    stranger = ec.generate_private_key(ec.SECP256R1())
    raised = {**claims, "role": "admin"}
    unsigned = f"{b64(as_json(header | {'alg': 'none'}))}.{b64(as_json(claims))}."
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    hs256 = f"{b64(as_json(header | {'alg': 'HS256'}))}.{b64(as_json(claims))}"
    start, _, signature = genuine.split(".")
    return {
        "expired": signed_token(key, as_json(header), as_json(claims | age)),
        "signed by a stranger": signed_token(stranger, as_json(header), as_json(claims)),
        "alg none": unsigned,
        "HS256": f"{hs256}.{b64(hmac.digest(public, hs256.encode(), hashlib.sha256))}",
        "altered": f"{start}.{b64(as_json(raised))}.{signature}",
        "of another issuer": signed_token(
            key, as_json(header), as_json(claims | {"iss": "https://user.pandora.exchange"})
        ),
        "no token at all": "nonsense",
    }


def _signing_key(site: Site) -> ec.EllipticCurvePrivateKey:
    secret = site.vault.read("access-token-keys")
    assert secret is not None
    key = load_pem_private_key(secret["keys"][0]["private_key_pem"].encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    part: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return part
