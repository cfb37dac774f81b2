"""Reading the audit log."""

from datetime import timedelta, timezone
from uuid import UUID

import pytest

from core.domain.audit import AuditEvent, AuditFilter, AuditOutcome
from core.domain.errors import InvalidCredentials, PageTokenInvalid, ValidationFailed
from tests.fakes.clock import START
from tests.fakes.world import World

EVERYTHING = AuditFilter()


async def _busy_world() -> tuple[World, UUID, UUID]:
    """Make six rows, a second apart: two registrations, three logins, one refused."""
    world = World()
    users = []
    for name in ("ada", "eve"):
        users.append((await world.register(f"{name}@example.com")).id)
        world.clock.advance(1)
    for name in ("ada", "eve", "ada"):
        await world.login(f"{name}@example.com")
        world.clock.advance(1)
    with pytest.raises(InvalidCredentials):
        await world.login("ada@example.com", "wrong")
    return world, users[0], users[1]


async def _walk(world: World, where: AuditFilter, page_size: int) -> list[AuditEvent]:
    events: list[AuditEvent] = []
    token = None
    while token != "":
        page = await world.use_cases.audit.list_page(
            where, page_size=page_size, page_token=token or ""
        )
        assert len(page.items) <= page_size
        events += page.items
        token = page.next_page_token
    return events


@pytest.mark.parametrize("page_size", [1, 2, 4, 6, 7])
async def test_pages_hold_every_row_once_the_newest_first(page_size: int) -> None:
    world, _, _ = await _busy_world()
    events = await _walk(world, EVERYTHING, page_size)
    assert [event.entry for event in events] == list(world.database.audit_entries)[::-1]
    assert [event.sequence for event in events] == [6, 5, 4, 3, 2, 1]


async def test_each_row_carries_the_hash_that_is_kept_with_it() -> None:
    world, _, _ = await _busy_world()
    events = await _walk(world, EVERYTHING, 50)
    kept = world.database.tables.audit
    assert [event.hash for event in events] == [kept[event.sequence].hash for event in events]
    assert len({event.hash for event in events}) == 6


async def test_filters_narrow() -> None:
    world, ada, eve = await _busy_world()

    async def sequences(where: AuditFilter) -> list[int]:
        return [event.sequence for event in await _walk(world, where, 2)]

    assert await sequences(AuditFilter(user_id=ada)) == [6, 5, 3, 1]
    assert await sequences(AuditFilter(actor_id=str(ada))) == [5, 3, 1]
    assert await sequences(AuditFilter(actor_id=str(eve))) == [4, 2]
    assert await sequences(AuditFilter(action="user.register")) == [2, 1]
    assert await sequences(AuditFilter(outcome=AuditOutcome.FAILURE)) == [6]
    assert await sequences(AuditFilter(from_time=START + timedelta(seconds=3))) == [6, 5, 4]
    assert await sequences(AuditFilter(to_time=START + timedelta(seconds=3))) == [3, 2, 1]
    assert await sequences(AuditFilter(user_id=ada, action="auth.login")) == [6, 5, 3]


@pytest.mark.parametrize(
    "changed",
    [
        AuditFilter(user_id=UUID(int=1)),
        AuditFilter(actor_id="service:ledger"),
        AuditFilter(action="auth.login"),
        AuditFilter(outcome=AuditOutcome.SUCCESS),
        AuditFilter(from_time=START),
        AuditFilter(to_time=START),
    ],
)
async def test_a_page_token_is_worth_nothing_under_another_filter(changed: AuditFilter) -> None:
    world, _, _ = await _busy_world()
    page = await world.use_cases.audit.list_page(EVERYTHING, page_size=1, page_token="")
    with pytest.raises(PageTokenInvalid):
        await world.use_cases.audit.list_page(changed, page_size=1, page_token=page.next_page_token)


async def test_one_moment_in_two_zones_is_one_filter() -> None:
    world, _, _ = await _busy_world()
    elsewhere = START.astimezone(timezone(timedelta(hours=9)))
    page = await world.use_cases.audit.list_page(
        AuditFilter(from_time=START), page_size=5, page_token=""
    )
    page = await world.use_cases.audit.list_page(
        AuditFilter(from_time=elsewhere), page_size=5, page_token=page.next_page_token
    )
    assert [event.sequence for event in page.items] == [1]


@pytest.mark.parametrize("position", ["", "x", "0", "-1", "1.5", str(1 << 63)])
async def test_a_position_that_is_no_sequence_number_is_refused(position: str) -> None:
    world, _, _ = await _busy_world()
    token = world.page_tokens.encode(position, {"of": "audit_events"})
    with pytest.raises(PageTokenInvalid):
        await world.use_cases.audit.list_page(EVERYTHING, page_size=1, page_token=token)


async def test_a_negative_page_size_is_refused() -> None:
    world = World()
    with pytest.raises(ValidationFailed):
        await world.use_cases.audit.list_page(EVERYTHING, page_size=-1, page_token="")
