"""SIGTERM: what is under way is finished, nothing new is begun, and the end comes in time."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from google.protobuf.message import Message

from devstack.service_environment import GATEWAY_PORT
from pandora.user.v1 import user_service_pb2
from tests.e2e.grpc_door import DEADLINE_SECONDS, NOT_SERVING, SERVING, open_stubs
from tests.e2e.health_watch import watch
from tests.e2e.ledger import row_held, rows, snapshot, until_lock_waiters
from tests.e2e.people import Person, new_person
from tests.e2e.processes import Process
from tests.e2e.rest import Answer, Rest, open_rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.postgres_client import until
from tests.servers import Servers
from tests.unit.transport.core_server import Metadata, bearer

pytestmark = pytest.mark.asyncio

LONG_GRACE_SECONDS = 20.0
SHORT_GRACE_SECONDS = 1.0
CLOSING_SECONDS = 10.0
"""How long an end may take beyond the grace."""


@contextmanager
def _mortal(servers: Servers, folder: Path, *, grace_seconds: float) -> Iterator[Service]:
    """Run a core and a gateway of the test's own, so patient with what is under way."""
    settings = {
        "PANDORA_CORE__SHUTDOWN_GRACE_SECONDS": str(grace_seconds),
        "PANDORA_GATEWAY__DRAIN_TIMEOUT_SECONDS": str(grace_seconds),
        # Whoever waits for a row would wait for long after the grace is over.
        "PANDORA_POSTGRES__LOCK_TIMEOUT_SECONDS": "60",
        "PANDORA_POSTGRES__STATEMENT_TIMEOUT_SECONDS": "60",
    }
    with (
        new_site(servers, folder, settings=settings) as site,
        running_service(site, without=("relay",), is_seeded=False) as service,
    ):
        yield service


async def _rename(rest: Rest, person: Person) -> Answer:
    return await rest.call(
        "PATCH", "/v1/users/me", {"full_name": "Renamed"}, token=person.access_token
    )


async def _exit_code(process: Process, grace_seconds: float) -> int:
    return await asyncio.to_thread(process.exit_code, seconds=grace_seconds + CLOSING_SECONDS)


async def test_what_is_under_way_is_answered_and_nothing_new_is_taken(
    servers: Servers, tmp_path: Path
) -> None:
    with _mortal(servers, tmp_path, grace_seconds=LONG_GRACE_SECONDS) as service:
        async with open_rest(service) as rest:
            person = await new_person(rest)
        await _end_gateway_in_the_middle(service, person)
        await _end_core_in_the_middle(service, person)


async def _end_gateway_in_the_middle(service: Service, person: Person) -> None:
    async with open_rest(service) as rest, open_rest(service) as newcomer:
        async with row_held(service, person.id):
            under_way = asyncio.create_task(_rename(rest, person))
            await until_lock_waiters(service, 1)
            service.gateway.terminate()
            await until(partial(_is_closed, newcomer), deadline_seconds=LONG_GRACE_SECONDS / 2)
            assert service.gateway.runs
        answer = await under_way

    assert (answer.status, answer.json["user"]["full_name"]) == (200, "Renamed")
    assert answer.headers["connection"] == "close"
    assert await _exit_code(service.gateway, LONG_GRACE_SECONDS) == 0
    assert service.gateway.stderr == ""
    assert service.core.runs


async def _is_closed(rest: Rest) -> bool:
    try:
        await rest.get("/healthz")
    except aiohttp.ClientConnectorError:
        return True
    return False


async def _end_core_in_the_middle(service: Service, person: Person) -> None:
    async with open_stubs(service.site) as stubs:
        watched = watch(stubs)
        await watched.until(SERVING, seconds=DEADLINE_SECONDS)
        credentials = bearer(person.access_token)
        async with row_held(service, person.id):
            rename = user_service_pb2.UpdateUserRequest(user_id="me", full_name="Renamed again")
            under_way = stubs.users.UpdateUser(rename, metadata=credentials)
            await until_lock_waiters(service, 1)
            service.core.terminate()
            await watched.until(NOT_SERVING, seconds=LONG_GRACE_SECONDS / 2)
            me = stubs.users.GetUser, user_service_pb2.GetUserRequest(user_id="me"), credentials
            await until(partial(_is_refused, *me), deadline_seconds=LONG_GRACE_SECONDS / 2)
            assert service.core.runs
        answer = await under_way

    assert answer.user.full_name == "Renamed again"
    assert await _exit_code(service.core, LONG_GRACE_SECONDS) == 0
    assert service.core.stderr == ""
    name = "SELECT full_name FROM users WHERE id = %s"
    assert rows(service, name, person.id) == [("Renamed again",)]


async def _is_refused(call: Any, request: Message, credentials: Metadata) -> bool:  # noqa: ANN401
    """Tell whether a new call finds nobody; one that came in just before is answered."""
    try:
        await call(request, metadata=credentials, timeout=1)
    except grpc.aio.AioRpcError as error:
        return error.code() is grpc.StatusCode.UNAVAILABLE
    return False


@pytest.mark.long
async def test_neither_a_request_nor_a_client_that_never_ends_keeps_a_process_alive(
    servers: Servers, tmp_path: Path
) -> None:
    with _mortal(servers, tmp_path, grace_seconds=SHORT_GRACE_SECONDS) as service:
        async with open_rest(service) as rest:
            person = await new_person(rest)
            await _end_core_that_cannot_finish(service, rest, person)
        await _end_gateway_that_hears_half_a_request(service)


async def _end_core_that_cannot_finish(service: Service, rest: Rest, person: Person) -> None:
    before = snapshot(service)
    async with row_held(service, person.id):
        under_way = asyncio.create_task(_rename(rest, person))
        await until_lock_waiters(service, 1)
        began = time.monotonic()
        service.core.terminate()
        assert await _exit_code(service.core, SHORT_GRACE_SECONDS) == 0
        assert time.monotonic() - began > SHORT_GRACE_SECONDS
        answer = await under_way

    assert (answer.status, answer.reason) == (503, "DEPENDENCY_UNAVAILABLE")
    unready = await rest.get("/readyz")
    assert (unready.status, unready.reason) == (503, "DEPENDENCY_UNAVAILABLE")
    assert (await rest.get("/healthz")).status == 200
    assert snapshot(service) == before
    assert service.core.stderr == ""


async def _end_gateway_that_hears_half_a_request(service: Service) -> None:
    host, port = "127.0.0.1", service.site.ports.by_variable[GATEWAY_PORT]
    reader, writer = await asyncio.open_connection(host, port)
    head = b"POST /v1/auth/login HTTP/1.1\r\nHost: pandora\r\nContent-Type: application/json\r\n"
    writer.write(head + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")
    # Its answer says that the gateway has the head and waits for the body.
    assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    service.gateway.terminate()
    assert await _exit_code(service.gateway, SHORT_GRACE_SECONDS) == 0
    writer.close()
    assert service.gateway.stderr == ""
