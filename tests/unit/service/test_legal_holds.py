"""Operators place holds and release them, and each act is on record."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from core.domain.audit import AuditAction
from core.domain.errors import ValidationFailed
from core.domain.legal_hold import LegalHold
from core.service.legal_holds import LegalHoldKeeping
from core.service.recording import Recorder
from tests.fakes.world import World

pytestmark = pytest.mark.asyncio


class Scene:
    """Holds in memory."""

    def __init__(self) -> None:
        self.world = World()
        self.keeping = LegalHoldKeeping(
            database=self.world.database,
            recorder=Recorder(clock=self.world.clock, ids=self.world.ids),
        )

    async def place(
        self,
        *,
        reason: str = "case 17",
        user_id: UUID | None = None,
        from_time: datetime | None = None,
        to_time: datetime | None = None,
    ) -> LegalHold:
        return await self.keeping.place(
            reason=reason,
            user_id=user_id,
            from_time=from_time,
            to_time=to_time,
            caller=self.world.system,
        )


async def test_each_act_is_a_row_of_the_log_without_the_reason() -> None:
    scene = Scene()
    user = scene.world.ids.new_id()
    hold = await scene.place(user_id=user)
    await scene.keeping.release(hold.id, caller=scene.world.system)
    placed, released = scene.world.database.audit_entries
    assert placed.action is AuditAction.LEGAL_HOLD_PLACE
    assert released.action is AuditAction.LEGAL_HOLD_RELEASE
    for entry in (placed, released):
        assert (entry.resource_id, entry.user_id) == (str(hold.id), user)
        assert "case 17" not in str(entry.details)
        assert entry.reason is None


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 501])
async def test_a_hold_needs_a_reason_of_one_line(reason: str) -> None:
    scene = Scene()
    with pytest.raises(ValidationFailed):
        await scene.place(reason=reason, user_id=scene.world.ids.new_id())
    assert scene.world.database.tables.legal_holds == {}


async def test_a_hold_covers_one_person_or_one_span_that_ends_after_it_begins() -> None:
    scene = Scene()
    now, user = scene.world.clock.now(), scene.world.ids.new_id()
    later = now + timedelta(days=1)
    for user_id, from_time, to_time in (
        (None, None, None),
        (None, now, None),
        (None, None, now),
        (None, later, now),
        (None, now, now),
        (user, now, later),
        (user, now, None),
    ):
        with pytest.raises(ValidationFailed):
            await scene.place(user_id=user_id, from_time=from_time, to_time=to_time)
    assert scene.world.database.tables.legal_holds == {}
    assert scene.world.database.audit_entries == []


async def test_only_a_hold_in_force_can_be_released() -> None:
    scene = Scene()
    hold = await scene.place(user_id=scene.world.ids.new_id())
    await scene.keeping.release(hold.id, caller=scene.world.system)
    for hold_id in (hold.id, scene.world.ids.new_id()):
        with pytest.raises(ValidationFailed):
            await scene.keeping.release(hold_id, caller=scene.world.system)
    assert len(scene.world.database.audit_entries) == 2
