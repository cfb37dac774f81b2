"""No process works on another environment's data, nor on a schema that lacks a migration."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import psycopg
import pytest

from core.bootstrap.consumer_process import consume
from core.bootstrap.core_server import serve
from core.bootstrap.foundation import Foundation
from core.bootstrap.mail_process import send_mail
from core.bootstrap.maintain_process import maintain
from core.bootstrap.operations import create_admin
from core.bootstrap.relay_process import relay
from core.bootstrap.sealer_process import seal
from core.bootstrap.startup import StartFailed
from core.config.loading import load
from core.config.settings import Environment
from core.observability.logging import start_logs
from core.postgres.schema import REQUIRED_REVISION
from tests.e2e.site import Site, new_site
from tests.servers import Servers

pytestmark = pytest.mark.asyncio

Process = Callable[[Foundation, asyncio.Event], Awaitable[None]]


async def maintaining(foundation: Foundation, _: asyncio.Event) -> None:
    await maintain(foundation)


async def an_operators_command(foundation: Foundation, _: asyncio.Event) -> None:
    await create_admin(foundation, email="a@example.com", password="it is never looked at")


PROCESSES: dict[str, Process] = {
    "serve": serve,
    "relay": relay,
    "consume": consume,
    "send-mail": send_mail,
    "seal": seal,
    "maintain": maintaining,
    "users create-admin": an_operators_command,
}

REFUSES = "connect PostgreSQL: configuration refused: "
TAKES_CLONES = (
    "APP_ENV=audit takes anonymized data alone;"
    " `python -m core data anonymize` makes a clone for it"
)
TAKES_DATA_OF_NOBODY = (
    "APP_ENV=sandbox takes anonymized or synthetic data alone;"
    " `python -m core data synthesize` makes data for it"
)
MADE_UP_IN_PROD = (
    Environment.PROD,
    "synthetic",
    "synthetic; APP_ENV=prod takes original data alone",
)
REFUSED = [
    (Environment.PROD, "anonymized", "anonymized; APP_ENV=prod takes original data alone"),
    (Environment.AUDIT, None, f"original; {TAKES_CLONES}"),
    (Environment.AUDIT, "synthetic", f"synthetic; {TAKES_CLONES}"),
    (Environment.SANDBOX, None, f"original; {TAKES_DATA_OF_NOBODY}"),
]
TAKEN = [
    (Environment.PROD, None),
    (Environment.AUDIT, "anonymized"),
    (Environment.SANDBOX, "anonymized"),
    (Environment.SANDBOX, "synthetic"),
    (Environment.DEV, None),
    (Environment.DEV, "synthetic"),
]


@pytest.fixture(scope="module")
def site(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give every test the same database; each says of it what it needs."""
    with new_site(servers, tmp_path_factory.mktemp("kinds")) as site:
        yield site


def say(site: Site, kind: str | None, *, is_complete: bool = True) -> None:
    """Let the database say what its data is."""
    with psycopg.connect(site.database.owner_dsn) as owner:
        owner.execute("DELETE FROM database_origin")
        if kind is not None:
            owner.execute(
                "INSERT INTO database_origin (kind, source, mark, base_sequence, began_at,"
                " completed_at) VALUES (%s, 's', repeat('0', 64), 0, now(),"
                " CASE WHEN %s THEN now() END)",
                (kind, is_complete),
            )


async def refusal(process: Process, site: Site, environment: Environment) -> str:
    """Start a process in an environment, past the rails that ask for TLS; return its refusal."""
    stopping = asyncio.Event()
    stopping.set()
    logs = start_logs(level="critical", stream=sys.stderr.buffer)
    settings = replace(load(site.environment("core")), environment=environment)
    try:
        with pytest.raises(StartFailed) as failure:
            await process(Foundation.lay(settings, logs), stopping)
    finally:
        logs.close()
    return str(failure.value)


@pytest.mark.parametrize(
    ("process", "environment", "kind", "words"),
    [
        *((process, *MADE_UP_IN_PROD) for process in PROCESSES.values()),
        *((process, *case) for process in (relay, send_mail, seal) for case in REFUSED),
    ],
)
async def test_a_process_refuses_what_is_not_for_its_environment(
    site: Site, process: Process, environment: Environment, kind: str | None, words: str
) -> None:
    say(site, kind)
    said = await refusal(process, site, environment)
    assert said == f"{REFUSES}the database says that its data is {words}"


async def test_a_clone_that_is_not_complete_is_for_nobody(site: Site) -> None:
    say(site, "anonymized", is_complete=False)
    said = await refusal(relay, site, Environment.AUDIT)
    assert said == (
        f"{REFUSES}the database says that its clone is not complete;"
        " run `python -m core data anonymize` to its end"
    )


@pytest.mark.parametrize(("environment", "kind"), TAKEN)
async def test_a_process_takes_what_is_for_its_environment(
    site: Site, environment: Environment, kind: str | None
) -> None:
    say(site, kind)
    stopping = asyncio.Event()
    stopping.set()
    logs = start_logs(level="critical", stream=sys.stderr.buffer)
    settings = replace(load(site.environment("core")), environment=environment)
    try:
        await relay(Foundation.lay(settings, logs), stopping)
    finally:
        logs.close()


@pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)
async def test_no_process_works_on_a_schema_that_lacks_a_migration(
    site: Site, process: Process
) -> None:
    say(site, None)
    with psycopg.connect(site.database.admin_dsn, autocommit=True) as admin:
        admin.execute("UPDATE alembic_version SET version_num = '0001'")
        try:
            said = await refusal(process, site, Environment.PROD)
        finally:
            admin.execute("UPDATE alembic_version SET version_num = %s", (REQUIRED_REVISION,))
    assert said == (
        "connect PostgreSQL: the schema is at revision 0001, this version needs"
        f" {REQUIRED_REVISION}: run `python -m core migrate`"
    )
