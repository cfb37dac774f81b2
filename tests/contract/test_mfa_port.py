"""What every storage of the second factor promises."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.mfa import MfaChallenge, TotpEnrolment
from core.domain.user import User
from tests.contract.records import Records
from tests.contract.storage import Storage, store_user

pytestmark = pytest.mark.asyncio


async def person(storage: Storage, records: Records) -> User:
    return await store_user(storage, records.new_user())


async def enrolment_of(storage: Storage, user: User) -> TotpEnrolment | None:
    async with storage.database.reading() as stored:
        return await stored.totp_enrolments.get(user.id)


async def put(storage: Storage, enrolment: TotpEnrolment) -> bool:
    async with storage.database.transaction() as unit:
        await unit.users.lock(enrolment.user_id)
        stored = await unit.totp_enrolments.put(enrolment)
        await unit.commit()
    return stored


async def confirmed(storage: Storage, records: Records, *, step: int) -> tuple[User, TotpEnrolment]:
    user = await person(storage, records)
    enrolment = records.totp_enrolment(user.id)
    await put(storage, enrolment)
    at = records.later()
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        assert await unit.totp_enrolments.confirm(user.id, step=step, at=at)
        await unit.commit()
    return user, replace(enrolment, confirmed_at=at, last_used_step=step)


async def test_whether_a_second_factor_is_asked_for_is_recorded(
    storage: Storage, records: Records
) -> None:
    user = await person(storage, records)
    on, off = records.later(), records.later()
    async with storage.database.transaction() as unit:
        enabled = await unit.users.set_mfa_enabled(user.id, enabled=True, at=on)
        await unit.commit()
    assert enabled == replace(user, mfa_enabled=True, updated_at=on)
    async with storage.database.transaction() as unit:
        disabled = await unit.users.set_mfa_enabled(user.id, enabled=False, at=off)
        await unit.commit()
    assert disabled == replace(user, mfa_enabled=False, updated_at=off)


async def test_an_enrolment_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    assert await enrolment_of(storage, user) is None
    enrolment = records.totp_enrolment(user.id)
    assert await put(storage, enrolment)
    assert await enrolment_of(storage, user) == enrolment


async def test_a_pending_enrolment_gives_way_to_the_next(
    storage: Storage, records: Records
) -> None:
    user = await person(storage, records)
    await put(storage, records.totp_enrolment(user.id))
    second = records.totp_enrolment(user.id)
    assert await put(storage, second)
    assert await enrolment_of(storage, user) == second


async def test_a_confirmed_enrolment_stays(storage: Storage, records: Records) -> None:
    user, enrolment = await confirmed(storage, records, step=7)
    assert not await put(storage, records.totp_enrolment(user.id))
    assert await enrolment_of(storage, user) == enrolment


async def test_an_enrolment_is_confirmed_once(storage: Storage, records: Records) -> None:
    user, enrolment = await confirmed(storage, records, step=7)
    stranger = await person(storage, records)
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.users.lock(stranger.id)
        at = records.later()
        assert not await unit.totp_enrolments.confirm(user.id, step=8, at=at)
        assert not await unit.totp_enrolments.confirm(stranger.id, step=8, at=at)
        await unit.commit()
    assert await enrolment_of(storage, user) == enrolment


async def test_no_step_is_used_twice_and_none_after_a_later_one(
    storage: Storage, records: Records
) -> None:
    user, enrolment = await confirmed(storage, records, step=7)
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        used = [await unit.totp_enrolments.use_step(user.id, step=s) for s in (7, 9, 9, 8, 10)]
        await unit.commit()
    assert used == [False, True, False, False, True]
    assert await enrolment_of(storage, user) == replace(enrolment, last_used_step=10)


async def test_what_is_pending_or_absent_has_no_steps(storage: Storage, records: Records) -> None:
    pending, absent = await person(storage, records), await person(storage, records)
    await put(storage, records.totp_enrolment(pending.id))
    async with storage.database.transaction() as unit:
        await unit.users.lock(pending.id)
        await unit.users.lock(absent.id)
        assert not await unit.totp_enrolments.use_step(pending.id, step=1)
        assert not await unit.totp_enrolments.use_step(absent.id, step=1)
        await unit.commit()


async def test_of_many_who_use_a_step_at_once_one_succeeds(
    storage: Storage, records: Records
) -> None:
    user, _ = await confirmed(storage, records, step=7)

    async def use() -> bool:
        async with storage.database.transaction() as unit:
            await unit.users.lock(user.id)
            used = await unit.totp_enrolments.use_step(user.id, step=8)
            await unit.commit()
        return used

    assert sorted(await asyncio.gather(*(use() for _ in range(10)))) == [False] * 9 + [True]


async def test_an_enrolment_that_is_removed_is_gone(storage: Storage, records: Records) -> None:
    user, _ = await confirmed(storage, records, step=7)
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        assert await unit.totp_enrolments.remove(user.id)
        assert await unit.totp_enrolments.get(user.id) is None
        assert not await unit.totp_enrolments.remove(user.id)
        await unit.commit()
    assert await enrolment_of(storage, user) is None
    again = records.totp_enrolment(user.id)
    assert await put(storage, again)
    assert await enrolment_of(storage, user) == again


async def test_a_removal_without_a_commit_removes_nothing(
    storage: Storage, records: Records
) -> None:
    user, enrolment = await confirmed(storage, records, step=7)
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.totp_enrolments.remove(user.id)
    assert await enrolment_of(storage, user) == enrolment


async def test_recovery_codes_serve_once_each_and_their_person_alone(
    storage: Storage, records: Records
) -> None:
    user, stranger = await person(storage, records), await person(storage, records)
    one, two = records.digest(), records.digest()
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.recovery_codes.replace(user.id, [one, two], at=records.later())
        await unit.commit()
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.users.lock(stranger.id)
        assert not await unit.recovery_codes.use(stranger.id, one, at=records.later())
        assert not await unit.recovery_codes.use(user.id, records.digest(), at=records.later())
        assert await unit.recovery_codes.use(user.id, one, at=records.later())
        assert not await unit.recovery_codes.use(user.id, one, at=records.later())
        assert await unit.recovery_codes.count_unused(user.id) == 1
        await unit.commit()
    async with storage.database.reading() as stored:
        assert await stored.recovery_codes.count_unused(user.id) == 1
        assert await stored.recovery_codes.count_unused(stranger.id) == 0


async def test_of_many_who_use_a_recovery_code_at_once_one_succeeds(
    storage: Storage, records: Records
) -> None:
    user, code = await person(storage, records), records.digest()
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.recovery_codes.replace(user.id, [code], at=records.later())
        await unit.commit()

    async def use() -> bool:
        async with storage.database.transaction() as unit:
            await unit.users.lock(user.id)
            used = await unit.recovery_codes.use(user.id, code, at=records.now())
            await unit.commit()
        return used

    assert sorted(await asyncio.gather(*(use() for _ in range(10)))) == [False] * 9 + [True]


async def test_new_recovery_codes_replace_the_old_ones(storage: Storage, records: Records) -> None:
    user, stranger = await person(storage, records), await person(storage, records)
    old, new, foreign = records.digest(), records.digest(), records.digest()
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.users.lock(stranger.id)
        await unit.recovery_codes.replace(user.id, [old], at=records.later())
        await unit.recovery_codes.replace(stranger.id, [foreign], at=records.later())
        await unit.recovery_codes.use(user.id, old, at=records.later())
        await unit.recovery_codes.replace(user.id, [new, old], at=records.later())
        assert await unit.recovery_codes.count_unused(user.id) == 2
        await unit.recovery_codes.remove_all(user.id)
        assert await unit.recovery_codes.count_unused(user.id) == 0
        assert await unit.recovery_codes.count_unused(stranger.id) == 1
        await unit.commit()


async def challenge_of(storage: Storage, records: Records, user: User) -> MfaChallenge:
    challenge = records.mfa_challenge(user.id)
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.mfa_challenges.add(challenge)
        await unit.commit()
    return challenge


async def read_challenge(storage: Storage, digest: str) -> MfaChallenge | None:
    async with storage.database.reading() as stored:
        return await stored.mfa_challenges.get(digest)


async def test_a_challenge_is_read_as_it_was_stored(storage: Storage, records: Records) -> None:
    challenge = await challenge_of(storage, records, await person(storage, records))
    assert await read_challenge(storage, challenge.digest) == challenge
    assert await read_challenge(storage, records.digest()) is None


async def test_wrong_codes_of_a_challenge_are_counted(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    challenge, other = [await challenge_of(storage, records, user) for _ in range(2)]

    async def fail() -> None:
        async with storage.database.transaction() as unit:
            await unit.users.lock(user.id)
            await unit.mfa_challenges.count_failure(challenge.digest)
            await unit.commit()

    await asyncio.gather(*(fail() for _ in range(5)))
    assert await read_challenge(storage, challenge.digest) == replace(challenge, failures=5)
    assert await read_challenge(storage, other.digest) == other


async def test_a_challenge_is_used_once(storage: Storage, records: Records) -> None:
    user = await person(storage, records)
    challenge = await challenge_of(storage, records, user)
    first, second = records.later(), records.later()
    async with storage.database.transaction() as unit:
        await unit.users.lock(user.id)
        assert await unit.mfa_challenges.mark_used(challenge.digest, at=first)
        assert not await unit.mfa_challenges.mark_used(challenge.digest, at=second)
        assert not await unit.mfa_challenges.mark_used(records.digest(), at=second)
        await unit.commit()
    assert await read_challenge(storage, challenge.digest) == replace(challenge, used_at=first)


async def test_a_new_challenge_takes_the_expired_ones_of_its_person_away(
    storage: Storage, records: Records
) -> None:
    user, stranger = await person(storage, records), await person(storage, records)
    foreign = await challenge_of(storage, records, stranger)
    expired = await challenge_of(storage, records, user)
    records.later((expired.expires_at - records.now()).total_seconds() - 2)
    alive = await challenge_of(storage, records, user)
    assert await read_challenge(storage, expired.digest) == expired
    newest = await challenge_of(storage, records, user)
    assert newest.created_at == expired.expires_at
    assert await read_challenge(storage, expired.digest) is None
    for other in (foreign, alive, newest):
        assert await read_challenge(storage, other.digest) == other
