"""Every RPC that takes an idempotency key keeps its answer in the transaction of its change."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc.aio
import psycopg
import pytest
import pytest_asyncio
from google.protobuf.message import Message

from core.middleware.idempotency_key import methods_with_keys
from core.transport.services import SERVICES
from pandora.user.v1 import user_service_pb2
from tests.integration.grpc_core import core_on
from tests.integration.keyed_rpcs import KEYED_RPCS, Prepared, Stage, new_stage
from tests.postgres_client import until
from tests.servers import Database
from tests.unit.crypto.keys import Key
from tests.unit.middleware.door import LIMIT_SECONDS, Refusal, full_path

REPEATS = 50
KEY = Key(signs_from=datetime(2020, 1, 1, tzinfo=UTC))
EFFECTS = (
    "SELECT (SELECT count(*) FROM audit_events), (SELECT count(*) FROM outbox),"
    " (SELECT count(*) FROM mail_outbox), (SELECT count(*) FROM users)"
)


@dataclass(frozen=True, kw_only=True)
class Reply:
    content: bytes
    is_replayed: bool


@pytest_asyncio.fixture
async def stage(module_database: Database) -> AsyncIterator[Stage]:
    async with core_on(module_database, key=KEY) as (core, use_cases):
        yield await new_stage(core, use_cases, module_database)


def rows(stage: Stage, statement: str, *values: object) -> Sequence[tuple[Any, ...]]:
    """Run a query as the superuser."""
    with psycopg.connect(stage.database.admin_dsn) as connection:
        return connection.execute(statement.encode(), values).fetchall()


async def call(
    channel: grpc.aio.Channel, method: str, prepared: Prepared, key: str, request_id: str = "r"
) -> Reply:
    request, credentials = prepared
    stub: Any = channel.unary_unary(full_path(method))
    under_way = stub(
        request.SerializeToString(),
        metadata=(*credentials, ("idempotency-key", key), ("x-request-id", request_id)),
        timeout=LIMIT_SECONDS,
    )
    content: bytes = await under_way
    trailing: Mapping[str, Any] = dict(await under_way.trailing_metadata())
    return Reply(content=content, is_replayed="idempotency-replayed" in trailing)


def test_each_of_them_is_tried_here() -> None:
    taking = {name for name, takes_key in methods_with_keys(SERVICES).items() if takes_key}
    assert taking == {full_path(method).removeprefix("/") for method in KEYED_RPCS}


@pytest.mark.parametrize("method", KEYED_RPCS)
async def test_change_and_answer_are_written_by_one_transaction(stage: Stage, method: str) -> None:
    prepared = await KEYED_RPCS[method](stage)
    key = uuid.uuid4().hex
    first = await call(stage.core.channel, method, prepared, key, request_id=key)
    # xmin is the transaction that has written a row.
    (audited,) = rows(stage, "SELECT xmin::text FROM audit_events WHERE request_id = %s", key)
    newest = "SELECT xmin::text, content FROM idempotency_keys ORDER BY created_at DESC LIMIT 1"
    assert rows(stage, newest) == [(*audited, first.content)]

    before = rows(stage, EFFECTS)
    again = await call(stage.core.channel, method, prepared, key)
    assert again == Reply(content=first.content, is_replayed=True)
    assert not first.is_replayed
    assert rows(stage, EFFECTS) == before


@pytest.mark.parametrize(
    "method", ["AuthService/Register", "UserService/SuspendUser", "KycService/UpdateKyc"]
)
async def test_fifty_repeats_at_once_in_two_processes_have_one_effect_and_one_answer(
    stage: Stage, method: str
) -> None:
    prepared = await KEYED_RPCS[method](stage)
    async with core_on(stage.database, key=KEY) as (other, _):
        channels = [stage.core.channel, other.channel]
        before = rows(stage, EFFECTS)
        key = uuid.uuid4().hex
        replies = await asyncio.gather(
            *(call(channels[n % 2], method, prepared, key) for n in range(REPEATS))
        )
    assert len({reply.content for reply in replies}) == 1
    assert [reply.is_replayed for reply in replies].count(False) == 1
    ((audit, outbox, mail, users),) = before
    is_new = method == "AuthService/Register"
    more = 2 if method == "UserService/SuspendUser" else 1  # the session ends as well
    assert rows(stage, EFFECTS) == [(audit + 1, outbox + more, mail + is_new, users + is_new)]


async def test_repeats_that_wait_hold_no_connection(stage: Stage) -> None:
    prepared = await KEYED_RPCS["UserService/SuspendUser"](stage)
    me = user_service_pb2.GetUserRequest(user_id="me")
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    async def one_waits() -> bool:
        return rows(stage, waiting) == [(1,)]

    async with AsyncExitStack() as held:
        holder = await held.enter_async_context(
            await psycopg.AsyncConnection.connect(stage.database.owner_dsn)
        )
        await holder.execute("SELECT id FROM users WHERE id = %s FOR UPDATE", (stage.ada.id,))
        key = uuid.uuid4().hex
        repeats = [
            asyncio.create_task(call(stage.core.channel, "UserService/SuspendUser", prepared, key))
            for _ in range(REPEATS)
        ]
        await until(one_waits)
        # Ten connections: were they held by those who wait, nobody would be answered.
        found = await asyncio.gather(
            *(
                stage.core.users.GetUser(me, metadata=stage.admin.credentials, timeout=2.0)
                for _ in range(30)
            )
        )
        assert rows(stage, waiting) == [(1,)]
        await holder.rollback()
        replies = await asyncio.gather(*repeats)
    assert len(found) == 30
    assert len({reply.content for reply in replies}) == 1


async def test_a_refusal_and_its_audit_row_are_written_by_one_transaction(stage: Stage) -> None:
    request: Message = user_service_pb2.ChangePasswordRequest(
        user_id="me", current_password="wrong", new_password="another horse, another battery"
    )
    prepared = (request, stage.ada.credentials)
    key = uuid.uuid4().hex

    async def refused(request_id: str) -> Refusal:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call(stage.core.channel, "UserService/ChangePassword", prepared, key, request_id)
        return Refusal.of(error.value)

    first = await refused(key)
    (audited,) = rows(stage, "SELECT xmin::text FROM audit_events WHERE request_id = %s", key)
    newest = "SELECT xmin::text, status FROM idempotency_keys ORDER BY created_at DESC LIMIT 1"
    assert rows(stage, newest) == [(*audited, 16)]
    before = rows(stage, EFFECTS)
    again = await refused("again")
    assert (first.reason, again.reason) == ("INVALID_CREDENTIALS",) * 2
    assert again.message == first.message
    assert rows(stage, EFFECTS) == before
