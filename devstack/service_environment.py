"""What the service's processes find in their environment: names, ports and files, no secret."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack.certificates import Certificates
from devstack.databases import DATABASE
from devstack.ports import HOST, from_environment
from devstack.provisioning import Provisioned
from devstack.stack import Stack
from devstack.tls_settings import core_settings, gateway_settings
from devstack.vault_access import BootstrapFiles

# Nothing else of the caller's environment reaches a process: whoever has sourced `.dev/env` has
# passwords there.
_PASSED_ON: Final = frozenset(
    {"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
_ARGON2_BUILDS: Final = Path(__file__).resolve().parent.parent / "build/argon2"
_SETTINGS: Final = "PANDORA_"
_GATEWAY_SETTINGS: Final = "PANDORA_GATEWAY__"
_TELEMETRY_SETTINGS: Final = "PANDORA_TELEMETRY__"

CORE_PORT: Final = "CORE_PORT"
GATEWAY_PORT: Final = "GATEWAY_PORT"
CORE_METRICS_PORT: Final = "PANDORA_CORE__METRICS_PORT"
RELAY_METRICS_PORT: Final = "PANDORA_RELAY__METRICS_PORT"
MAIL_METRICS_PORT: Final = "PANDORA_MAIL__METRICS_PORT"
CONSUMER_METRICS_PORT: Final = "PANDORA_CONSUMER__METRICS_PORT"
AUDIT_METRICS_PORT: Final = "PANDORA_AUDIT__METRICS_PORT"
GATEWAY_METRICS_PORT: Final = "PANDORA_GATEWAY__METRICS_PORT"
_DEFAULT_PORTS: Final = {
    CORE_PORT: 50051,
    GATEWAY_PORT: 8080,
    CORE_METRICS_PORT: 9464,
    GATEWAY_METRICS_PORT: 9465,
    RELAY_METRICS_PORT: 9466,
    MAIL_METRICS_PORT: 9467,
    CONSUMER_METRICS_PORT: 9468,
    AUDIT_METRICS_PORT: 9469,
}


@dataclass(frozen=True, slots=True)
class ServicePorts:
    """The port behind each variable that names one; core and gateway speak TLS there, or not."""

    by_variable: Mapping[str, int]
    certificates: Certificates | None = None

    @classmethod
    def for_development(
        cls, environment: Mapping[str, str], certificates: Certificates | None = None
    ) -> "ServicePorts":
        """Return the fixed ports of `make dev-up`, each overridable by its variable."""
        return cls(
            {
                variable: from_environment(variable, default, environment)
                for variable, default in _DEFAULT_PORTS.items()
            },
            certificates,
        )

    @property
    def gateway_url(self) -> str:
        """Where the gateway answers."""
        scheme = "http" if self.certificates is None else "https"
        return f"{scheme}://{self.address(GATEWAY_PORT)}"

    def address(self, variable: str) -> str:
        """Return host:port."""
        return f"{HOST}:{self.by_variable[variable]}"

    def setting(self, variable: str) -> dict[str, str]:
        """Return the variable with its port, as a part of an environment."""
        return {variable: str(self.by_variable[variable])}


def core_environment(
    stack: Stack,
    access: Provisioned,
    caller: Mapping[str, str] = os.environ,
    *,
    login: BootstrapFiles | None = None,
    database: str = DATABASE,
) -> dict[str, str]:
    """Return the environment of `python -m core …`, where `login` is the service's by default."""
    login = login or access.service_files
    # Mail may go to a server of the caller's choice; everything else is the stack's. So may the
    # builds of Argon2id be others, or none.
    mail = {"PANDORA_MAIL__SMTP_HOST": HOST, "PANDORA_MAIL__SMTP_PORT": str(stack.smtp.port)}
    return (
        mail
        | _argon2_builds()
        | _passed_on(caller, _SETTINGS, without=_GATEWAY_SETTINGS)
        | {
            "APP_ENV": "dev",
            "PANDORA_POSTGRES__HOST": HOST,
            "PANDORA_POSTGRES__PORT": str(stack.postgres.port),
            "PANDORA_POSTGRES__DATABASE": database,
            "PANDORA_REDIS__HOST": HOST,
            "PANDORA_REDIS__PORT": str(stack.valkey.port),
            **core_settings(stack.certificates),
            "PANDORA_VAULT__ADDRESS": stack.openbao.address,
            "PANDORA_VAULT__MOUNT": access.mount,
            "PANDORA_VAULT__PREFIX": access.prefix,
            "PANDORA_VAULT__ROLE_ID_FILE": str(login.role_id),
            "PANDORA_VAULT__SECRET_ID_FILE": str(login.secret_id),
            "PANDORA_VAULT__MIGRATOR_ROLE_ID_FILE": str(access.migrator_files.role_id),
            "PANDORA_VAULT__MIGRATOR_SECRET_ID_FILE": str(access.migrator_files.secret_id),
            "PANDORA_VAULT__OPERATOR_ROLE_ID_FILE": str(access.operator_files.role_id),
            "PANDORA_VAULT__OPERATOR_SECRET_ID_FILE": str(access.operator_files.secret_id),
            "PANDORA_VAULT__SEALER_ROLE_ID_FILE": str(access.sealer_files.role_id),
            "PANDORA_VAULT__SEALER_SECRET_ID_FILE": str(access.sealer_files.secret_id),
            "PANDORA_AUDIT__CHECKPOINT_FILE": str(stack.root / "audit" / "checkpoints"),
            "PANDORA_VAULT__MAINTAINER_ROLE_ID_FILE": str(access.maintainer_files.role_id),
            "PANDORA_VAULT__MAINTAINER_SECRET_ID_FILE": str(access.maintainer_files.secret_id),
            "PANDORA_VAULT__CLONER_ROLE_ID_FILE": str(access.cloner_files.role_id),
            "PANDORA_VAULT__CLONER_SECRET_ID_FILE": str(access.cloner_files.secret_id),
        }
    )


def _argon2_builds() -> dict[str, str]:
    """Return what names the faster builds of Argon2id, where `make argon2` has made some."""
    return (
        {"PANDORA_PASSWORDS__ARGON2_BUILDS": str(_ARGON2_BUILDS)} if _ARGON2_BUILDS.exists() else {}
    )


def gateway_environment(
    ports: ServicePorts, caller: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of `python -m gateway`, which refuses what is not meant for it."""
    settings = _passed_on(caller, _GATEWAY_SETTINGS) | _passed_on(caller, _TELEMETRY_SETTINGS)
    return (
        settings
        | ports.setting(GATEWAY_PORT)
        | ports.setting(GATEWAY_METRICS_PORT)
        | gateway_settings(ports.certificates)
        | {"APP_ENV": "dev", "PANDORA_GATEWAY__CORE_ADDRESS": ports.address(CORE_PORT)}
    )


def _passed_on(
    caller: Mapping[str, str], settings: str, *, without: str | None = None
) -> dict[str, str]:
    return {
        name: value
        for name, value in caller.items()
        if name in _PASSED_ON
        or (name.startswith(settings) and not (without and name.startswith(without)))
    }
