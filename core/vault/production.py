"""What no secret of an environment with other people's data may be."""

from collections.abc import Mapping
from typing import Final

from core.vault.errors import SecretUnfit

MADE_FOR: Final = "made_for"
DEVELOPMENT: Final = "dev"
"""The custom metadata that devstack gives to every secret it makes (KV version 2)."""

_LEAST_PASSWORD_LENGTH: Final = 12
_DEFAULTS: Final = frozenset(
    {
        "adminadminadmin",
        "administrator",
        "changemechangeme",
        "changemeplease",
        "correct horse battery staple",
        "correcthorsebatterystaple",
        "example-password",
        "passwordpassword",
        "pandora-exchange",
        "pandorapandora",
        "postgres-password",
        "postgrespostgres",
        "replace-with-a-secret",
        "supersecretpassword",
        "thisisnotasecret",
        "your-password-here",
    }
)
"""Those long enough for the length alone to let them pass."""


def require_fit(
    path: str, content: Mapping[str, object], custom_metadata: Mapping[str, object]
) -> None:
    """Return if a secret may be used outside dev.

    Raises:
        SecretUnfit: devstack made it, or its password is one that everybody tries.
    """
    if custom_metadata.get(MADE_FOR) == DEVELOPMENT:
        raise SecretUnfit(path, "was made for dev, and vault.dev_secrets is not set")
    password, username = content.get("password"), content.get("username")
    if isinstance(password, str) and _is_known(password, str(username)):
        raise SecretUnfit(path, "holds a default password, or one of fewer than 12 characters")


def _is_known(password: str, username: str) -> bool:
    plain = password.strip().lower()
    if len(plain) < _LEAST_PASSWORD_LENGTH or plain in _DEFAULTS:
        return True
    # The name, over and over, or with a tail of digits.
    return not plain.replace(username.lower(), "").strip("0123456789-_.!@") if username else False
