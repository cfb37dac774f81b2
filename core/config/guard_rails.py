"""What no environment but dev may do, though each setting is right by itself.

Everything that leaves a process for another machine is encrypted, nothing that makes a
developer's life easy is on, and no restart repeats a call that was begun. All that is wrong is told
at once, at every start of any command.
"""

from collections.abc import Iterator, Mapping

from core.config.keys import Value
from core.config.settings import VERIFY_FULL, Environment

_SECURE_URLS = ("vault.address", "telemetry.otlp_endpoint", "tokens.issuer", "mail.link_base_url")
_HTTPS = "https://"
_LEAST_GRACE_SECONDS = 2
"""The gateway makes calls again that end sooner after a core was told to stop (ADR 22)."""


def refusals(environment: Environment, values: Mapping[str, Value]) -> Iterator[str]:
    """Yield one line for each setting that this environment does not allow; dev allows all.

    A setting that is missing, or was refused already, is passed by.
    """
    if environment is Environment.DEV:
        return
    for line in (*_plaintext(values), *_development(values), *_losses(values)):
        yield f"{line} (APP_ENV={environment.value})"


def _plaintext(values: Mapping[str, Value]) -> Iterator[str]:
    if values.get("core.tcp") is True:
        for key in ("core.tls_certificate_file", "core.tls_key_file", "core.tls_client_ca_file"):
            if key in values and values[key] is None:
                yield f"{key} must be set; else core.tcp must be false"
    if values.get("postgres.sslmode", VERIFY_FULL) != VERIFY_FULL:
        yield f"postgres.sslmode must be {VERIFY_FULL}"
    if values.get("redis.tls") is False:
        yield "redis.tls must be true"
    for key in _SECURE_URLS:
        value = values.get(key)
        if isinstance(value, str) and not value.startswith(_HTTPS):
            yield f"{key} must begin with {_HTTPS}"
    if values.get("mail.smtp_security") == "none":
        yield "mail.smtp_security must be starttls or tls"


def _development(values: Mapping[str, Value]) -> Iterator[str]:
    if values.get("core.reflection") is True and values.get("core.reflection_allowed") is False:
        yield "core.reflection needs core.reflection_allowed as well"
    if values.get("vault.dev_secrets") is True:
        yield "vault.dev_secrets must be false"


def _losses(values: Mapping[str, Value]) -> Iterator[str]:
    grace = values.get("core.shutdown_grace_seconds")
    if isinstance(grace, int | float) and grace < _LEAST_GRACE_SECONDS:
        yield (
            f"core.shutdown_grace_seconds must be at least {_LEAST_GRACE_SECONDS}, or the gateway"
            " takes calls that the core cut off for calls that it never began"
        )
