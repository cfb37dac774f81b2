"""What only a real database behind the door can show."""

import asyncio
import contextlib

import grpc
import grpc.aio
import psycopg
import pytest

from core.domain.audit import AuditFilter
from core.domain.user import Role
from pandora.user.v1 import (
    audit_service_pb2,
    auth_service_pb2,
    kyc_pb2,
    kyc_service_pb2,
    user_service_pb2,
)
from tests.fakes.world import PASSWORD
from tests.integration.grpc_core import core_on, person
from tests.servers import Database
from tests.unit.middleware.door import LIMIT_SECONDS
from tests.unit.middleware.raw_http2 import post
from tests.unit.transport.core_server import bearer, refused

pytestmark = pytest.mark.asyncio


async def test_a_persons_way_from_registration_to_deletion(database: Database) -> None:
    async with core_on(database) as (core, use_cases):
        admin = await person(use_cases, "root@example.com", Role.ADMIN)
        registered = await core.auth.Register(
            auth_service_pb2.RegisterRequest(email="Ada@Example.com", password=PASSWORD)
        )
        login = await core.auth.Login(
            auth_service_pb2.LoginRequest(email="ada@example.com", password=PASSWORD)
        )
        me = user_service_pb2.GetUserRequest(user_id="me")
        before = (await core.users.GetUser(me, metadata=bearer(login.access_token))).user
        await core.kyc.UpdateKyc(
            kyc_service_pb2.UpdateKycRequest(
                user_id=registered.user.id, status=kyc_pb2.KYC_STATUS_VERIFIED
            ),
            metadata=admin.credentials,
        )
        pair = await core.auth.RefreshToken(
            auth_service_pb2.RefreshTokenRequest(refresh_token=login.refresh_token)
        )
        after = (await core.users.GetUser(me, metadata=bearer(pair.access_token))).user
        await core.auth.RefreshToken(
            auth_service_pb2.RefreshTokenRequest(refresh_token=pair.refresh_token)
        )
        reused = await refused(
            core.auth.RefreshToken(
                auth_service_pb2.RefreshTokenRequest(refresh_token=login.refresh_token)
            )
        )
        ended = await refused(core.users.GetUser(me, metadata=bearer(pair.access_token)))
        deleted = await core.users.DeleteUser(
            user_service_pb2.DeleteUserRequest(user_id=registered.user.id),
            metadata=admin.credentials,
        )
        events = await core.audit.ListAuditEvents(
            audit_service_pb2.ListAuditEventsRequest(user_id=registered.user.id),
            metadata=admin.credentials,
        )

    assert before.kyc_status == kyc_pb2.KYC_STATUS_PENDING
    assert after.kyc_status == kyc_pb2.KYC_STATUS_VERIFIED
    assert before.created_at == after.created_at == registered.user.created_at
    assert reused.reason == "REFRESH_TOKEN_REUSED"
    assert ended.reason == "SESSION_REVOKED"
    assert deleted.user.HasField("deleted_at")
    assert [(event.action, event.reason) for event in events.events][::-1] == [
        ("user.register", ""),
        ("auth.login", ""),
        ("kyc.update", ""),
        ("auth.refresh", ""),
        ("auth.refresh", ""),
        ("auth.refresh", "REFRESH_TOKEN_REUSED"),
        ("user.delete", ""),
    ]


async def test_of_many_registrations_of_one_address_at_once_one_succeeds(
    database: Database,
) -> None:
    async with core_on(database) as (core, _):

        async def register(number: int) -> str:
            spelling = "ada@example.com" if number % 2 else "ADA@Example.COM"
            request = auth_service_pb2.RegisterRequest(email=spelling, password=PASSWORD)
            try:
                await core.auth.Register(request)
            except grpc.aio.AioRpcError as error:
                return error.code().name
            return "OK"

        outcomes = await asyncio.gather(*map(register, range(100)))

    assert sorted(outcomes) == ["ALREADY_EXISTS"] * 99 + ["OK"]


async def test_a_deadline_frees_whoever_waits_for_a_row_that_is_held(database: Database) -> None:
    async with core_on(database) as (core, use_cases):
        ada = await person(use_cases, "ada@example.com")
        request = user_service_pb2.UpdateUserRequest(user_id="me", full_name="Ada")
        async with await psycopg.AsyncConnection.connect(database.owner_dsn) as holder:
            await holder.execute("SELECT id FROM users WHERE id = %s FOR UPDATE", (ada.id,))
            late = [
                refused(core.users.UpdateUser(request, metadata=ada.credentials, timeout=0.3))
                # More than the pool has connections.
                for _ in range(15)
            ]
            refusals = await asyncio.gather(*late)
        updated = await core.users.UpdateUser(
            request, metadata=ada.credentials, timeout=LIMIT_SECONDS
        )
        events = await use_cases.audit.list_page(
            AuditFilter(user_id=ada.user.id), page_size=100, page_token=""
        )

    assert {refusal.code for refusal in refusals} == {grpc.StatusCode.DEADLINE_EXCEEDED}
    assert updated.user.full_name == "Ada"
    assert [event.entry.action.value for event in events.items].count("user.update") == 1


async def test_a_client_that_goes_away_leaves_nothing_half_written(database: Database) -> None:
    async with core_on(database) as (core, use_cases):
        ada = await person(use_cases, "ada@example.com")
        calls = [
            core.users.UpdateUser(
                user_service_pb2.UpdateUserRequest(user_id="me", full_name=f"Name {number}"),
                metadata=ada.credentials,
            )
            for number in range(30)
        ]
        for number, call in enumerate(calls):
            asyncio.get_running_loop().call_later(0.002 * number, call.cancel)
        for call in calls:
            with contextlib.suppress(asyncio.CancelledError, grpc.aio.AioRpcError):
                await call
        final = await core.users.UpdateUser(
            user_service_pb2.UpdateUserRequest(user_id="me", full_name="Final"),
            metadata=ada.credentials,
        )
        async with await psycopg.AsyncConnection.connect(database.owner_dsn) as reader:
            rows = await reader.execute(
                "SELECT (SELECT count(*) FROM audit_events WHERE action = 'user.update'),"
                " (SELECT count(*) FROM outbox WHERE event_type = 'user.updated')"
            )
            audited, published = await rows.fetchone() or (0, 0)

    assert final.user.full_name == "Final"
    assert audited == published > 0


async def test_what_no_client_library_would_send_is_stored_clean(database: Database) -> None:
    async with core_on(database) as (core, use_cases):
        admin = await person(use_cases, "root@example.com", Role.ADMIN)
        request = auth_service_pb2.LoginRequest(email="nobody@example.com", password="x")
        await post(
            core.address,
            "/pandora.user.v1.AuthService/Login",
            [
                (b"x-client-user-agent", b"Mo\x00zi\x1blla \xff " + b"y" * 3000),
                (b"x-client-address", b"::FFFF:192.0.2.7"),
                (b"x-request-id", b"bad\x00id"),
            ],
            request.SerializeToString(),
        )
        listed = await core.audit.ListAuditEvents(
            audit_service_pb2.ListAuditEventsRequest(action="auth.login", page_size=1),
            metadata=admin.credentials,
        )

    (event,) = listed.events
    assert event.reason == "INVALID_CREDENTIALS"
    assert event.ip_address == "192.0.2.7"
    assert event.user_agent.startswith("Mozilla ÿ y")
    assert len(event.user_agent) == 512
    assert len(event.request_id) == 36
