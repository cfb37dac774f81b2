"""`.dev/env`: how a developer's own tools reach what runs. The service itself never reads it."""

from pathlib import Path

from devstack.databases import DATABASE
from devstack.private_file import write_private
from devstack.provisioning import Provisioned
from devstack.service_environment import CORE_PORT, GATEWAY_PORT, ServicePorts
from devstack.stack import Stack


def server_variables(stack: Stack, access: Provisioned) -> dict[str, str]:
    """Return the addresses of the servers; only DATABASE_URL has the service's own rights."""
    service = access.service
    return {
        "DATABASE_URL": stack.postgres.dsn(
            DATABASE, user=service.username, password=service.password
        ),
        "DATABASE_ADMIN_URL": stack.postgres.dsn(DATABASE),
        "REDIS_URL": stack.valkey.url(),
        "VAULT_ADDR": stack.openbao.address,
        "SMTP_ADDRESS": stack.smtp.address,
        "DEV_MAIL_FOLDER": str(stack.smtp.mail_folder),
    }


def write_environment(file: Path, stack: Stack, access: Provisioned, ports: ServicePorts) -> None:
    """Write `KEY=value` lines (mode 0600); no value holds a character that a shell would read."""
    variables = {
        "GATEWAY_URL": f"http://{ports.address(GATEWAY_PORT)}",
        "CORE_ADDRESS": ports.address(CORE_PORT),
        **server_variables(stack, access),
        "DEV_ADMIN_EMAIL": access.admin_email,
        "DEV_ADMIN_PASSWORD": access.admin_password,
    }
    write_private(file, "".join(f"{name}={value}\n" for name, value in variables.items()))
