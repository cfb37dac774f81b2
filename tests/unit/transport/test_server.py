import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from core.config.core_settings import CoreSettings
from core.domain.password_hash import Verdict
from core.middleware.pipeline import Pipeline
from core.transport.listening import PortUnavailable, listen
from core.transport.server import build_health, build_server, stop
from pandora.user.v1 import auth_service_pb2 as pb
from tests.fakes.world import World
from tests.unit.transport.core_server import refused, running_core

pytestmark = pytest.mark.asyncio

LISTING = reflection_pb2.ServerReflectionRequest(list_services="")


async def test_reflection_shows_the_contract_to_whoever_asks() -> None:
    async with running_core(CoreSettings(reflection=True)) as core:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(core.channel)  # type: ignore[no-untyped-call]
        symbol = reflection_pb2.ServerReflectionRequest(
            file_containing_symbol="pandora.user.v1.UserService"
        )
        method = reflection_pb2.ServerReflectionRequest(
            file_containing_symbol="pandora.user.v1.UserService.GetUser"
        )
        missing = reflection_pb2.ServerReflectionRequest(file_containing_symbol="a.b.C.D")
        asked = iter([LISTING, symbol, method, missing])
        answers = [answer async for answer in stub.ServerReflectionInfo(asked)]
        listed, described, method_described, not_found = answers

    assert {service.name for service in listed.list_services_response.service} == {
        "pandora.user.v1.AuthService",
        "pandora.user.v1.UserService",
        "pandora.user.v1.SessionService",
        "pandora.user.v1.MfaService",
        "pandora.user.v1.KycService",
        "pandora.user.v1.AuditService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert described.file_descriptor_response.file_descriptor_proto
    assert method_described.file_descriptor_response == described.file_descriptor_response
    assert not_found.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


async def test_without_the_setting_there_is_no_reflection() -> None:
    async with running_core(CoreSettings(reflection=False)) as core:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(core.channel)  # type: ignore[no-untyped-call]
        with pytest.raises(grpc.aio.AioRpcError) as error:
            _ = [answer async for answer in stub.ServerReflectionInfo(iter([LISTING]))]

    assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_request_above_the_limit_is_refused_and_the_next_one_served() -> None:
    async with running_core() as core:
        request = pb.LoginRequest(password="x" * 2 * 1024 * 1024)
        refusal = await refused(core.auth.Login(request))
        after = await core.auth.GetJwks(pb.GetJwksRequest())

    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(after.keys) == 1


async def test_a_port_that_is_taken_is_refused_with_its_address() -> None:
    async with running_core() as core:
        port = int(core.address.rpartition(":")[2])
        # Linux lets processes share a port only where each of them asks for it.
        second = grpc.aio.server(options=[("grpc.so_reuseport", 1)])

        with pytest.raises(PortUnavailable, match=core.address):
            listen(second, host="127.0.0.1", port=port)


async def test_processes_share_a_port_where_they_are_told_to() -> None:
    world = World()

    def build() -> grpc.aio.Server:
        return build_server(
            use_cases=world.use_cases,
            public_keys=world.access_tokens.public_keys,
            pipeline=Pipeline(stages=(), foreign_stages=(), foreign_services=frozenset()),
            health=build_health(),
            settings=CoreSettings(),
            reuse_port=True,
        )

    first, second = build(), build()
    port = listen(first, host="127.0.0.1", port=0)

    assert listen(second, host="127.0.0.1", port=port) == port


async def test_an_ipv6_host_is_listened_on() -> None:
    server = grpc.aio.server()

    assert listen(server, host="::1", port=0) > 0


async def test_a_call_under_way_is_finished_while_the_server_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_core() as core:
        hashing, finish = asyncio.Event(), asyncio.Event()

        async def judge(_hash: str | None, _password: str) -> Verdict:
            hashing.set()
            await finish.wait()
            return Verdict.WRONG

        monkeypatch.setattr(core.world.hasher, "judge", judge)
        login = asyncio.ensure_future(
            refused(core.auth.Login(pb.LoginRequest(email="a@b.example", password="p")))
        )
        await asyncio.wait_for(hashing.wait(), 10)
        stopping = asyncio.create_task(stop(core.server, core.health, grace_seconds=30))
        await asyncio.sleep(0)
        said = await core.health.Check(health_pb2.HealthCheckRequest(), no_context())
        finish.set()
        refusal = await login
        await asyncio.wait_for(stopping, 10)

    assert refusal.reason == "INVALID_CREDENTIALS"
    assert said.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_call_that_outlives_the_grace_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_core() as core:
        hashing, cut = asyncio.Event(), asyncio.Event()

        async def judge(_hash: str | None, _password: str) -> Verdict:
            hashing.set()
            try:
                await asyncio.Event().wait()
            finally:
                cut.set()
            return Verdict.WRONG

        monkeypatch.setattr(core.world.hasher, "judge", judge)
        login = asyncio.ensure_future(
            refused(core.auth.Login(pb.LoginRequest(email="a@b.example", password="p")))
        )
        await asyncio.wait_for(hashing.wait(), 10)
        await asyncio.wait_for(stop(core.server, core.health, grace_seconds=0.05), 10)
        refusal = await asyncio.wait_for(login, 10)
        await asyncio.wait_for(cut.wait(), 10)

    assert refusal.code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


def no_context() -> Any:  # noqa: ANN401 - stands in for a context that is never looked at
    return None
