"""What the service's secrets hold when they are made; each is made once and never again."""

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from core.crypto.signing_key_mint import P256KeyMint
from devstack.databases import MAINTAINER, OWNER, SERVICE
from devstack.private_file import new_password

REDIS_USER: Final = "pandora"
SMTP_USER: Final = "pandora"
ADMIN_EMAIL: Final = "admin@pandora.example"

Values = dict[str, Any]


def _credentials(username: str) -> Values:
    return {"username": username, "password": new_password()}


def _random_key() -> Values:
    return {"key": base64.b64encode(secrets.token_bytes(32)).decode()}


def _signing_keys() -> Values:
    """Return one P-256 key that is published and signs from now on, without an end."""
    pair = P256KeyMint().new()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {
        "kid": pair.kid,
        "private_key_pem": pair.private_key_pem,
        "published_at": now,
        "signs_from": now,
        "expires_at": None,
    }
    return {"keys": [entry]}


def _dev_seed() -> Values:
    return {
        "admin_email": ADMIN_EMAIL,
        "admin_password": new_password(),
        "user_password": new_password(),
    }


OWNER_LOGIN: Final = "postgres-owner"
MAINTAINER_LOGIN: Final = "postgres-maintainer"
PSEUDONYM_KEY: Final = "pseudonym-key"
PERSONAL_DATA_KEY: Final = "personal-data-key"
CLONE_SOURCE: Final = "clone-source"
CLONE_TARGET: Final = "clone-target"
SIGNING_KEYS: Final = "access-token-keys"

MAKERS: Final[Mapping[str, Callable[[], Values]]] = MappingProxyType(
    {
        "postgres": lambda: _credentials(SERVICE),
        OWNER_LOGIN: lambda: _credentials(OWNER),
        MAINTAINER_LOGIN: lambda: _credentials(MAINTAINER),
        "redis": lambda: _credentials(REDIS_USER),
        SIGNING_KEYS: _signing_keys,
        "refresh-token-key": _random_key,
        "page-token-key": _random_key,
        "one-time-token-key": _random_key,
        "throttle-key": _random_key,
        PERSONAL_DATA_KEY: _random_key,
        PSEUDONYM_KEY: _random_key,
        "smtp": lambda: _credentials(SMTP_USER),
        "dev-seed": _dev_seed,
    }
)
"""Each secret under the prefix by its name; a new secret is one line here."""

SHARED: Final = frozenset({"postgres", OWNER_LOGIN, MAINTAINER_LOGIN, "redis"})
"""Secrets that name users of the one PostgreSQL and the one Valkey: equal under every prefix."""
