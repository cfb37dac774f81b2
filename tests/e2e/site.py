"""Where one service runs: servers, a database, secrets, a stream and ports of its own."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from devstack.certificates import Certificates
from devstack.ports import free_port
from devstack.provisioning import Provisioned, provision
from devstack.secret_values import MAKERS
from devstack.service_environment import (
    AUDIT_METRICS_PORT,
    CONSUMER_METRICS_PORT,
    CORE_METRICS_PORT,
    CORE_PORT,
    GATEWAY_METRICS_PORT,
    GATEWAY_PORT,
    MAIL_METRICS_PORT,
    RELAY_METRICS_PORT,
    ServicePorts,
    core_environment,
    gateway_environment,
)
from devstack.vault_access import BootstrapFiles, VaultAccess
from tests.e2e.processes import Process, plain_environment, run_to_end
from tests.servers import Database, Servers, cloned_database

_PORTS: Final = (
    CORE_PORT,
    CORE_METRICS_PORT,
    GATEWAY_PORT,
    GATEWAY_METRICS_PORT,
    RELAY_METRICS_PORT,
    MAIL_METRICS_PORT,
    AUDIT_METRICS_PORT,
    CONSUMER_METRICS_PORT,
)

# The tests' client makes more people, and more mistakes, than those whom the limits are meant for.
# Whoever has failed waits long enough for a busy machine to see it.
_LIMITS: Final = {
    "PANDORA_LIMITS__EXEMPT_NETWORKS": "127.0.0.0/8,::1/128,198.51.100.23/32",
    "PANDORA_LIMITS__MAILBOX": "6/hour",
    "PANDORA_THROTTLING__ACCOUNT_FIRST_DELAY_SECONDS": "5",
    "PANDORA_THROTTLING__ADDRESS_FIRST_DELAY_SECONDS": "5",
}


@dataclass(frozen=True, kw_only=True)
class Site:
    """Everything that a service needs and nothing that runs; `settings` are PANDORA_… variables.

    `beside` holds variables that are no settings of the service.
    """

    servers: Servers
    database: Database
    access: Provisioned
    stream: str
    ports: ServicePorts
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def inbound_stream(self) -> str:
        """The stream that the consumer reads."""
        return self.stream.replace(".user.events", ".compliance.events")

    @property
    def core_address(self) -> str:
        return self.ports.address(CORE_PORT)

    @property
    def gateway_url(self) -> str:
        return self.ports.gateway_url

    @property
    def certificates(self) -> Certificates | None:
        """What everything here speaks TLS with; None: nothing does."""
        return self.ports.certificates

    def metrics_url(self, variable: str) -> str:
        """Return where the process answers whose metrics port the variable names."""
        return f"http://{self.ports.address(variable)}/metrics"

    @property
    def checkpoint_file(self) -> Path:
        """Where this service's sealer writes checkpoints."""
        return self.folder / "audit" / "checkpoints"

    @property
    def vault(self) -> VaultAccess:
        """The administrator's way to this service's secrets."""
        return VaultAccess(self.servers.stack.openbao.client(), self.access.prefix)

    def replace_secret(self, name: str, values: Mapping[str, str]) -> None:
        """Write a new version of one of this service's secrets."""
        self.servers.stack.openbao.client().secrets.kv.v2.create_or_update_secret(
            f"{self.access.prefix}/{name}", dict(values), mount_point=self.access.mount
        )

    def secret_texts(self) -> set[str]:
        """Return every text that must never be seen outside of the service and Vault."""
        secrets = [self.vault.read(name) for name in MAKERS]
        texts = {text for values in secrets for text in _texts(values)}
        return texts | {self.access.service_files.secret_id.read_text()}

    def environment(self, program: str, *, login: BootstrapFiles | None = None) -> dict[str, str]:
        """Return the environment of `python -m core` or `python -m gateway`."""
        caller = {**plain_environment(), **_LIMITS, **self.settings}
        if program == "gateway":
            return gateway_environment(self.ports, caller) | dict(self.beside)
        environment = core_environment(
            self.servers.stack, self.access, caller, login=login, database=self.database.name
        )
        for variable in _PORTS:
            if not variable.startswith("PANDORA_GATEWAY__") and variable != GATEWAY_PORT:
                environment |= self.ports.setting(variable)
        return environment | {
            "PANDORA_REDIS__EVENT_STREAM": self.stream,
            "PANDORA_CONSUMER__STREAM": self.inbound_stream,
            "PANDORA_AUDIT__CHECKPOINT_FILE": str(self.checkpoint_file),
            **self.beside,
        }

    def start(self, *arguments: str, **changes: str) -> Process:
        """Start `python -m …`, with `changes` to its environment; returns at once."""
        return Process(arguments, self.environment(arguments[0]) | changes, self.folder)

    def run(self, *arguments: str, text: str = "", **changes: str) -> "CompletedProcess[str]":
        """Run `python -m …` to its end."""
        return run_to_end(arguments, self.environment(arguments[0]) | changes, text=text)


def _texts(value: object) -> Iterator[str]:
    """Yield what is secret in the values of a secret: not its names, times and addresses."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name in {"key", "private_key_pem", "keys"} or name.endswith("password"):
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        # A key has lines, which a log would write as one; its first and last are no secret.
        yield from (line for line in value.splitlines() if not line.startswith("-----"))


def new_ports(variables: Iterable[str], certificates: Certificates | None) -> ServicePorts:
    """Return a free port for each of the variables."""
    return ServicePorts({variable: free_port() for variable in variables}, certificates)


@contextmanager
def new_site(
    servers: Servers,
    folder: Path,
    *,
    settings: Mapping[str, str] | None = None,
    beside: Mapping[str, str] | None = None,
) -> Iterator[Site]:
    """Make a site that nobody else uses; its database goes with it."""
    name = uuid.uuid4().hex
    with cloned_database(servers) as database:
        yield Site(
            servers=servers,
            database=database,
            access=provision(servers.stack, prefix=f"test/{name}", bootstrap=folder / "vault"),
            stream=f"pandora.test.{name}.user.events",
            ports=new_ports(_PORTS, servers.stack.certificates),
            folder=folder,
            settings=settings or {},
            beside=beside or {},
        )
