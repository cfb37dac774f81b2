"""Several gateways behind one port: each serves, one that is lost is replaced, all end together."""

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from devstack.ports import free_port
from devstack.process_table import descendants
from devstack.readiness import http_ok
from devstack.service_environment import GATEWAY_METRICS_PORT
from gateway.observability.worker_gauges import GAUGE_RULES
from tests.e2e.metrics import scrape
from tests.e2e.processes import Process
from tests.e2e.rest import Rest, open_session
from tests.e2e.service import Service

pytestmark = [pytest.mark.asyncio, pytest.mark.long]

WORKERS: Final = 2
REQUESTS: Final = "pandora_gateway_worker_requests_total"


@pytest.fixture(scope="module")
def doors(service: Service) -> Iterator[tuple[Process, str, str]]:
    """Two gateways beside the shared service's own: supervisor, its URL, its metrics' URL."""
    port, metrics_port = free_port(), free_port()
    process = service.site.start(
        "gateway",
        PANDORA_GATEWAY__WORKERS=str(WORKERS),
        GATEWAY_PORT=str(port),
        **{GATEWAY_METRICS_PORT: str(metrics_port)},
    )
    scheme = "http" if service.site.certificates is None else "https"
    url = f"{scheme}://127.0.0.1:{port}"
    process.wait_until(lambda: '"workers_serve"' in process.stdout)
    process.wait_until(lambda: http_ok(f"{url}/readyz", service.site.certificates))
    yield process, url, f"http://127.0.0.1:{metrics_port}/metrics"
    if process.runs:
        process.stop()


async def test_every_worker_answers_and_a_killed_one_is_replaced(
    doors: tuple[Process, str, str], service: Service
) -> None:
    process, url, metrics = doors

    async def answered() -> list[float]:
        """Ask by new connections until both have answered; return how often each did."""
        while True:
            async with open_session(service.site.certificates) as session:
                rest = Rest(session=session, url=url, confidential=set())
                assert (await rest.get("/healthz")).status == 200
                now = await scrape(rest, metrics)
                counts = [now.value(REQUESTS, worker=str(each)) for each in range(WORKERS)]
                if all(counts):
                    return counts

    async with asyncio.timeout(30):
        before = await answered()
        workers = set(descendants(process.pid))
        (killed, *_) = sorted(workers)
        os.kill(killed, signal.SIGKILL)
        await asyncio.to_thread(process.wait_until, lambda: '"worker_serves"' in process.stdout)
        after = await answered()

    assert killed not in descendants(process.pid)
    assert len(descendants(process.pid)) == WORKERS
    assert all(now >= then for now, then in zip(after, before, strict=True))


async def test_every_gauge_has_its_rule(doors: tuple[Process, str, str], service: Service) -> None:
    _, _, metrics = doors
    async with open_session(service.site.certificates) as session, session.get(metrics) as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    gauges = {each.name for each in families if each.type in {"gauge", "unknown"}}
    own = {"pandora_gateway_workers_wanted", "pandora_gateway_workers_answering"}
    told = {name for name in gauges if not name.endswith("_created")} - own
    assert told <= GAUGE_RULES.keys()


async def test_all_end_together_with_code_0(doors: tuple[Process, str, str]) -> None:
    process, _, _ = doors
    await asyncio.to_thread(process.stop)
    assert process.stderr == ""
    assert [line["event"] for line in process.log].count("stopped") == WORKERS
