"""Outside dev no secret is taken that devstack made, and no password that everybody tries."""

import pytest

from core.vault.errors import SecretUnfit
from core.vault.production import DEVELOPMENT, MADE_FOR, require_fit

LOGIN = {"username": "user_service", "password": "k3Jx-92hdQ_mmPq7vLw0"}


def test_a_secret_of_ones_own_is_taken() -> None:
    require_fit("postgres", LOGIN, {})
    require_fit("page-token-key", {"key": "AAAA"}, {"owner": "platform"})


def test_a_secret_that_devstack_made_is_refused() -> None:
    with pytest.raises(
        SecretUnfit,
        match=r"^Vault's secret postgres was made for dev, and vault\.dev_secrets is not set$",
    ):
        require_fit("postgres", LOGIN, {MADE_FOR: DEVELOPMENT})


@pytest.mark.parametrize(
    "password",
    [
        "postgres",
        "",
        "short-k3Jx9",
        "user_service",
        "User_Service2026",
        "user_service_user_service",
        "ChangeMeChangeMe",
        "correct horse battery staple",
    ],
)
def test_a_default_password_is_refused_without_being_quoted(password: str) -> None:
    with pytest.raises(SecretUnfit) as refusal:
        require_fit("postgres", {**LOGIN, "password": password}, {})
    words = "Vault's secret postgres holds a default password, or one of fewer than 12 characters"
    assert str(refusal.value) == words
