"""The login to the mail server, as Vault has it now or had it last."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from core.mail.smtp import LoginSource, SmtpLogin
from core.vault.errors import VaultError
from core.vault.secrets import SMTP, Secret, SmtpCredentials

_log = structlog.get_logger(__name__)


class SmtpSecretSource(Protocol):
    """Where the secret is read."""

    async def read(self, secret: Secret[SmtpCredentials]) -> SmtpCredentials:
        """Return the secret, as Vault has it now; raises VaultError."""
        ...


async def no_login() -> SmtpLogin | None:
    """Log in as nobody."""
    return None


async def followed_login(
    source: SmtpSecretSource,
    *,
    interval_seconds: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> LoginSource:
    """Read the login, and return a source that reads it again when it has grown old.

    A Vault that is away, or a version that is no good, takes away nothing that was read before.

    Raises:
        VaultError: it cannot be read even once.
    """
    known = await source.read(SMTP)
    read_at = monotonic()

    async def login() -> SmtpLogin | None:
        nonlocal known, read_at
        if monotonic() - read_at >= interval_seconds:
            read_at = monotonic()
            try:
                known = await source.read(SMTP)
            except VaultError as error:
                _log.warning("the login to the mail server is not renewed", kind=error.kind)
        return SmtpLogin(username=known.username, password=known.password)

    return login
