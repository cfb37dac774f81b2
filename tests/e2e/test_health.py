"""What the service says of itself, and does, while PostgreSQL is away."""

import asyncio
import time

import grpc
import pytest

from pandora.user.v1 import auth_service_pb2, user_service_pb2
from tests.e2e.grpc_door import NOT_SERVING, SERVING, Stubs
from tests.e2e.health_watch import POSTGRES_LOSSES, Loss, watch
from tests.e2e.ledger import snapshot
from tests.e2e.people import PASSWORD, Person, log_in, new_email, new_person, register
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.unit.transport.core_server import bearer, refused

pytestmark = pytest.mark.asyncio

PROMISED_SECONDS = 2.0
"""Within this the loss of PostgreSQL is known."""
RETURN_SECONDS = 5.0


@pytest.mark.parametrize("loss", POSTGRES_LOSSES.values(), ids=POSTGRES_LOSSES)
async def test_without_postgres_the_service_says_so_refuses_and_comes_back_by_itself(
    own_service: Service, own_rest: Rest, own_stubs: Stubs, loss: Loss
) -> None:
    stack = own_service.site.servers.stack
    person = await new_person(own_rest)
    before = snapshot(own_service)
    processes = {name: each.identity for name, each in own_service.processes.items()}
    watches = [watch(own_stubs), watch(own_stubs, "pandora.user.v1.UserService")]
    for each in watches:
        await each.until(SERVING, seconds=PROMISED_SECONDS)

    began = time.monotonic()
    await asyncio.to_thread(loss.lose, stack)
    for each in watches:
        left = began + PROMISED_SECONDS - time.monotonic()
        await each.until(NOT_SERVING, seconds=left)
    assert (await own_rest.get("/healthz")).status == 200
    unready = await own_rest.get("/readyz")
    assert (unready.status, unready.reason) == (503, "DEPENDENCY_UNAVAILABLE")
    await asyncio.gather(
        _assert_rest_refuses(own_rest, person), _assert_grpc_refuses(own_stubs, person)
    )

    await asyncio.to_thread(loss.give_back, stack)
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
