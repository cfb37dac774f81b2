import asyncio
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2 as pb

from core.transport.health import HealthServicer
from core.transport.server import stop
from tests.unit.transport.core_server import refused, running_core

pytestmark = pytest.mark.asyncio

SERVING = pb.HealthCheckResponse.SERVING
NOT_SERVING = pb.HealthCheckResponse.NOT_SERVING
UP, LOST = True, False
NAMES = [
    "",
    *(f"pandora.user.v1.{n}Service" for n in ("Auth", "User", "Session", "Mfa", "Kyc", "Audit")),
]


@pytest.mark.parametrize("name", NAMES)
async def test_the_server_and_each_service_answer_what_was_found_out(name: str) -> None:
    async with running_core() as core:
        request = pb.HealthCheckRequest(service=name)
        up = await core.health_stub.Check(request)
        core.health.set_serving(False)
        down = await core.health_stub.Check(request)
        core.health.set_serving(True)
        again = await core.health_stub.Check(request)

    assert [up.status, down.status, again.status] == [SERVING, NOT_SERVING, SERVING]


async def test_nothing_serves_until_it_is_known_to() -> None:
    health = HealthServicer(["a.B"])

    answer = await health.Check(pb.HealthCheckRequest(service="a.B"), no_context())

    assert answer.status == NOT_SERVING


def no_context() -> Any:  # noqa: ANN401 - stands in for a context that is never looked at
    return None


async def test_a_service_that_is_not_served_here_is_not_found() -> None:
    async with running_core() as core:
        refusal = await refused(core.health_stub.Check(pb.HealthCheckRequest(service="a.B")))

    assert refusal.code is grpc.StatusCode.NOT_FOUND


async def test_a_dependency_is_told_apart_from_the_service() -> None:
    async with running_core() as core:
        core.health.set_dependency("vault", LOST)
        vault = pb.HealthCheckRequest(service="dependency.vault")
        lost = await core.health_stub.Check(vault)
        service = await core.health_stub.Check(pb.HealthCheckRequest())
        watch = core.health_stub.Watch(vault)
        seen = [(await watch.read()).status]
        core.health.set_dependency("vault", UP)
        seen.append((await watch.read()).status)
        watch.cancel()

    assert [lost.status, service.status] == [NOT_SERVING, SERVING]
    assert seen == [NOT_SERVING, SERVING]


async def test_all_are_listed() -> None:
    async with running_core() as core:
        core.health.set_dependency("redis", UP)
        answer = await core.health_stub.List(pb.HealthListRequest())

    assert {name: each.status for name, each in answer.statuses.items()} == dict.fromkeys(
        [*NAMES, "liveness", "dependency.redis"], SERVING
    )


async def test_a_server_that_answers_is_alive_whatever_it_lacks() -> None:
    async with running_core() as core:
        core.health.set_serving(False)
        whole = await core.health_stub.Check(pb.HealthCheckRequest())
        alive = await core.health_stub.Check(pb.HealthCheckRequest(service="liveness"))

    assert [whole.status, alive.status] == [NOT_SERVING, SERVING]


async def test_a_watcher_hears_of_every_change() -> None:
    async with running_core() as core:
        watch = core.health_stub.Watch(pb.HealthCheckRequest(service=NAMES[2]))
        seen = [(await watch.read()).status]
        for serving in (False, True):
            core.health.set_serving(serving)
            seen.append((await watch.read()).status)
        watch.cancel()

    assert seen == [SERVING, NOT_SERVING, SERVING]


async def test_a_watcher_of_an_unknown_service_is_told_so() -> None:
    async with running_core() as core:
        watch = core.health_stub.Watch(pb.HealthCheckRequest(service="a.B"))
        status = (await watch.read()).status
        watch.cancel()

    assert status == pb.HealthCheckResponse.SERVICE_UNKNOWN


async def test_a_watcher_that_does_not_read_holds_up_nobody() -> None:
    health = HealthServicer(["a.B"])
    lazy = health.Watch(pb.HealthCheckRequest(service="a.B"), no_context())
    assert (await anext(lazy)).status == NOT_SERVING

    health.set_serving(True)

    eager = await health.Check(pb.HealthCheckRequest(service="a.B"), no_context())
    assert eager.status == SERVING


async def test_shutting_down_says_not_serving_first_and_lets_watchers_go() -> None:
    async with running_core() as core:
        watch = core.health_stub.Watch(pb.HealthCheckRequest())
        seen = [(await watch.read()).status]
        began = asyncio.get_running_loop().time()
        await stop(core.server, core.health, grace_seconds=30)
        took = asyncio.get_running_loop().time() - began
        while (answer := await watch.read()) is not grpc.aio.EOF:
            seen.append(answer.status)

    assert seen == [SERVING, NOT_SERVING]
    # A watcher that stayed would have used up the whole grace period.
    assert took < 10


async def test_nothing_makes_a_server_serve_again_that_shuts_down() -> None:
    health = HealthServicer([])
    health.set_serving(True)
    health.shut_down()
    health.set_serving(True)

    answer = await health.Check(pb.HealthCheckRequest(), no_context())

    assert answer.status == NOT_SERVING
