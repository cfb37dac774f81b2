"""The export through both processes: every row in a line, at the reader's pace, in little memory.

`make export-long` exports a million rows and prints how long it took and what it needed.
"""

import json
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import psycopg
import pytest

from tests.e2e.people import Person, compliance_officer
from tests.e2e.processes import Process
from tests.e2e.rest import open_rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.integration.audit_rows import write_rows
from tests.servers import Servers

pytestmark = pytest.mark.asyncio

_SHORT: Final = 12_000
ROWS: Final = int(os.environ.get("EXPORT_ROWS", _SHORT))
PATIENCE_SECONDS: Final = 120 + ROWS / 500
MEBIBYTE: Final = 1024 * 1024
MOST_GROWTH: Final = 48 * MEBIBYTE
"""What a page, buffers of two connections and an allocator's habits may come to; a million rows
are a thousand."""

QUIET_LOOKS: Final = 10
"""How often in a row nothing is seen at work before an export is taken to wait for its reader."""

EXPORT: Final = "/v1/audit-events:export"


@pytest.fixture(scope="module")
def exporting(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of few processes, whose log is long."""
    others = {"relay", "mail", "sealer", "consumer"}
    with (
        new_site(servers, tmp_path_factory.mktemp("export")) as site,
        running_service(site, without=others) as service,
    ):
        write_rows(site.database.admin_dsn, ROWS)
        yield service


@asynccontextmanager
async def reading(
    service: Service, query: str = ""
) -> AsyncIterator[tuple[aiohttp.ClientResponse, Person]]:
    """Ask for an export as the compliance officer."""
    timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    async with open_rest(service) as rest:
        reader = await compliance_officer(rest, service)
        headers = {"authorization": f"Bearer {reader.access_token}"}
        async with rest.session.get(
            service.site.gateway_url + EXPORT + query, headers=headers, timeout=timeout
        ) as response:
            yield response, reader


async def lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield lines as they come."""
    while line := await response.content.readline():
        yield line


def stored(service: Service) -> int:
    """Return how many rows there are."""
    with psycopg.connect(service.site.database.admin_dsn) as admin:
        found = admin.execute("SELECT count(*) FROM audit_events").fetchone()
    assert found is not None
    return int(found[0])


def peak_memory(process: Process) -> int:
    """Return the most that a process has had in memory, in bytes."""
    status = Path(f"/proc/{process._child.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


async def test_every_row_is_a_line_and_memory_does_not_grow_with_them(exporting: Service) -> None:
    # What is loaded at the first export is not what is looked for.
    async with reading(exporting, "?action=legal_hold.place") as (response, _):
        assert response.status == 200
        assert await response.read() == b""
    processes = (exporting.core, exporting.gateway)
    before = [peak_memory(process) for process in processes]
    began = time.monotonic()
    async with reading(exporting) as (response, _):
        assert response.headers["content-type"] == "application/x-ndjson"
        expected = stored(exporting) - 1  # but for the row of the export itself
        count, last = 0, 0
        async for line in lines(response):
            event = json.loads(line)
            assert int(event["sequence"]) > last, event
            count, last = count + 1, int(event["sequence"])
    seconds = time.monotonic() - began
    growth = [
        peak_memory(process) - memory for process, memory in zip(processes, before, strict=True)
    ]
    print(
        f"\n{count} rows exported in {seconds:.0f} s; memory grew by"
        f" {growth[0] / MEBIBYTE:.0f} MiB (core) and {growth[1] / MEBIBYTE:.0f} MiB (gateway)"
    )
    assert count == expected
    assert max(growth) < MOST_GROWTH


async def test_nothing_is_open_in_the_database_while_the_reader_takes_its_time(
    exporting: Service,
) -> None:
    ended_before = exports_ended(exporting)
    async with reading(exporting) as (response, _):
        assert await response.content.readline()
        quiet = 0

        def stalled() -> bool:
            nonlocal quiet
            quiet = 0 if at_work(exporting) else quiet + 1
            return quiet == QUIET_LOOKS

        exporting.core.wait_until(stalled)
        assert exports_ended(exporting) == ended_before


def at_work(service: Service) -> int:
    """Return how many of the core's connections run a statement or are in a transaction."""
    with psycopg.connect(service.site.database.admin_dsn) as admin:
        found = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'pandora-user-core'"
            " AND (state <> 'idle' OR xact_start IS NOT NULL)"
        ).fetchone()
    assert found is not None
    return int(found[0])


def exports_ended(service: Service, *, code: str | None = None) -> int:
    """Return how many exports the core has noted the end of."""
    return sum(
        line.get("method", "").endswith("/ExportAuditEvents") and code in {None, line.get("code")}
        for line in service.core.log
    )


async def test_a_reader_whose_session_ends_is_told_so_in_the_last_line(exporting: Service) -> None:
    async with reading(exporting) as (response, reader), open_rest(exporting) as rest:
        assert await response.content.readline()
        ended = await rest.call(
            "DELETE", f"/v1/users/me/sessions/{reader.session_id}", token=reader.access_token
        )
        assert ended.status == 200, ended.body
        last, count = b"", 1
        async for line in lines(response):
            last, count = line, count + 1
    problem = json.loads(last)["error"]
    assert (problem["reason"], problem["status"]) == ("SESSION_REVOKED", 401)
    assert count < ROWS


async def test_a_database_that_fails_on_the_way_is_told_in_the_last_line(
    exporting: Service,
) -> None:
    owner = exporting.site.database.owner_dsn
    async with reading(exporting) as (response, _):
        assert await response.content.readline()
        try:
            with psycopg.connect(owner, autocommit=True) as connection:
                connection.execute("REVOKE SELECT ON audit_events FROM pandora_service")
            last = b""
            async for line in lines(response):
                last = line
        finally:
            with psycopg.connect(owner, autocommit=True) as connection:
                connection.execute("GRANT SELECT ON audit_events TO pandora_service")
    problem = json.loads(last)["error"]
    assert (problem["code"], problem["status"]) == ("INTERNAL", 500)


async def test_a_reader_that_leaves_ends_the_export(exporting: Service) -> None:
    before = exports_ended(exporting, code="CANCELLED")
    async with reading(exporting) as (response, _):
        assert await response.content.readline()
        response.close()
    exporting.core.wait_until(lambda: exports_ended(exporting, code="CANCELLED") > before)
