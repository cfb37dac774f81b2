"""Several workers behind one port: each serves, one that is lost is replaced, numbers are sums."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.observability.worker_gauges import GAUGE_RULES
from devstack.ports import HOST
from devstack.process_table import identity
from devstack.service_environment import CORE_METRICS_PORT, CORE_PORT
from tests.e2e.metrics import Scrape
from tests.e2e.people import Person, new_person
from tests.e2e.rest import Rest, open_session
from tests.e2e.site import Site, new_site
from tests.e2e.workers import RESTARTS, WORKERS, Crew, running_crew, sockets
from tests.postgres_client import until
from tests.servers import Servers

pytestmark = pytest.mark.asyncio

CALLS: Final = 12
OWN_GAUGES: Final = {"pandora_workers_wanted", "pandora_workers_answering"}
GROWING: Final = ("_total", "_bucket", "_count", "_sum")


@pytest.fixture(scope="module")
def crew(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """One for all tests, which leave two workers that serve; the last one ends it."""
    with (
        new_site(servers, tmp_path_factory.mktemp("crew")) as site,
        running_crew(site, sockets(site)) as crew,
    ):
        yield crew


@asynccontextmanager
async def _rest(site: Site) -> AsyncIterator[Rest]:
    async with open_session(site.certificates) as session:
        yield Rest(session=session, url=site.gateway_url, confidential=set())


async def _read(rest: Rest, person: Person, times: int = CALLS) -> None:
    for _ in range(times):
        answer = await rest.get("/v1/users/me", token=person.access_token)
        assert answer.status == 200, answer.body


def _growing(scrape: Scrape) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {key: value for key, value in scrape.samples.items() if key[0].endswith(GROWING)}


async def test_every_worker_answers_calls_that_come_through_the_gateway(crew: Crew) -> None:
    async with _rest(crew.site) as rest:
        person = await new_person(rest)
        before = await crew.calls(rest)
        await _read(rest, person)
        after = await crew.calls(rest)

    more = [now - then for now, then in zip(after, before, strict=True)]
    # In turn: no worker is called by chance.
    assert more == [CALLS / WORKERS] * WORKERS


async def test_the_metrics_are_those_of_all_workers(crew: Crew) -> None:
    async with _rest(crew.site) as rest:
        person = await new_person(rest)
        before = await crew.numbers(rest)
        await _read(rest, person)
        after = await crew.numbers(rest)

    def more(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    rpc = "pandora.user.v1.UserService/GetUser"
    assert more("pandora_rpc_requests_total", rpc=rpc, code="OK", reason="") == CALLS
    assert more("pandora_rpc_duration_seconds_count", rpc=rpc) == CALLS
    assert more("pandora_rpc_duration_seconds_bucket", rpc=rpc, le="+Inf") == CALLS
    assert after.value("pandora_postgres_pool_max") == 10 * WORKERS
    assert after.value("pandora_serving") == 1
    assert after.value("pandora_workers_answering") == WORKERS


async def test_every_gauge_that_workers_tell_has_its_rule(crew: Crew) -> None:
    async with _rest(crew.site) as rest:
        url = crew.site.metrics_url(CORE_METRICS_PORT)
        async with rest.session.get(url) as response:
            families = list(text_string_to_metric_families(await response.text()))

    gauges = {each.name for each in families if each.type != "counter"}
    gauges -= {each.name for each in families if each.type == "histogram"}
    told = {name for name in gauges if not name.endswith("_created")} - OWN_GAUGES
    assert told - GAUGE_RULES.keys() == set()


async def test_a_worker_that_stands_still_is_left_out_and_what_it_counted_is_not(
    crew: Crew,
) -> None:
    async with _rest(crew.site) as rest:
        await _read(rest, await new_person(rest))
        before = await crew.numbers(rest)
        (frozen, *_) = crew.workers
        os.kill(frozen, signal.SIGSTOP)
        try:
            while_frozen = await crew.numbers(rest)
        finally:
            os.kill(frozen, signal.SIGCONT)

    assert while_frozen.value("pandora_workers_answering") == WORKERS - 1
    assert while_frozen.value("pandora_postgres_pool_max") == 10 * (WORKERS - 1)
    now = _growing(while_frozen)
    assert [key for key, value in _growing(before).items() if now.get(key, 0) < value] == []


async def test_a_second_instance_is_refused_the_port_and_harms_nobody(crew: Crew) -> None:
    refused = await asyncio.to_thread(
        crew.site.run, "core", "serve", **sockets(crew.site).core, **_other_metrics_port()
    )
    assert refused.returncode == 1
    port = crew.site.ports.by_variable[CORE_PORT]
    line = f"cannot start: start the gRPC server: cannot listen on {HOST}:{port}\n"
    assert refused.stderr == line
    # Nor could a core that serves alone have it, which asks for the port without SO_REUSEPORT.
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="Address already in use"):
            other.bind((HOST, port))


async def test_a_worker_that_is_killed_is_replaced_while_the_other_serves(crew: Crew) -> None:
    async with _rest(crew.site) as rest:
        person = await new_person(rest)
        await _read(rest, person)
        before, workers = await crew.numbers(rest), crew.workers
        (killed, *_) = workers
        os.kill(killed, signal.SIGKILL)
        await _read(rest, person)
        await asyncio.to_thread(crew.until_said, "worker_serves")
        replaced = await crew.numbers(rest)

        async def all_are_called() -> bool:
            then = await crew.calls(rest)
            await _read(rest, person, WORKERS)
            now = await crew.calls(rest)
            return all(more > 0 for more in map(float.__sub__, now, then))

        await until(all_are_called)

    assert len(crew.workers) == WORKERS
    assert killed not in crew.workers
    now = _growing(replaced)
    assert [key for key, value in _growing(before).items() if now.get(key, 0) < value] == []
    assert replaced.value(RESTARTS) - before.value(RESTARTS) == 1
    (lost,) = [line for line in crew.core.log if line["event"] == "worker_lost"]
    assert (lost["exit_code"], lost["level"]) == (-signal.SIGKILL, "error")


async def test_the_health_command_asks_a_core_of_several_workers(crew: Crew) -> None:
    healthy = await asyncio.to_thread(crew.site.run, "core", "health", **sockets(crew.site).core)
    assert (healthy.returncode, healthy.stderr) == (0, "")


async def test_sigterm_ends_every_worker_with_its_calls_and_code_0(crew: Crew) -> None:
    workers = {pid: identity(pid) for pid in crew.workers}
    await asyncio.to_thread(crew.core.stop)

    assert crew.core.stderr == ""
    assert [pid for pid, known in workers.items() if identity(pid) == known] == []
    assert crew.said("stopping") == WORKERS
    assert crew.core.log[-1]["event"] == "stopped"
    assert not list(crew.site.folder.glob("core*.sock*"))


def _other_metrics_port() -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return {CORE_METRICS_PORT: str(probe.getsockname()[1])}
