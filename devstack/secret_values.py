"""What the service's secrets hold when they are made; each is made once and never again."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from devstack.databases import OWNER, SERVICE
from devstack.private_file import new_password

REDIS_USER: Final = "pandora"
ADMIN_EMAIL: Final = "admin@pandora.example"

Values = dict[str, Any]


def _credentials(username: str) -> Values:
    return {"username": username, "password": new_password()}


def _random_key() -> Values:
    return {"key": base64.b64encode(secrets.token_bytes(32)).decode()}


def _signing_keys() -> Values:
    """Return one P-256 key that is published and signs from now on, without an end."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC).isoformat(timespec="seconds")
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    entry = {
        "kid": _thumbprint(key.public_key().public_numbers()),
        "private_key_pem": pem.decode(),
        "published_at": now,
        "signs_from": now,
        "expires_at": None,
    }
    return {"keys": [entry]}


def _thumbprint(point: ec.EllipticCurvePublicNumbers) -> str:
    """Return the key's name after its content, RFC 7638."""
    members = {
        "crv": "P-256",
        "kty": "EC",
        "x": _base64url(point.x.to_bytes(32)),
        "y": _base64url(point.y.to_bytes(32)),
    }
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _dev_seed() -> Values:
    return {
        "admin_email": ADMIN_EMAIL,
        "admin_password": new_password(),
        "user_password": new_password(),
    }


OWNER_LOGIN: Final = "postgres-owner"

MAKERS: Final[Mapping[str, Callable[[], Values]]] = MappingProxyType(
    {
        "postgres": lambda: _credentials(SERVICE),
        OWNER_LOGIN: lambda: _credentials(OWNER),
        "redis": lambda: _credentials(REDIS_USER),
        "access-token-keys": _signing_keys,
        "refresh-token-key": _random_key,
        "page-token-key": _random_key,
        "one-time-token-key": _random_key,
        "dev-seed": _dev_seed,
    }
)
"""Each secret under the prefix by its name; a new secret is one line here."""

SHARED: Final = frozenset({"postgres", OWNER_LOGIN, "redis"})
"""Secrets that name users of the one PostgreSQL and the one Valkey: equal under every prefix."""
