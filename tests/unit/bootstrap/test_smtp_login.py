"""The login to the mail server follows Vault, and outlives it."""

import pytest

from core.bootstrap.smtp_login import followed_login, no_login
from core.mail.smtp import SmtpLogin
from core.vault.errors import SecretMalformed, SecretMissing, VaultError, VaultUnreachable
from core.vault.secrets import SMTP, Secret, SmtpCredentials

FIRST = SmtpCredentials(username="pandora", password="first")
SECOND = SmtpCredentials(username="pandora", password="second")


class FakeSource:
    """Answers with `current`, or raises it."""

    def __init__(self) -> None:
        self.current: SmtpCredentials | VaultError = FIRST
        self.reads = 0

    async def read(self, secret: Secret[SmtpCredentials]) -> SmtpCredentials:
        assert secret is SMTP
        self.reads += 1
        if isinstance(self.current, VaultError):
            raise self.current
        return self.current


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_login_is_read_again_when_it_has_grown_old() -> None:
    source, seconds = FakeSource(), Seconds()
    login = await followed_login(source, interval_seconds=30, monotonic=seconds)
    source.current = SECOND
    seconds.now += 29.9
    assert await login() == SmtpLogin(username="pandora", password="first")
    assert source.reads == 1
    seconds.now += 0.1
    assert await login() == SmtpLogin(username="pandora", password="second")
    assert await login() == SmtpLogin(username="pandora", password="second")
    assert source.reads == 2


@pytest.mark.parametrize("fault", [VaultUnreachable("away"), SecretMalformed("smtp")])
async def test_a_vault_that_fails_takes_nothing_away(fault: VaultError) -> None:
    source, seconds = FakeSource(), Seconds()
    login = await followed_login(source, interval_seconds=30, monotonic=seconds)
    source.current = fault
    for _ in range(3):
        seconds.now += 30
        assert await login() == SmtpLogin(username="pandora", password="first")
    source.current = SECOND
    seconds.now += 30
    assert await login() == SmtpLogin(username="pandora", password="second")


async def test_without_a_first_login_there_is_none() -> None:
    source = FakeSource()
    source.current = SecretMissing("smtp")
    with pytest.raises(SecretMissing):
        await followed_login(source, interval_seconds=30)


async def test_no_login_is_a_login_too() -> None:
    assert await no_login() is None


def test_a_password_is_not_in_what_a_debugger_or_a_log_would_show() -> None:
    assert "first" not in repr(FIRST) + repr(SmtpLogin(username="pandora", password="first"))
