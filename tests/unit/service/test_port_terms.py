"""The fake database refuses use cases that break the terms of the ports."""

import pytest

from core.domain.errors import EmailAlreadyRegistered
from core.domain.events import RecordedEvent, UserDeleted
from core.domain.mfa import TotpEnrolment
from core.domain.user import NewUser, Role
from tests.fakes.clock import START
from tests.fakes.tables import PortMisuse
from tests.fakes.world import World


async def test_an_event_needs_the_lock_of_its_person() -> None:
    world = World()
    user = await world.register()
    event = RecordedEvent(
        id=world.ids.new_id(), occurred_at=START, trace_id="", event=UserDeleted(user_id=user.id)
    )
    async with world.database.transaction() as unit:
        with pytest.raises(PortMisuse, match="lock of the person"):
            await unit.outbox.append(event)
        await unit.users.lock(user.id)
        await unit.outbox.append(event)


async def test_the_administrators_are_locked_before_anybody() -> None:
    world = World()
    user = await world.register()
    async with world.database.transaction() as unit:
        await unit.users.lock_admins()
        await unit.users.lock(user.id)
        await unit.users.lock_admins()
    async with world.database.transaction() as unit:
        await unit.users.lock(user.id)
        with pytest.raises(PortMisuse, match="before any row lock"):
            await unit.users.lock_admins()


async def test_a_session_is_locked_after_its_person() -> None:
    world = World()
    user = await world.register()
    session_id = (await world.login()).tokens.session_id
    async with world.database.transaction() as unit:
        with pytest.raises(PortMisuse, match="after its user"):
            await unit.sessions.lock(session_id)
        await unit.users.lock(user.id)
        assert await unit.sessions.lock(session_id) is not None


async def test_the_second_factor_is_changed_under_the_lock_of_its_person() -> None:
    world = World()
    user = await world.register()
    enrolment = TotpEnrolment(user_id=user.id, sealed_secret="vault:v1:x", created_at=START)
    async with world.database.transaction() as unit:
        with pytest.raises(PortMisuse, match="locked before"):
            await unit.totp_enrolments.put(enrolment)
        with pytest.raises(PortMisuse, match="locked before"):
            await unit.recovery_codes.use(user.id, "digest", at=START)
        await unit.users.lock(user.id)
        await unit.totp_enrolments.put(enrolment)


async def test_nothing_is_written_outside_a_unit_of_work() -> None:
    world = World()
    user = await world.register()
    async with world.database.reading() as stored:
        with pytest.raises(PortMisuse, match="unit of work"):
            await stored.users.soft_delete(user.id, at=START)


async def test_a_unit_of_work_ends_with_its_commit() -> None:
    world = World()
    user = await world.register()
    async with world.database.transaction() as unit:
        await unit.commit()
        with pytest.raises(PortMisuse, match="committed"):
            await unit.users.get_by_id(user.id)
        with pytest.raises(PortMisuse, match="committed"):
            await unit.commit()


async def test_a_refused_statement_spoils_the_whole_unit_of_work() -> None:
    world = World()
    user = await world.register()
    rival = NewUser(
        id=world.ids.new_id(),
        email=user.email,
        email_key=user.email,
        full_name=None,
        hashed_password="",
        role=Role.USER,
        created_at=START,
    )
    async with world.database.transaction() as unit:
        with pytest.raises(EmailAlreadyRegistered):
            await unit.users.create(rival)
        with pytest.raises(PortMisuse, match="aborted"):
            await unit.commit()
