import asyncio
from dataclasses import replace
from datetime import timedelta

import grpc.aio
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from core.domain.user import Role
from pandora.user.v1 import audit_pb2
from pandora.user.v1 import audit_service_pb2 as pb
from tests.fakes.audit_seals import VALID
from tests.fakes.world import ORIGIN
from tests.unit.transport.core_server import Core, Person, refused, running_core

pytestmark = pytest.mark.asyncio


async def listed(
    core: Core, reader: Person, request: pb.ListAuditEventsRequest
) -> list[audit_pb2.AuditEvent]:
    answer = await core.audit.ListAuditEvents(request, metadata=reader.credentials)
    return list(answer.events)


async def test_a_row_is_shown_as_it_was_written() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        core.world.forget_the_past()
        ada = await core.world.register()
        entry = core.world.only_audit_entry
        (event,) = await listed(core, officer, pb.ListAuditEventsRequest())

    assert event.sequence > 0
    assert event.id == str(entry.id)
    assert event.occurred_at.ToNanoseconds() == 1773480413_589793_000
    assert event.actor_type == audit_pb2.ACTOR_TYPE_USER
    assert event.action == "user.register"
    assert event.resource_type == "user"
    assert event.resource_id == event.user_id == str(ada.id)
    assert event.outcome == audit_pb2.AUDIT_OUTCOME_SUCCESS
    assert event.ip_address == ORIGIN.ip_address
    assert event.user_agent == ORIGIN.user_agent
    assert (event.request_id, event.trace_id) == (ORIGIN.request_id, ORIGIN.trace_id)
    assert MessageToDict(event.details) == dict(entry.details)
    assert event.hash == core.world.database.tables.audit[event.sequence].hash
    assert not event.HasField("reason")


async def test_details_keep_their_kinds() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        await core.service("orders")
        request = pb.ListAuditEventsRequest(action="service_token.mint")
        (event,) = await listed(core, officer, request)

    assert event.actor_type == audit_pb2.ACTOR_TYPE_SYSTEM
    assert not event.HasField("actor_id")
    assert not event.HasField("user_id")
    assert event.details["lifetime_seconds"] == 3600
    assert isinstance(event.details["token_id"], str)


async def test_each_filter_narrows() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        ada = await core.user()
        failed = pb.ListAuditEventsRequest(outcome=audit_pb2.AUDIT_OUTCOME_FAILURE)
        assert await listed(core, officer, failed) == []
        about_ada = await listed(core, officer, pb.ListAuditEventsRequest(user_id=ada.id.upper()))
        by_ada = await listed(core, officer, pb.ListAuditEventsRequest(actor_id=ada.id))
        by_others = await listed(core, officer, pb.ListAuditEventsRequest(actor_id="service:x"))

    assert [event.action for event in about_ada] == ["auth.login", "user.register"]
    assert all(event.actor_id == ada.id for event in by_ada)
    assert by_ada
    assert by_others == []


async def test_times_narrow_to_the_microsecond() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        core.world.forget_the_past()
        moment = Timestamp()
        moment.FromDatetime(core.world.clock.now())
        later = Timestamp()
        later.FromDatetime(core.world.clock.now() + timedelta(microseconds=1))
        just_after = Timestamp(seconds=moment.seconds, nanos=moment.nanos + 1)
        await core.world.register()

        async def count(**bounds: Timestamp) -> int:
            return len(await listed(core, officer, pb.ListAuditEventsRequest(**bounds)))  # type: ignore[arg-type]

        assert await count(from_time=moment) == 1
        assert await count(from_time=just_after) == 0
        assert await count(from_time=later) == 0
        assert await count(to_time=moment) == 0
        assert await count(to_time=just_after) == 1
        assert await count(to_time=later) == 1


@pytest.mark.parametrize(
    "timestamp",
    [
        Timestamp(seconds=2**62),
        Timestamp(seconds=-(2**62)),
        Timestamp(seconds=253_402_300_800),
        Timestamp(seconds=253_402_300_799, nanos=999_999_001),
        Timestamp(nanos=-1),
        Timestamp(nanos=2_000_000_000),
    ],
)
async def test_a_time_beyond_the_calendar_is_refused(timestamp: Timestamp) -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        request = pb.ListAuditEventsRequest(to_time=timestamp)
        refusal = await refused(core.audit.ListAuditEvents(request, metadata=officer.credentials))

    assert refusal.reason == "VALIDATION_FAILED"
    assert refusal.bad_request is not None
    assert refusal.bad_request.field_violations[0].field == "to_time"


async def test_pages_follow_each_other() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        for number in range(3):
            await core.world.register(f"p{number}@example.com")
        request = pb.ListAuditEventsRequest(action="user.register", page_size=3)
        first = await core.audit.ListAuditEvents(request, metadata=officer.credentials)
        request.page_token = first.next_page_token
        second = await core.audit.ListAuditEvents(request, metadata=officer.credentials)

    sequences = [event.sequence for event in (*first.events, *second.events)]
    assert len(sequences) == 4
    assert sequences == sorted(sequences, reverse=True)
    assert second.next_page_token == ""


async def test_a_verification_is_answered_as_it_was_found() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        answer = await core.audit.VerifyAuditLog(
            pb.VerifyAuditLogRequest(), metadata=officer.credentials
        )
        assert answer == pb.VerifyAuditLogResponse(
            valid=True, checked_count=3, sealed_sequence=3, seal_hash="ab" * 32
        )
        core.world.log_verifier.report = replace(
            VALID, valid=False, first_invalid_sequence=2, reason="the row is missing"
        )
        answer = await core.audit.VerifyAuditLog(
            pb.VerifyAuditLogRequest(), metadata=officer.credentials
        )
    assert not answer.valid
    assert (answer.first_invalid_sequence, answer.reason) == (2, "the row is missing")


async def test_while_one_verifies_another_is_told_to_come_back() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        verifier = core.world.log_verifier
        verifier.gate.clear()
        request = pb.VerifyAuditLogRequest()
        first = asyncio.ensure_future(
            core.audit.VerifyAuditLog(request, metadata=officer.credentials)
        )
        await verifier.began.wait()
        refusal = await refused(
            core.audit.VerifyAuditLog(request, metadata=officer.credentials, timeout=5)
        )
        verifier.gate.set()
        await first
        await core.audit.VerifyAuditLog(request, metadata=officer.credentials)

    assert refusal.code is grpc.StatusCode.UNAVAILABLE
    assert refusal.reason == "SERVER_BUSY"
    assert refusal.retry is not None
    assert refusal.retry.retry_delay.seconds == 10


async def test_a_verification_that_was_broken_off_keeps_nobody_away() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        verifier = core.world.log_verifier
        verifier.gate.clear()
        request = pb.VerifyAuditLogRequest()
        broken_off = core.audit.VerifyAuditLog(request, metadata=officer.credentials)
        waiting = asyncio.ensure_future(broken_off)
        await verifier.began.wait()
        broken_off.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        verifier.gate.set()
        async with asyncio.timeout(10):
            while True:
                try:
                    await core.audit.VerifyAuditLog(request, metadata=officer.credentials)
                except grpc.aio.AioRpcError:
                    continue
                break
