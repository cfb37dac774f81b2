"""The export over gRPC."""

import grpc
import pytest

from core.domain.user import Role
from pandora.user.v1 import audit_pb2
from pandora.user.v1 import audit_service_pb2 as pb
from tests.unit.middleware.door import Refusal
from tests.unit.transport.core_server import Core, Person, running_core

pytestmark = pytest.mark.asyncio


async def exported(
    core: Core, reader: Person, request: pb.ExportAuditEventsRequest
) -> list[audit_pb2.AuditEvent]:
    call = core.audit.ExportAuditEvents(request, metadata=reader.credentials)
    return [answer.event async for answer in call]


async def test_an_export_has_the_rows_of_the_list_from_the_other_end() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        for number in range(5):
            await core.user(f"person{number}@example.com")
        page = await core.audit.ListAuditEvents(
            pb.ListAuditEventsRequest(page_size=1000), metadata=officer.credentials
        )
        events = await exported(core, officer, pb.ExportAuditEventsRequest())

    assert len(events) > 10
    assert events == list(page.events)[::-1]


async def test_each_filter_narrows() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        ada = await core.user()
        request = pb.ExportAuditEventsRequest(user_id=ada.id.upper(), action="auth.login")
        (event,) = await exported(core, officer, request)
        failures = pb.ExportAuditEventsRequest(outcome=audit_pb2.AUDIT_OUTCOME_FAILURE)
        assert await exported(core, officer, failures) == []

    assert (event.action, event.user_id) == ("auth.login", ada.id)


async def test_an_export_names_who_made_it() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        await exported(core, officer, pb.ExportAuditEventsRequest(action="auth.login"))
        entry = core.world.database.audit_entries[-1]

    assert (entry.action, entry.actor_id) == ("audit.export", officer.id)
    assert entry.details["action"] == "auth.login"


async def test_a_filter_that_breaks_a_rule_is_refused_before_anything_is_told() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        before = core.world.database.snapshot()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await exported(core, officer, pb.ExportAuditEventsRequest(user_id="me"))
        assert core.world.database.snapshot() == before

    assert Refusal.of(refused.value).reason == "VALIDATION_FAILED"


async def test_one_export_too_many_is_refused() -> None:
    async with running_core() as core:
        officer = await core.staff(Role.COMPLIANCE)
        core.world.use_cases.audit_export.under_way = 4
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await exported(core, officer, pb.ExportAuditEventsRequest())

    assert Refusal.of(refused.value).reason == "SERVER_BUSY"
