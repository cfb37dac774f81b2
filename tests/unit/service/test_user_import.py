"""Bringing in the accounts of another system."""

import json
from collections.abc import Iterable

import pytest

from core.domain.account_import import LineOutcome, LineReport
from core.domain.audit import AuditAction, AuditOutcome
from core.domain.caller import ActorType
from core.domain.errors import DependencyUnavailable, InvalidCredentials
from core.domain.events import UserCreated, UserEmailVerified
from core.domain.kyc import KycStatus
from core.domain.user import Role, UserStatus
from core.service.user_import import BATCH_SIZE
from tests.fakes.world import World
from tests.unit.service.concurrently import outcomes

PASSWORD = "twelve chars"

IMPORTED, EXISTING, REFUSED = LineOutcome.IMPORTED, LineOutcome.EXISTING, LineOutcome.REFUSED


def line(world: World, email: str = "ada@example.com", **fields: object) -> bytes:
    given = {"email": email, "password_hash": world.hasher.foreign(PASSWORD)} | fields
    return json.dumps(given).encode()


async def bring(world: World, lines: Iterable[bytes], *, dry_run: bool = False) -> list[LineReport]:
    run = world.use_cases.user_import.run(lines, dry_run=dry_run, caller=world.system)
    return [report async for report in run]


def told(reports: Iterable[LineReport]) -> list[tuple[int, LineOutcome]]:
    return [(report.number, report.outcome) for report in reports]


async def test_an_imported_account_logs_in_and_its_hash_becomes_ours() -> None:
    world = World()
    reports = await bring(world, [line(world, "Ada@Example.com", full_name="Ada Lovelace")])
    assert told(reports) == [(1, IMPORTED)]
    result = await world.login(" ada@example.COM", PASSWORD)
    user = result.user
    assert (user.email, user.full_name) == ("Ada@Example.com", "Ada Lovelace")
    assert (user.role, user.status) == (Role.USER, UserStatus.ACTIVE)
    assert (user.kyc_status, user.email_verified) == (KycStatus.PENDING, False)
    stored = world.database.tables.users[user.id].hashed_password
    assert not world.hasher.needs_rehash(stored)
    with pytest.raises(InvalidCredentials):
        await world.login(password="wrong")


async def test_each_account_has_its_row_and_its_event_in_one_transaction() -> None:
    world = World()
    await bring(world, [line(world)])
    (user_id,) = world.database.tables.users
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.USER_IMPORT, AuditOutcome.SUCCESS)
    assert (entry.actor_type, entry.actor_id) == (ActorType.SYSTEM, None)
    assert (entry.user_id, entry.resource_id) == (user_id, str(user_id))
    assert entry.details == {"algorithm": "foreign", "email_verified": False}
    assert world.database.events == [
        UserCreated(user_id=user_id, role=Role.USER, kyc_status=KycStatus.PENDING)
    ]
    assert world.database.steps.count("transaction") == world.database.steps.count("commit") == 1


async def test_nobody_is_sent_a_mail() -> None:
    world = World()
    await bring(world, [line(world)])
    assert not world.database.tables.mail
    assert not world.database.tables.one_time_tokens


async def test_a_verified_address_stays_verified() -> None:
    world = World()
    await bring(world, [line(world, email_verified=True)])
    (stored,) = world.database.tables.users.values()
    assert stored.user.email_verified
    assert world.only_audit_entry.details["email_verified"] is True
    assert world.database.events[1:] == [UserEmailVerified(user_id=stored.user.id)]


async def test_what_is_there_is_left_as_it_is() -> None:
    world = World()
    user = await world.register()
    before = world.database.snapshot()
    reports = await bring(world, [line(world, "ADA@example.com", full_name="Somebody Else")])
    assert told(reports) == [(1, EXISTING)]
    assert world.database.snapshot() == before
    assert (await world.login()).user == user


async def test_a_file_can_be_brought_in_again() -> None:
    world = World()
    lines = [line(world, f"person{number}@example.com") for number in range(5)]
    await bring(world, lines[:3])
    reports = await bring(world, lines)
    assert [outcome for _, outcome in told(reports)] == [EXISTING] * 3 + [IMPORTED] * 2
    before = world.database.snapshot()
    assert {outcome for _, outcome in told(await bring(world, lines))} == {EXISTING}
    assert world.database.snapshot() == before


async def test_of_two_lines_with_one_address_the_first_counts() -> None:
    world = World()
    lines = [
        line(world, "b@example.com", full_name="First"),
        line(world, "a@example.com"),
        line(world, "B@example.com", full_name="Second"),
    ]
    assert told(await bring(world, lines)) == [(1, IMPORTED), (2, IMPORTED), (3, EXISTING)]
    names = {stored.user.full_name for stored in world.database.tables.users.values()}
    assert names == {"First", None}


async def test_a_line_that_is_refused_is_named_and_the_others_come_in() -> None:
    world = World()
    lines = [
        line(world, "one@example.com"),
        b"no JSON",
        b"",
        b"  \r\n",
        line(world, "no address"),
        line(world, "two@example.com", password_hash="$1$md5crypt"),
        line(world, "three@example.com"),
    ]
    reports = await bring(world, lines)
    assert told(reports) == [
        (1, IMPORTED),
        (2, REFUSED),
        (5, REFUSED),
        (6, REFUSED),
        (7, IMPORTED),
    ]
    fields = [violation.field for report in reports for violation in report.violations]
    assert fields == ["line", "email", "password_hash"]
    assert "$1$" not in repr(reports)
    assert len(world.database.tables.users) == 2
    assert len(world.database.audit_entries) == 2


async def test_a_dry_run_finds_the_same_and_stores_nothing() -> None:
    def lines(world: World) -> list[bytes]:
        return [
            line(world, "new@example.com"),
            line(world, "ada@example.com"),
            b"no JSON",
            *(line(world, f"person{number}@example.com") for number in range(BATCH_SIZE)),
            line(world, "NEW@example.com"),
        ]

    world = World()
    await world.register()
    before = world.database.snapshot()
    dry = await bring(world, lines(world), dry_run=True)
    assert world.database.snapshot() == before
    assert world.database.open_units == 0
    real = await bring(world, lines(world))
    assert dry == real
    assert told(real)[:3] == [(1, IMPORTED), (2, EXISTING), (3, REFUSED)]
    assert told(real)[-1] == (BATCH_SIZE + 4, EXISTING)


async def test_lines_are_read_as_they_are_stored_batch_by_batch() -> None:
    world = World()
    read: list[int] = []

    def lines() -> Iterable[bytes]:
        for number in range(1, 2 * BATCH_SIZE + 11):
            read.append(number)
            yield line(world, f"person{number}@example.com")

    run = world.use_cases.user_import.run(lines(), dry_run=False, caller=world.system)
    report = await anext(run)
    assert report.number == 1
    assert len(read) == BATCH_SIZE
    assert len(world.database.tables.users) == BATCH_SIZE
    assert [report.number async for report in run] == list(range(2, 2 * BATCH_SIZE + 11))
    assert world.database.steps.count("commit") == 3


async def test_an_import_that_breaks_off_goes_on_where_it_was() -> None:
    world = World()
    lines = [line(world, f"person{number}@example.com") for number in range(BATCH_SIZE + 5)]
    reports: list[LineReport] = []
    run = world.use_cases.user_import.run(lines, dry_run=False, caller=world.system)
    with pytest.raises(DependencyUnavailable):  # noqa: PT012 - the loop is what raises
        async for report in run:
            reports.append(report)
            world.database.disconnect()
    assert len(reports) == BATCH_SIZE
    assert len(world.database.tables.users) == BATCH_SIZE
    world.database.mend()
    rest = [outcome for _, outcome in told(await bring(world, lines))]
    assert rest == [EXISTING] * BATCH_SIZE + [IMPORTED] * 5
    assert len(world.database.audit_entries) == len(world.database.tables.users)


async def test_two_imports_of_one_file_at_once_share_it() -> None:
    world = World()
    lines = [line(world, f"person{number}@example.com") for number in range(20)]
    first, second = await outcomes([bring(world, lines), bring(world, lines[::-1])])
    assert isinstance(first, list)
    assert isinstance(second, list)
    imported = [report for report in (*first, *second) if report.outcome is IMPORTED]
    assert len(imported) == len(world.database.tables.users) == 20
    assert len(world.database.audit_entries) == 20


async def test_failures_before_the_import_do_not_shut_the_person_out() -> None:
    world = World()
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await world.login(password="a guess")
    assert world.database.tables.login_failures
    await bring(world, [line(world)])
    assert not world.database.tables.login_failures
    await world.login(password=PASSWORD)


async def test_the_address_of_a_deleted_account_is_free() -> None:
    world = World()
    user = await world.register()
    await world.use_cases.deletion.delete(user.id, caller=world.caller(user))
    assert told(await bring(world, [line(world)])) == [(1, IMPORTED)]


async def test_an_empty_file_stores_nothing() -> None:
    world = World()
    assert await bring(world, []) == []
    assert await bring(world, [b"\n", b"   \n"]) == []
    assert world.database.steps == []
