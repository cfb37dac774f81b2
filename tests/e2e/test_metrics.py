"""What Prometheus is told, and that it agrees with what happened."""

import asyncio
from http import HTTPStatus

import pytest

from devstack.service_environment import (
    CORE_METRICS_PORT,
    GATEWAY_METRICS_PORT,
    RELAY_METRICS_PORT,
)
from tests.e2e.ledger import count, everything_published
from tests.e2e.metrics import Scrape, scrape
from tests.e2e.people import administrator, log_in, new_email, new_person, register
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.postgres_client import until

pytestmark = pytest.mark.asyncio


async def _scrapes(rest: Rest, service: Service) -> tuple[Scrape, Scrape, Scrape]:
    """Ask core, gateway and relay."""
    core, gateway, relay = [
        await scrape(rest, service.site.metrics_url(port))
        for port in (CORE_METRICS_PORT, GATEWAY_METRICS_PORT, RELAY_METRICS_PORT)
    ]
    return core, gateway, relay


async def test_requests_are_counted_and_timed_by_rpc_and_by_route(
    rest: Rest, service: Service
) -> None:
    before = await _scrapes(rest, service)
    person = await new_person(rest)
    for _ in range(3):
        await rest.get("/v1/users/me", token=person.access_token)
    await rest.get("/v1/users/me")
    await rest.get(f"/v1/nothing/{person.id}")
    after = await _scrapes(rest, service)

    def more(process: int, name: str, **labels: str) -> float:
        return after[process].value(name, **labels) - before[process].value(name, **labels)

    core, gateway = 0, 1
    rpc = "pandora.user.v1.UserService/GetUser"
    requests = "pandora_rpc_requests_total"
    assert more(core, requests, rpc=rpc, code="OK", reason="") == 3
    refused = more(core, requests, rpc=rpc, code="UNAUTHENTICATED", reason="TOKEN_MISSING")
    assert refused == 1
    assert more(core, "pandora_rpc_duration_seconds_count", rpc=rpc) == 4
    assert more(core, "pandora_rpc_duration_seconds_sum", rpc=rpc) > 0

    route = {"method": "GET", "route": "/v1/users/{user_id}"}
    requests = "pandora_gateway_requests_total"
    assert more(gateway, requests, **route, status="200") == 3
    assert more(gateway, requests, **route, status="401") == 1
    duration = "pandora_gateway_request_duration_seconds_count"
    assert more(gateway, duration, **route) == 4
    # What strangers make up becomes no series of its own.
    assert not [labels for _, labels in after[gateway].samples if person.id in str(labels)]


async def test_logins_and_kyc_changes_are_counted_by_outcome(rest: Rest, service: Service) -> None:
    admin = await administrator(rest, service)
    url = service.site.metrics_url(CORE_METRICS_PORT)
    before = await scrape(rest, url)
    person = await new_person(rest)
    await log_in(rest, person.email, "wrong")
    path = f"/v1/users/{person.id}/kyc"
    for document in ({"status": "rejected", "reason": "torn"}, {"status": "verified"}):
        await rest.call("PUT", path, document, token=admin.access_token)
    after = await scrape(rest, url)

    def more(name: str, **labels: str) -> float:
        return after.value(name, **labels) - before.value(name, **labels)

    assert more("pandora_logins_total", outcome="success", reason="") == 1
    assert more("pandora_logins_total", outcome="failure", reason="INVALID_CREDENTIALS") == 1
    assert more("pandora_kyc_changes_total", status="rejected", outcome="success") == 1
    # The second step was not allowed: nothing changed, so nothing is counted.
    assert more("pandora_kyc_changes_total", status="verified", outcome="success") == 0
    audited = "pandora_audited_actions_total"
    assert more(audited, action="user.register", outcome="success") == 1
    assert more(audited, action="auth.login", outcome="failure") == 1


async def test_the_relay_tells_what_it_published_and_what_waits(
    rest: Rest, service: Service
) -> None:
    await everything_published(service)
    url = service.site.metrics_url(RELAY_METRICS_PORT)
    before = await scrape(rest, url)
    already = count(service, "SELECT count(*) FROM outbox")
    for _ in range(3):
        await new_person(rest)

    async def told() -> bool:
        now = await scrape(rest, url)
        published = {"result": "published", "cause": ""}
        results = "pandora_relay_results_total"
        lags = "pandora_relay_publish_lag_seconds_count"
        return (
            now.value(results, **published) - before.value(results, **published) == 6
            and now.value(lags) - before.value(lags) == 6
        )

    await until(told)
    assert count(service, "SELECT count(*) FROM outbox") - already == 6
    assert before.has("pandora_outbox_backlog_events")
    assert before.has("pandora_outbox_lag_seconds")


async def test_pool_hashing_queue_and_dependencies_are_told(rest: Rest, service: Service) -> None:
    url = service.site.metrics_url(CORE_METRICS_PORT)
    storm = [asyncio.create_task(register(rest, new_email())) for _ in range(60)]

    async def hashings_wait() -> bool:
        now = await scrape(rest, url)
        return now.value("pandora_hashing_waiting") > 0 and now.value("pandora_hashing_running") > 0

    await until(hashings_wait)
    replies = await asyncio.gather(*storm)
    calm = await scrape(rest, url)

    assert calm.value("pandora_hashing_waiting") == 0
    # What did not fit into the queue was told so, and when to come back.
    refused = [reply for reply in replies if reply.status != HTTPStatus.CREATED]
    assert {reply.reason for reply in refused} <= {"SERVER_BUSY"}
    assert all(1 <= int(reply.headers["Retry-After"]) <= 30 for reply in refused)
    assert calm.value("pandora_hashing_refused_total", reason="queue_full") >= len(refused)
    assert calm.value("pandora_hashing_refused_total", reason="deadline") == 0
    assert calm.value("pandora_hashing_wait_seconds") == 0
    assert 0 < calm.value("pandora_hashing_work_seconds") < 60
    assert calm.has("pandora_hashing_build")
    connections = [
        calm.value("pandora_postgres_pool_connections", state=state) for state in ("idle", "used")
    ]
    assert sum(connections) >= 2
    assert calm.value("pandora_postgres_pool_max") == 10
    assert calm.value("pandora_postgres_pool_requests_total") > 60
    assert calm.value("pandora_serving") == 1
    for dependency in ("postgres", "redis", "vault"):
        assert calm.value("pandora_dependency_up", dependency=dependency) == 1
