"""`config check` shows what holds and where it comes from, and no way to a secret."""

import dataclasses
import re

from core.config.description import describe
from core.config.keys import catalogue, sections
from core.config.loading import load

SECRET_WORDS = re.compile(
    r"password|passphrase|secret|token|credential|private|(?<![a-z])key(?![a-z])"
)
ALLOWED = {
    # How long a token lives, not the token.
    "tokens.access_token_seconds",
    "tokens.password_reset_seconds",
    # Where the bootstrap file lies, not what it holds; its mode is checked before it is read.
    "vault.secret_id_file",
    "vault.migrator_secret_id_file",
    "vault.operator_secret_id_file",
    "vault.sealer_secret_id_file",
    "vault.maintainer_secret_id_file",
    "vault.cloner_secret_id_file",
    "vault.kubernetes_token_file",
    # Where the TLS key lies, and whether a developer's secrets are taken.
    "core.tls_key_file",
    "vault.dev_secrets",
    # Which form a file's content has, and where logins come from.
    "vault.secret_id_wrapped",
    "postgres.credentials",
    # How long tokens of services may live, and how often any may be exchanged.
    "tokens.service_token_max_seconds",
    "limits.token",
    # How long records of tokens are kept.
    "maintenance.one_time_token_seconds",
    "maintenance.refresh_token_seconds",
    # How often keys are looked for.
    "vault.key_reload_interval_seconds",
    # The names of keys that never leave Vault.
    "vault.totp_key",
    "vault.audit_seal_key",
}


def test_every_setting_has_a_line_with_its_value_and_source() -> None:
    text = describe(load({"APP_ENV": "dev", "CORE_PORT": "6000"}))
    lines = text.splitlines()
    assert "environment = dev" in lines
    assert "core.port = 6000  (environment)" in lines
    assert "core.reflection = true  (yaml)" in lines
    assert "core.trusted_peers = 127.0.0.0/8, ::1/128, unix:  (yaml)" in lines
    assert "tokens.access_token_seconds = 900  (default)" in lines
    assert "telemetry.otlp_endpoint = none  (default)" in lines
    for path in catalogue():
        assert sum(line.startswith(f"{path} = ") for line in lines) == 1


def test_the_way_to_the_bootstrap_files_is_not_shown() -> None:
    text = describe(
        load({"APP_ENV": "dev", "PANDORA_VAULT__SECRET_ID_FILE": "/run/pandora/very-hidden"})
    )
    assert "vault.secret_id_file = set  (environment)" in text
    assert "very-hidden" not in text
    assert ".dev/vault" not in text


def test_what_is_not_set_is_said_to_be_unset() -> None:
    text = describe(load({"APP_ENV": "prod"}))
    assert "vault.migrator_secret_id_file = unset  (default)" in text


def test_no_setting_has_room_for_a_secret() -> None:
    suspicious = {
        f"{section}.{field.name}"
        for section, record in sections().items()
        for field in dataclasses.fields(record)
        if SECRET_WORDS.search(field.name)
    }
    assert suspicious == ALLOWED
