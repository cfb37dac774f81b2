"""Outside dev nothing starts that speaks in the clear or keeps a developer's comforts."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from core.__main__ import main
from core.config.loading import ConfigurationRefused, load
from core.config.settings import Environment

OTHERS = [environment for environment in Environment if environment is not Environment.DEV]

REFUSED: Mapping[str, tuple[Mapping[str, str], str]] = {
    "no certificate on the port": (
        {"PANDORA_CORE__TLS_CERTIFICATE_FILE": "", "PANDORA_CORE__TLS_KEY_FILE": ""},
        "core.tls_certificate_file must be set; else core.tcp must be false",
    ),
    "no key of the certificate": (
        {"PANDORA_CORE__TLS_CERTIFICATE_FILE": "", "PANDORA_CORE__TLS_KEY_FILE": ""},
        "core.tls_key_file must be set; else core.tcp must be false",
    ),
    "no certificate asked of clients": (
        {"PANDORA_CORE__TLS_CLIENT_CA_FILE": ""},
        "core.tls_client_ca_file must be set; else core.tcp must be false",
    ),
    "PostgreSQL in the clear": (
        {"PANDORA_POSTGRES__SSLMODE": "disable"},
        "postgres.sslmode must be verify-full",
    ),
    "Redis in the clear": ({"PANDORA_REDIS__TLS": "false"}, "redis.tls must be true"),
    "Vault in the clear": (
        {"PANDORA_VAULT__ADDRESS": "http://vault:8200"},
        "vault.address must begin with https://",
    ),
    "spans in the clear": (
        {"PANDORA_TELEMETRY__OTLP_ENDPOINT": "http://collector:4317"},
        "telemetry.otlp_endpoint must begin with https://",
    ),
    "tokens of an issuer in the clear": (
        {"PANDORA_TOKENS__ISSUER": "http://user.pandora.exchange"},
        "tokens.issuer must begin with https://",
    ),
    "links in the clear": (
        {"PANDORA_MAIL__LINK_BASE_URL": "http://app.pandora.exchange"},
        "mail.link_base_url must begin with https://",
    ),
    "mail in the clear": (
        {"PANDORA_MAIL__SMTP_SECURITY": "none", "PANDORA_MAIL__SMTP_AUTHENTICATION": "false"},
        "mail.smtp_security must be starttls or tls",
    ),
    "reflection": (
        {"PANDORA_CORE__REFLECTION": "true", "PANDORA_CORE__REFLECTION_ALLOWED": "false"},
        "core.reflection needs core.reflection_allowed as well",
    ),
    "an end so short that calls are made twice": (
        {"PANDORA_CORE__SHUTDOWN_GRACE_SECONDS": "1.9"},
        (
            "core.shutdown_grace_seconds must be at least 2, or the gateway takes calls that the"
            " core cut off for calls that it never began"
        ),
    ),
    "a developer's secrets": (
        {"PANDORA_VAULT__DEV_SECRETS": "true"},
        "vault.dev_secrets must be false",
    ),
}


def _problems(environ: Mapping[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigurationRefused) as refusal:
        load(environ)
    return refusal.value.problems


@pytest.mark.parametrize("environment", OTHERS)
@pytest.mark.parametrize("case", REFUSED)
def test_no_environment_but_dev_starts_with(case: str, environment: Environment) -> None:
    variables, message = REFUSED[case]
    problems = _problems({"APP_ENV": environment, **variables})
    assert f"{message} (APP_ENV={environment})" in problems


@pytest.mark.parametrize("case", REFUSED)
def test_dev_starts_with(case: str) -> None:
    variables, _ = REFUSED[case]
    assert load({"APP_ENV": "dev", **variables}).environment is Environment.DEV


@pytest.mark.parametrize("environment", OTHERS)
def test_two_seconds_are_enough_for_calls_that_were_never_begun(environment: Environment) -> None:
    variables = {"PANDORA_CORE__SHUTDOWN_GRACE_SECONDS": "2"}
    assert load({"APP_ENV": environment, **variables}).core.shutdown_grace_seconds == 2


@pytest.mark.parametrize("environment", OTHERS)
def test_all_that_is_wrong_is_told_at_once(
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("APP_ENV", environment)
    for variables, _ in REFUSED.values():
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
    assert main(["config", "check"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    for _, message in REFUSED.values():
        assert message in said.err


@pytest.mark.parametrize("environment", OTHERS)
def test_a_socket_alone_needs_no_certificate(environment: Environment) -> None:
    files = dict.fromkeys(
        (
            "PANDORA_CORE__TLS_CERTIFICATE_FILE",
            "PANDORA_CORE__TLS_KEY_FILE",
            "PANDORA_CORE__TLS_CLIENT_CA_FILE",
        ),
        "",
    )
    settings = load({"APP_ENV": environment, "PANDORA_CORE__TCP": "false", **files})
    assert settings.core.socket == Path("/run/pandora/core/core.sock")
    assert settings.core.tls_certificate_file is None


@pytest.mark.parametrize("environment", OTHERS)
def test_reflection_is_allowed_by_a_second_word(environment: Environment) -> None:
    words = dict.fromkeys(("PANDORA_CORE__REFLECTION", "PANDORA_CORE__REFLECTION_ALLOWED"), "true")
    assert load({"APP_ENV": environment, **words}).core.reflection
