"""What the service says of itself while something that it depends on is away, and what it does."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from devstack.service_environment import CORE_METRICS_PORT
from devstack.stack import Stack
from pandora.user.v1 import auth_service_pb2, user_service_pb2
from tests.e2e.grpc_door import NOT_SERVING, SERVING, Stubs
from tests.e2e.ledger import count, events_of, rows, snapshot
from tests.e2e.metrics import scrape
from tests.e2e.people import PASSWORD, Person, log_in, new_email, new_person, register
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.postgres_client import until
from tests.unit.transport.core_server import bearer, refused

pytestmark = pytest.mark.asyncio

PROMISED_SECONDS = 2.0
"""Within this the loss of PostgreSQL is known."""
RETURN_SECONDS = 5.0

Change = Callable[[Stack], None]


@dataclass(kw_only=True)
class Watch:
    """A client of `grpc.health.v1.Health/Watch`."""

    stream: Any

    async def until(self, status: int, *, seconds: float) -> None:
        """Return once this status is announced, within so many seconds."""
        async with asyncio.timeout(seconds):
            while (await self.stream.read()).status != status:
                pass


def watch(stubs: Stubs, service: str = "") -> Watch:
    return Watch(stream=stubs.health.Watch(health_pb2.HealthCheckRequest(service=service)))


POSTGRES_LOSSES = {
    "stopped": (lambda stack: stack.postgres.stop(), lambda stack: stack.start()),
    "crashed": (lambda stack: stack.postgres.kill(), lambda stack: stack.start()),
    "paused": (lambda stack: stack.postgres.pause(), lambda stack: stack.postgres.resume()),
}
VAULT_LOSSES = {
    "stopped": (lambda stack: stack.openbao.stop(), lambda stack: stack.start()),
    "sealed": (lambda stack: stack.openbao.client().sys.seal(), lambda stack: stack.start()),
    "paused": (lambda stack: stack.openbao.pause(), lambda stack: stack.openbao.resume()),
}


@pytest.mark.parametrize(("lose", "give_back"), POSTGRES_LOSSES.values(), ids=POSTGRES_LOSSES)
async def test_without_postgres_the_service_says_so_refuses_and_comes_back_by_itself(
    own_service: Service, own_rest: Rest, own_stubs: Stubs, lose: Change, give_back: Change
) -> None:
    stack = own_service.site.servers.stack
    person = await new_person(own_rest)
    before = snapshot(own_service)
    processes = {name: each.identity for name, each in own_service.processes.items()}
    watches = [watch(own_stubs), watch(own_stubs, "pandora.user.v1.UserService")]
    for each in watches:
        await each.until(SERVING, seconds=PROMISED_SECONDS)

    began = time.monotonic()
    await asyncio.to_thread(lose, stack)
    for each in watches:
        left = began + PROMISED_SECONDS - time.monotonic()
        await each.until(NOT_SERVING, seconds=left)
    assert (await own_rest.get("/healthz")).status == 200
    unready = await own_rest.get("/readyz")
    assert (unready.status, unready.reason) == (503, "DEPENDENCY_UNAVAILABLE")
    await asyncio.gather(
        _assert_rest_refuses(own_rest, person), _assert_grpc_refuses(own_stubs, person)
    )

    await asyncio.to_thread(give_back, stack)
    for each in watches:
        await each.until(SERVING, seconds=RETURN_SECONDS)
    assert (await own_rest.get("/readyz")).status == 200
    assert (await own_rest.get("/v1/users/me", token=person.access_token)).status == 200
    assert snapshot(own_service) == before
    assert (await log_in(own_rest, person.email)).status == 200
    assert {name: each.identity for name, each in own_service.processes.items()} == processes


async def _assert_rest_refuses(rest: Rest, person: Person) -> None:
    token = person.access_token
    answers = await asyncio.gather(
        register(rest, new_email()),
        log_in(rest, person.email),
        rest.post("/v1/auth/refresh", {"refresh_token": person.refresh_token}),
        rest.get("/v1/users/me", token=token),
        rest.call("PATCH", "/v1/users/me", {"full_name": "Somebody"}, token=token),
        rest.call("DELETE", "/v1/users/me", token=token),
    )
    for answer in answers:
        assert answer.status == 503, answer.body
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json["code"] == "UNAVAILABLE"
        assert answer.json["reason"] == "DEPENDENCY_UNAVAILABLE"
        assert answer.json["trace_id"] == answer.trace_id


async def _assert_grpc_refuses(stubs: Stubs, person: Person) -> None:
    login = auth_service_pb2.LoginRequest(email=person.email, password=PASSWORD)
    me = user_service_pb2.GetUserRequest(user_id="me")
    refusals = await asyncio.gather(
        refused(stubs.auth.Login(login)),
        refused(stubs.users.GetUser(me, metadata=bearer(person.access_token))),
    )
    for refusal in refusals:
        assert refusal.code is grpc.StatusCode.UNAVAILABLE
        assert refusal.reason == "DEPENDENCY_UNAVAILABLE"
        assert refusal.retry is not None
        assert refusal.retry.retry_delay.ToMilliseconds() > 0


async def test_without_redis_nothing_is_refused_and_events_arrive_later_in_order_once(
    own_service: Service, own_rest: Rest, own_stubs: Stubs
) -> None:
    stack = own_service.site.servers.stack
    watched = watch(own_stubs, "dependency.redis")
    await watched.until(SERVING, seconds=RETURN_SECONDS)
    await asyncio.to_thread(stack.valkey.stop)
    await watched.until(NOT_SERVING, seconds=RETURN_SECONDS)

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

    await asyncio.to_thread(stack.start)
    await watched.until(SERVING, seconds=RETURN_SECONDS)
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


@pytest.mark.parametrize(("lose", "give_back"), VAULT_LOSSES.values(), ids=VAULT_LOSSES)
async def test_without_vault_the_service_works_on_says_so_and_finds_back(
    own_service: Service, own_rest: Rest, own_stubs: Stubs, lose: Change, give_back: Change
) -> None:
    stack = own_service.site.servers.stack
    watched = watch(own_stubs, "dependency.vault")
    await watched.until(SERVING, seconds=RETURN_SECONDS)
    await asyncio.to_thread(lose, stack)
    await watched.until(NOT_SERVING, seconds=RETURN_SECONDS)

    assert await _dependency_up(own_service, own_rest, "vault") == 0
    assert await own_stubs.serving()
    assert (await own_rest.get("/readyz")).status == 200
    person = await new_person(own_rest)
    assert (await own_rest.get("/v1/users/me", token=person.access_token)).status == 200

    await asyncio.to_thread(give_back, stack)
    await watched.until(SERVING, seconds=RETURN_SECONDS)
    await until(_is_up(own_service, own_rest, "vault"))
    assert (await own_rest.get("/v1/users/me", token=person.access_token)).status == 200


async def _dependency_up(service: Service, rest: Rest, name: str) -> float:
    found = await scrape(rest, service.site.metrics_url(CORE_METRICS_PORT))
    return found.value("pandora_dependency_up", dependency=name)


def _is_up(service: Service, rest: Rest, name: str) -> Callable[[], Awaitable[bool]]:
    async def is_up() -> bool:
        return await _dependency_up(service, rest, name) == 1

    return is_up
