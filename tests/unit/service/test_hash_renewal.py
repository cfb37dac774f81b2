"""A login renews the hash of a right password where it is not of today's making."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.errors import (
    AccountSuspended,
    Conflict,
    DomainError,
    InvalidCredentials,
    ServerBusy,
)
from core.domain.events import SessionCreated
from core.domain.mail import MailTemplate
from core.domain.session import LoginResult
from core.domain.user import User
from tests.fakes.world import PASSWORD, World
from tests.unit.service.concurrently import outcomes

TWELVE = "twelve chars"
"""As long as the hashes of another system reach, here."""
LONGER = "twelve chars and more"


async def imported(world: World, password: str = TWELVE) -> User:
    """Make an account whose hash another system has made."""
    user = await world.register()
    world.store_password_hash(user.id, world.hasher.foreign(password))
    world.forget_the_past()
    return user


def stored_hash(world: World, user: User) -> str:
    return world.database.tables.users[user.id].hashed_password


async def test_the_first_login_after_an_import_renews_the_hash() -> None:
    world = World()
    user = await imported(world)
    before = stored_hash(world, user)
    await world.login(password=TWELVE)
    after = stored_hash(world, user)
    assert after != before
    assert not world.hasher.needs_rehash(after)
    await world.login(password=TWELVE)
    assert stored_hash(world, user) == after


async def test_a_hash_of_other_parameters_is_renewed() -> None:
    world = World()
    user = await world.register()
    world.hasher.parameters = "stronger"
    await world.login()
    assert stored_hash(world, user).startswith("$stronger$")
    await world.login()


async def test_a_hash_of_todays_parameters_is_left_and_hashed_no_second_time() -> None:
    world = World()
    user = await world.register()
    before = stored_hash(world, user)
    worked: list[str] = []
    world.hasher.during_work = lambda: worked.append("once")
    await world.login()
    assert stored_hash(world, user) == before
    assert worked == ["once"]


async def test_a_renewal_is_part_of_the_login_that_brought_it() -> None:
    world = World()
    user = await imported(world)
    world.database.steps.clear()
    result = await world.login(password=TWELVE)
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.LOGIN, AuditOutcome.SUCCESS)
    assert entry.details["password_rehashed"] is True
    assert world.database.events == [
        SessionCreated(user_id=user.id, session_id=result.tokens.session_id)
    ]
    assert world.database.steps.count("commit") == 1
    assert world.stored_user(user.id) == user


async def test_a_usual_login_says_nothing_of_hashes() -> None:
    world = World()
    await world.register()
    world.forget_the_past()
    await world.login()
    assert "password_rehashed" not in world.only_audit_entry.details


async def test_a_renewal_comes_with_a_challenge_too() -> None:
    world = World()
    user = await world.register()
    await world.enroll(user)
    world.hasher.parameters = "stronger"
    world.forget_the_past()
    challenge = await world.challenge()
    assert stored_hash(world, user).startswith("$stronger$")
    assert world.only_audit_entry.details == {
        "second_factor": "required",
        "password_rehashed": True,
    }
    result = await world.complete(challenge, world.totp_code(user, steps=1))
    assert isinstance(result, LoginResult)


async def test_no_connection_waits_for_the_renewal() -> None:
    world = World()
    await imported(world)
    open_units: list[int] = []
    world.hasher.during_work = lambda: open_units.append(world.database.open_units)
    await world.login(password=TWELVE)
    assert open_units == [0, 0]


@pytest.mark.parametrize("password", ["wrong", "", "twelve charZ"])
async def test_a_wrong_password_renews_nothing(password: str) -> None:
    world = World()
    user = await imported(world)
    before = stored_hash(world, user)
    worked: list[str] = []
    world.hasher.during_work = lambda: worked.append("once")
    with pytest.raises(InvalidCredentials):
        await world.login(password=password)
    assert stored_hash(world, user) == before
    assert worked == ["once"]


async def test_a_suspended_account_s_hash_is_left() -> None:
    world = World()
    user = await imported(world)
    before = stored_hash(world, user)
    await world.use_cases.administration.suspend(user.id, reason="fraud", caller=world.staff())
    with pytest.raises(AccountSuspended):
        await world.login(password=TWELVE)
    assert stored_hash(world, user) == before


async def test_who_is_right_comes_in_even_if_there_is_no_time_to_renew() -> None:
    world = World()
    user = await imported(world)
    before = stored_hash(world, user)

    async def busy(password: str) -> str:
        assert password
        raise ServerBusy

    world.hasher.hash = busy  # type: ignore[method-assign]
    await world.login(password=TWELVE)
    assert stored_hash(world, user) == before
    assert world.only_audit_entry.details.get("password_rehashed") is None


async def test_of_many_first_logins_at_once_all_come_in_and_one_hash_stays() -> None:
    """The second one finds another hash than it compared with, and compares again."""
    world = World()
    user = await imported(world)
    found = await outcomes(world.login(password=TWELVE) for _ in range(6))
    assert all(isinstance(result, LoginResult) for result in found), found
    renewals = [
        entry for entry in world.database.audit_entries if entry.details.get("password_rehashed")
    ]
    assert len(renewals) == 1
    assert len(world.database.audit_entries) == 6
    assert not world.hasher.needs_rehash(stored_hash(world, user))


async def test_a_renewal_never_undoes_a_password_that_was_chosen_meanwhile() -> None:
    """Chosen while the new hash of the old password is being made."""
    world = World()
    user = await imported(world)
    chosen = await world.hasher.hash("chosen meanwhile")
    plain = world.hasher.hash

    async def hash_slowly(password: str) -> str:
        world.store_password_hash(user.id, chosen)
        return await plain(password)

    world.hasher.hash = hash_slowly  # type: ignore[method-assign]
    with pytest.raises(InvalidCredentials):
        await world.login(password=TWELVE)
    assert stored_hash(world, user) == chosen
    assert not world.database.tables.sessions


async def test_a_reset_beside_a_first_login_wins_whichever_comes_first() -> None:
    new = "another horse, another battery"

    async def race(world: World, user: User) -> None:
        await world.use_cases.password_reset.request(email=user.email, caller=world.nobody)
        token = world.mailed_token(MailTemplate.PASSWORD_RESET)

        async def reset() -> None:
            await world.use_cases.password_reset.reset(
                token=token, new_password=new, caller=world.nobody
            )

        async def login() -> None:
            await world.login(password=TWELVE)

        found = await outcomes([reset(), login()])
        assert found[0] is None
        assert found[1] is None or isinstance(found[1], InvalidCredentials | Conflict)

    for pause in range(12):
        world = World()
        user = await imported(world)
        plain = world.hasher.judge

        async def later(
            hashed_password: str | None,
            password: str,
            judge: object = plain,
            pause: int = pause,
        ) -> object:
            for _ in range(pause):
                await asyncio.sleep(0)
            return await judge(hashed_password, password)  # type: ignore[operator]

        world.hasher.judge = later  # type: ignore[method-assign,assignment]
        await race(world, user)
        world.hasher.judge = plain  # type: ignore[method-assign]
        await world.login(password=new)
        with pytest.raises(InvalidCredentials):
            await world.login(password=TWELVE)


async def test_a_login_that_never_sees_the_same_hash_twice_gives_up() -> None:
    world = World()
    user = await world.register()
    hashes = iter([await world.hasher.hash(PASSWORD) for _ in range(9)])
    world.hasher.during_work = lambda: world.store_password_hash(user.id, next(hashes))
    with pytest.raises(Conflict):
        await world.login()
    assert not world.database.tables.sessions


async def test_beyond_the_reach_of_an_imported_hash_nobody_comes_in_and_a_reset_is_mailed() -> None:
    world = World()
    user = await imported(world)
    before = stored_hash(world, user)
    with pytest.raises(InvalidCredentials):
        await world.login(password=LONGER)
    assert stored_hash(world, user) == before
    assert not world.database.tables.sessions
    entry = world.only_audit_entry
    assert (entry.action, entry.outcome) == (AuditAction.LOGIN, AuditOutcome.FAILURE)
    assert entry.reason == "INVALID_CREDENTIALS"
    assert entry.details == {"cause": "password_beyond_72_bytes", "mail": "password_reset"}
    (mail,) = world.mails(MailTemplate.PASSWORD_RESET)
    assert mail.user_id == user.id


async def test_the_mail_leads_to_a_password_of_any_length() -> None:
    world = World()
    await imported(world)
    with pytest.raises(InvalidCredentials):
        await world.login(password=LONGER)
    await world.use_cases.password_reset.reset(
        token=world.mailed_token(MailTemplate.PASSWORD_RESET),
        new_password=LONGER,
        caller=world.nobody,
    )
    await world.login(password=LONGER)
    with pytest.raises(InvalidCredentials):
        await world.login(password=LONGER[:-1] + "x")


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong and rather long"),
        ("ada@example.com", "x" + LONGER),
        ("eve@example.com", LONGER),
    ],
)
async def test_who_does_not_know_what_the_hash_reads_makes_nobody_get_mail(
    email: str, password: str
) -> None:
    world = World()
    await imported(world)
    with pytest.raises(InvalidCredentials):
        await world.login(email, password)
    assert not world.database.tables.mail
    assert world.only_audit_entry.details == {}


async def test_an_own_hash_has_no_reach() -> None:
    world = World()
    user = await world.register()
    world.store_password_hash(user.id, await world.hasher.hash(TWELVE))
    world.forget_the_past()
    with pytest.raises(InvalidCredentials):
        await world.login(password=LONGER)
    assert not world.database.tables.mail


async def test_a_failure_beyond_the_reach_counts_like_any_other() -> None:
    world = World()
    await imported(world)
    errors: list[type[DomainError]] = []
    for _ in range(6):
        try:
            await world.login(password=LONGER)
        except DomainError as error:
            errors.append(type(error))
    counted = list(errors)
    world = World()
    await imported(world)
    errors.clear()
    for _ in range(6):
        try:
            await world.login(password="wrong")
        except DomainError as error:
            errors.append(type(error))
    assert errors == counted


async def test_a_deleted_account_s_reach_is_nobodys_business() -> None:
    world = World()
    user = await imported(world)
    world.store_user(replace(user, deleted_at=world.clock.now()))
    with pytest.raises(InvalidCredentials):
        await world.login(password=LONGER)
    assert not world.database.tables.mail
