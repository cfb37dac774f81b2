"""`.dev/env`: how a developer's own tools reach what runs. The service itself never reads it."""

import shlex
from pathlib import Path

from devstack.certificates import SERVICE_CLIENT
from devstack.databases import DATABASE
from devstack.private_file import write_private
from devstack.provisioning import Provisioned
from devstack.service_environment import CORE_PORT, ServicePorts
from devstack.stack import Stack


def server_variables(stack: Stack, access: Provisioned) -> dict[str, str]:
    """Return the addresses of the servers; only DATABASE_URL has the service's own rights."""
    service = access.service
    trust: dict[str, str] = {}
    if stack.certificates is not None:
        caller = stack.certificates.of(SERVICE_CLIENT.name)
        trust = {
            "VAULT_CACERT": str(stack.certificates.authority),
            "DEV_CA_FILE": str(stack.certificates.authority),
            "DEV_CLIENT_CERTIFICATE_FILE": str(caller.certificate),
            "DEV_CLIENT_KEY_FILE": str(caller.key),
        }
    return {
        "DATABASE_URL": stack.postgres.dsn(
            DATABASE, user=service.username, password=service.password
        ),
        "DATABASE_ADMIN_URL": stack.postgres.dsn(DATABASE),
        "REDIS_URL": stack.valkey.url(),
        "VAULT_ADDR": stack.openbao.address,
        "SMTP_ADDRESS": stack.smtp.address,
        "DEV_MAIL_FOLDER": str(stack.smtp.mail_folder),
        **trust,
    }


def write_environment(file: Path, stack: Stack, access: Provisioned, ports: ServicePorts) -> None:
    """Write `KEY=value` lines (mode 0600), quoted where a shell would read more than the value."""
    variables = {
        "GATEWAY_URL": ports.gateway_url,
        "CORE_ADDRESS": ports.address(CORE_PORT),
        **server_variables(stack, access),
        "DEV_ADMIN_EMAIL": access.admin_email,
        "DEV_ADMIN_PASSWORD": access.admin_password,
    }
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in variables.items()]
    write_private(file, "".join(lines))
