"""Calls with an idempotency key, and servicers that never answer the same twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
import pytest
from google.protobuf.message import Message

from core.middleware.call import Context
from pandora.user.v1 import auth_service_pb2 as auth
from pandora.user.v1 import user_pb2
from pandora.user.v1 import user_service_pb2 as users
from tests.unit.middleware.door import LIMIT_SECONDS, OTHER_ID, Door, Refusal, full_path

SUSPEND = "UserService/SuspendUser"
REGISTER = "AuthService/Register"


@dataclass(kw_only=True)
class Counted:
    """A servicer that answers differently each time."""

    times: int = 0
    errors: list[Exception] = field(default_factory=list)

    async def suspend(self, request: users.SuspendUserRequest, _: Context) -> Message:
        self._count()
        user = user_pb2.User(id=request.user_id, full_name=f"number {self.times}")
        return users.SuspendUserResponse(user=user)

    async def register(self, request: auth.RegisterRequest, _: Context) -> Message:
        self._count()
        user = user_pb2.User(id=str(OTHER_ID), email=request.email, full_name=str(self.times))
        return auth.RegisterResponse(user=user)

    def _count(self) -> None:
        self.times += 1
        if self.errors:
            raise self.errors.pop(0)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer's bytes, and what stands beside it."""

    content: bytes
    trailing: Mapping[str, Any]

    @property
    def is_replayed(self) -> bool:
        return self.trailing.get("idempotency-replayed") == "true"


async def reply(
    door: Door,
    method: str,
    request: Message,
    *,
    key: str | Sequence[str] = "key-1",
    token: str | None = "admin",
    metadata: Sequence[tuple[str, str]] = (),
    seconds: float = LIMIT_SECONDS,
) -> Reply:
    keys = [key] if isinstance(key, str) else key
    bearer = () if token is None else (("authorization", f"Bearer {token}"),)
    call = door.channel.unary_unary(full_path(method))(
        request.SerializeToString(),
        metadata=(*bearer, *(("idempotency-key", each) for each in keys), *metadata),
        timeout=seconds,
    )
    content: bytes = await call
    return Reply(content=content, trailing=dict(await call.trailing_metadata()))


async def refusal(door: Door, method: str, request: Message, **options: Any) -> Refusal:  # noqa: ANN401
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reply(door, method, request, **options)
    return Refusal.of(refused.value)


def suspension(user_id: object = OTHER_ID, reason: str = "asked to") -> users.SuspendUserRequest:
    return users.SuspendUserRequest(user_id=str(user_id), reason=reason)


def registration(password: str = "p" * 15) -> auth.RegisterRequest:
    return auth.RegisterRequest(email="ada@example.com", password=password)
