"""Workers are replaced under load, one killed and all reloaded, and no request is lost."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from devstack.process_table import identity
from tests.e2e.site import Site, new_site
from tests.e2e.test_cluster import BEFORE_AND_AFTER, SETTINGS, told, traffic_to
from tests.e2e.workers import WORKERS, Places, running_crew, sockets, worker_ports
from tests.postgres_client import until
from tests.servers import Servers

pytestmark = [pytest.mark.asyncio, pytest.mark.long]

RELOADS: Final = 3
WAYS: Final[dict[str, Callable[[Site], Places]]] = {"sockets": sockets, "ports": worker_ports}


@pytest.mark.parametrize("places", WAYS.values(), ids=WAYS)
async def test_a_reload_loses_no_request(
    places: Callable[[Site], Places], servers: Servers, tmp_path: Path
) -> None:
    with (
        new_site(servers, tmp_path, settings=SETTINGS) as site,
        running_crew(site, places(site)) as crew,
    ):
        async with traffic_to(site) as traffic:
            async with traffic.flowing():
                await traffic.until_more(BEFORE_AND_AFTER)
                for number in range(1, RELOADS + 1):
                    before = crew.workers
                    os.kill(crew.core.pid, signal.SIGHUP)
                    await asyncio.to_thread(crew.until_said, "reload_done", number)
                    assert not before & crew.workers
                    await traffic.until_more(BEFORE_AND_AFTER)
            told(traffic)
            numbers = await crew.numbers(traffic.rest)
        assert traffic.lost == []
        assert len(crew.workers) == WORKERS
        # Every request was one call of the core, or more where one was made again; whoever
        # answered it is gone by now, most of them, and what they counted is not.
        answered = sum(numbers.value("pandora_worker_requests_total", worker=str(number))
                       for number in range(WORKERS))  # fmt: skip
        assert answered >= traffic.done.total()
        assert crew.said("worker_lost") == 0


async def test_workers_whose_supervisor_is_killed_finish_what_they_have_begun_and_end(
    servers: Servers, tmp_path: Path
) -> None:
    with (
        new_site(servers, tmp_path, settings=SETTINGS) as site,
        running_crew(site, sockets(site)) as crew,
    ):
        workers = {pid: identity(pid) for pid in crew.workers}
        crew.core.kill()
        await asyncio.to_thread(crew.core.exit_code, seconds=10)

        async def all_ended() -> bool:
            return all(identity(pid) != known for pid, known in workers.items())

        await until(all_ended, deadline_seconds=30)
        assert crew.said("stopping") == WORKERS
        ended = [line for line in crew.core.log if line["event"] == "stopped"]
        assert sorted(line["worker"] for line in ended) == list(range(WORKERS))
