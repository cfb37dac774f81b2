"""Exports read in pages, keep nothing open in between, and are on record."""

from datetime import timedelta

import pytest

from core.domain.audit import AuditAction, AuditFilter, AuditOutcome
from core.domain.errors import DependencyUnavailable, ServerBusy
from core.service.audit_export import AuditExport
from core.service.recording import Recorder
from tests.contract.records import Records
from tests.fakes.database import FakeDatabase
from tests.fakes.world import World

pytestmark = pytest.mark.asyncio


class Scene:
    """A log in memory, and an export that reads it in small pages."""

    def __init__(self, *, page: int = 3, window: int = 10) -> None:
        self.records = Records()
        self.database = FakeDatabase()
        self.caller = World().system
        self.export = AuditExport(
            database=self.database,
            recorder=Recorder(clock=self.records.clock, ids=self.records.ids),
            most_at_once=2,
            page=page,
            window=window,
        )

    async def fill(self, count: int, *, action: AuditAction = AuditAction.LOGIN) -> list[int]:
        before = len(self.database.tables.audit)
        async with self.database.transaction() as unit:
            for _ in range(count):
                await unit.audit.append(self.records.audit_entry(action=action))
            await unit.commit()
        return sorted(self.database.tables.audit)[before:]

    async def rows(self, where: AuditFilter | None = None) -> list[int]:
        rows = self.export.rows(where or AuditFilter(), caller=self.caller)
        return [event.sequence async for event in rows]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7, 31])
async def test_every_row_comes_once_by_rising_number(count: int) -> None:
    scene = Scene()
    stored = await scene.fill(count)
    assert await scene.rows() == stored


async def test_a_filter_narrows_over_pages_and_windows_without_any_row() -> None:
    scene = Scene(page=2, window=4)
    first = await scene.fill(3, action=AuditAction.LOGOUT)
    await scene.fill(25)
    last = await scene.fill(4, action=AuditAction.LOGOUT)
    assert await scene.rows(AuditFilter(action="auth.logout")) == first + last
    assert await scene.rows(AuditFilter(outcome=AuditOutcome.FAILURE)) == []
    moment = scene.database.tables.audit[last[0]].entry.occurred_at
    assert await scene.rows(AuditFilter(from_time=moment, action="auth.logout")) == last
    assert (await scene.rows(AuditFilter(to_time=moment)))[-1] == last[0] - 1


async def test_a_read_looks_through_so_many_numbers_at_most_where_no_index_leads() -> None:
    scene = Scene(page=100, window=10)
    await scene.fill(35)
    scene.database.steps.clear()
    await scene.rows(AuditFilter(outcome=AuditOutcome.FAILURE))
    assert scene.database.steps.count("audit.list_span") == 4
    scene.database.steps.clear()
    await scene.rows(AuditFilter(action="auth.logout"))
    assert scene.database.steps.count("audit.list_span") == 1


async def test_what_is_written_after_the_beginning_is_not_told() -> None:
    scene = Scene()
    stored = await scene.fill(4)
    told = []
    async for event in scene.export.rows(AuditFilter(), caller=scene.caller):
        told.append(event.sequence)
        await scene.fill(1)
    assert told == stored


async def test_an_export_is_on_record_before_its_first_row() -> None:
    scene = Scene()
    stored = await scene.fill(5)
    user = scene.records.ids.new_id()
    where = AuditFilter(
        user_id=user,
        actor_id="service:orders",
        action="auth.login",
        outcome=AuditOutcome.SUCCESS,
        from_time=scene.records.now() - timedelta(days=1),
    )
    assert await scene.rows(where) == []
    entry = scene.database.audit_entries[-1]
    assert entry.action is AuditAction.AUDIT_EXPORT
    assert (entry.resource_type, entry.user_id) == ("audit_log", user)
    assert entry.details == {
        "actor_id": "service:orders",
        "action": "auth.login",
        "outcome": "success",
        "from_time": (scene.records.now() - timedelta(days=1)).isoformat(),
        "to_time": None,
        "last_sequence": stored[-1],
    }
    scene.database.break_at("audit.append", DependencyUnavailable("postgres"))
    with pytest.raises(DependencyUnavailable):
        await scene.rows()


async def test_what_is_no_name_of_an_actor_is_not_kept() -> None:
    scene = Scene()
    await scene.rows(AuditFilter(actor_id="ada@example.com"))
    assert scene.database.audit_entries[-1].details["actor_id"] == "other"


async def test_nothing_is_open_while_the_reader_takes_its_time() -> None:
    scene = Scene()
    await scene.fill(7)
    async for _ in scene.export.rows(AuditFilter(), caller=scene.caller):
        assert scene.database.open_units == 0


async def test_so_many_exports_run_at_once_and_each_end_makes_room() -> None:
    scene = Scene()
    await scene.fill(7)
    under_way = [scene.export.rows(AuditFilter(), caller=scene.caller) for _ in range(2)]
    for rows in under_way:
        await anext(rows)
    with pytest.raises(ServerBusy):
        await scene.rows()
    await under_way[0].aclose()
    assert len(await scene.rows()) > 0
    scene.database.disconnect()
    with pytest.raises(DependencyUnavailable):
        [row async for row in under_way[1]]
    scene.database.mend()
    assert scene.export.under_way == 0
