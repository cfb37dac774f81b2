"""A client that knows nothing of the contract learns it by reflection."""

import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from core.config.core_settings import CoreSettings
from tests.fakes.world import PASSWORD
from tests.unit.transport.core_server import Core, running_core

pytestmark = pytest.mark.asyncio

WITH_REFLECTION = CoreSettings(reflection=True)


async def grpcurl(core: Core, *arguments: str, fails: bool = False) -> str:
    """Run grpcurl against the core; return what it prints."""
    program = shutil.which("grpcurl", path=str(Path(sys.executable).parent))
    assert program is not None
    # Flags come first, then the address, then what to do.
    split = next((n for n, each in enumerate(arguments) if not each.startswith("-")), 0)
    process = await asyncio.create_subprocess_exec(
        program,
        "-plaintext",
        *arguments[:split],
        core.address,
        *arguments[split:],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate()
    assert (process.returncode != 0) is fails, errors.decode()
    return (errors if fails else output).decode()


async def call(core: Core, method: str, request: dict[str, str], *flags: str) -> Any:  # noqa: ANN401
    answer = await grpcurl(core, f"-d={json.dumps(request)}", *flags, f"pandora.user.v1.{method}")
    return json.loads(answer)


async def test_the_services_and_their_rules_are_described() -> None:
    async with running_core(WITH_REFLECTION) as core:
        listed = (await grpcurl(core, "list")).split()
        described = await grpcurl(core, "describe", "pandora.user.v1.UserService.GetUser")
        message = await grpcurl(core, "describe", "pandora.user.v1.RegisterRequest")

    assert "pandora.user.v1.AuthService" in listed
    assert "grpc.health.v1.Health" in listed
    assert "/v1/users/{user_id}" in described
    assert "max_len" in message


async def test_a_person_registers_logs_in_and_looks_at_the_account() -> None:
    credentials = {"email": "ada@example.com", "password": PASSWORD}
    async with running_core(WITH_REFLECTION) as core:
        await call(core, "AuthService/Register", credentials)
        login = await call(core, "AuthService/Login", credentials)
        me = await call(
            core,
            "UserService/GetUser",
            {"user_id": "me"},
            f"-H=authorization: Bearer {login['accessToken']}",
        )

    assert me["user"]["email"] == "ada@example.com"


async def test_a_refusal_comes_with_its_details() -> None:
    async with running_core(WITH_REFLECTION) as core:
        printed = await grpcurl(core, "pandora.user.v1.UserService/ListUsers", fails=True)

    assert "Unauthenticated" in printed
    assert "TOKEN_MISSING" in printed
    assert "user.pandora.exchange" in printed


async def test_health_is_asked_by_service() -> None:
    async with running_core(WITH_REFLECTION) as core:
        request = '-d={"service": "pandora.user.v1.UserService"}'
        answer = await grpcurl(core, request, "grpc.health.v1.Health/Check")

    assert json.loads(answer) == {"status": "SERVING"}
