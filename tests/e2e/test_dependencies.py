"""What the service does while Redis or Vault is away: it works on, and says so."""

import asyncio

import pytest

from devstack.service_environment import CORE_METRICS_PORT, RELAY_METRICS_PORT
from tests.e2e.grpc_door import NOT_SERVING, SERVING, Stubs
from tests.e2e.health_watch import VAULT_LOSSES, Loss, watch
from tests.e2e.ledger import count, events_of, rows
from tests.e2e.metrics import scrape
from tests.e2e.people import new_person
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.postgres_client import until

pytestmark = pytest.mark.asyncio

PATIENCE_SECONDS = 10.0


async def test_without_redis_nothing_is_refused_and_events_arrive_later_in_order_once(
    own_service: Service, own_rest: Rest, own_stubs: Stubs
) -> None:
    stack = own_service.site.servers.stack
    watched = watch(own_stubs, "dependency.redis")
    await watched.until(SERVING, seconds=PATIENCE_SECONDS)
    await asyncio.to_thread(stack.valkey.stop)
    await watched.until(NOT_SERVING, seconds=PATIENCE_SECONDS)

    people = [await new_person(own_rest) for _ in range(3)]
    for name in ("One", "Two", "Three"):
        for person in people:
            answer = await own_rest.call(
                "PATCH", "/v1/users/me", {"full_name": name}, token=person.access_token
            )
            assert answer.status == 200
    assert await own_stubs.serving()
    assert (await own_rest.get("/readyz")).status == 200
    assert await _dependency_up(own_service, own_rest, "redis") == 0
    waiting = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
    assert count(own_service, waiting) == len(people) * 5

    async def backlog_is_told() -> bool:
        told = await scrape(own_rest, own_service.site.metrics_url(RELAY_METRICS_PORT))
        return (
            told.value("pandora_outbox_backlog_events") == len(people) * 5
            and told.value("pandora_outbox_lag_seconds") > 0
            and told.value("pandora_relay_results_total", result="failed", cause="redis") > 0
        )

    await until(backlog_is_told)

    await asyncio.to_thread(stack.start)
    await watched.until(SERVING, seconds=PATIENCE_SECONDS)
    for person in people:
        envelopes = await events_of(own_service, person.id)
        assert [each["event_type"] for each in envelopes] == [
            "user.created",
            "session.created",
            *["user.updated"] * 3,
        ]
        written = "SELECT id::text FROM outbox WHERE user_id = %s ORDER BY sequence"
        assert [each["id"] for each in envelopes] == [
            event_id for (event_id,) in rows(own_service, written, person.id)
        ]
    assert await _dependency_up(own_service, own_rest, "redis") == 1


@pytest.mark.parametrize("loss", VAULT_LOSSES.values(), ids=VAULT_LOSSES)
async def test_without_vault_the_service_works_on_says_so_and_finds_back(
    own_service: Service, own_rest: Rest, own_stubs: Stubs, loss: Loss
) -> None:
    stack = own_service.site.servers.stack
    watched = watch(own_stubs, "dependency.vault")
    await watched.until(SERVING, seconds=PATIENCE_SECONDS)
    await asyncio.to_thread(loss.lose, stack)
    await watched.until(NOT_SERVING, seconds=PATIENCE_SECONDS)

    assert await _dependency_up(own_service, own_rest, "vault") == 0
    assert await own_stubs.serving()
    assert (await own_rest.get("/readyz")).status == 200
    person = await new_person(own_rest)
    assert (await own_rest.get("/v1/users/me", token=person.access_token)).status == 200

    await asyncio.to_thread(loss.give_back, stack)
    await watched.until(SERVING, seconds=PATIENCE_SECONDS)
    assert await _dependency_up(own_service, own_rest, "vault") == 1
    assert (await own_rest.get("/v1/users/me", token=person.access_token)).status == 200


async def _dependency_up(service: Service, rest: Rest, name: str) -> float:
    found = await scrape(rest, service.site.metrics_url(CORE_METRICS_PORT))
    return found.value("pandora_dependency_up", dependency=name)
