"""Requests whose bytes were damaged on the way: always the same few answers."""

from random import Random

import grpc
import grpc.aio
import pytest

from tests.unit.middleware.requests import ABOUT_A_USER, OTHERS
from tests.unit.transport.core_server import running_core

pytestmark = pytest.mark.asyncio

ROUNDS = 60
UNFORESEEN = {
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
}


def mangled(message: bytes, chance: Random) -> bytes:
    """Change, insert, remove or repeat a few bytes."""
    raw = bytearray(message)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(raw))
        match chance.randrange(4):
            case 0:
                raw[at : at + 1] = chance.randbytes(1)
            case 1:
                raw[at:at] = chance.randbytes(chance.randint(1, 12))
            case 2:
                del raw[at : at + chance.randint(1, 6)]
            case _:
                raw += raw[at:]
    return bytes(raw)


async def test_no_damage_makes_an_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    chance = Random(20260314)
    async with running_core() as core:
        admin, ada = await core.staff(), await core.user()
        requests = {method: request() for method, request in OTHERS.items()}
        requests |= {method: about(ada.id) for method, about in ABOUT_A_USER.items()}
        seen: dict[grpc.StatusCode, int] = {}
        for method, request in requests.items():
            stub = core.channel.unary_unary(f"/pandora.user.v1.{method}")  # type: ignore[var-annotated]
            for _ in range(ROUNDS):
                raw = mangled(request.SerializeToString(), chance)
                code = grpc.StatusCode.OK
                try:
                    await stub(raw, metadata=admin.credentials)
                except grpc.aio.AioRpcError as error:
                    code = error.code()
                seen[code] = seen.get(code, 0) + 1

    assert not seen.keys() & UNFORESEEN
    assert seen[grpc.StatusCode.INVALID_ARGUMENT] > 100
    assert seen[grpc.StatusCode.OK] > 10
    assert caplog.records == []
    assert "MALFORMED_REQUEST" in {entry.get("reason") for entry in core.log.entries}
