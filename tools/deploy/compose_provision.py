"""`python -m tools.deploy.compose_provision`: provisions the servers of compose.yaml.

The servers have no more in common with those of devstack than their protocols, so this brings what
`devstack.provisioning.provision` asks of a stack, and nothing else.
"""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast
from urllib.parse import quote

import hvac

from devstack import vault_access
from devstack.databases import Databases
from devstack.provisioning import provision
from devstack.stack import Stack
from devstack.valkey import ValkeyServer

ROOT: Final = Path("/run/pandora")
USER_ID: Final = 65_532
_NETWORK: Final = "172.31.77.0/24"
_PASSWORD: Final = Path("/run/secrets/postgres-password")


class _Postgres:
    def dsn(self, database: str) -> str:
        password = quote(_PASSWORD.read_text().strip(), safe="")
        return f"postgresql://postgres:{password}@postgres:5432/{database}"


class _Valkey:
    def url(self) -> str:
        return "redis://valkey:6379/0"

    def grant(self, *, user: str, password: str) -> None:
        ValkeyServer.grant(cast("Any", self), user=user, password=password)


class _OpenBao:
    def client(self) -> hvac.Client:
        return hvac.Client("http://openbao:8200", os.environ["BAO_DEV_ROOT_TOKEN"])


def main() -> None:
    """Provision, and leave the AppRoles' files to the service's user."""
    # Containers have addresses of their own: a login is good in their network, and nowhere else.
    vault_access.NETWORKS = [_NETWORK]
    postgres = _Postgres()
    stack = SimpleNamespace(
        openbao=_OpenBao(),
        postgres=postgres,
        valkey=_Valkey(),
        databases=Databases(cast("Any", postgres)),
        root=ROOT,
    )
    provision(cast("Stack", stack))
    for path in (ROOT / "vault").rglob("*"):
        os.chown(path, USER_ID, USER_ID)


if __name__ == "__main__":
    main()
