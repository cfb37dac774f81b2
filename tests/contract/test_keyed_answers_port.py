"""What every storage of kept answers promises."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from core.domain.idempotency import MAX_CONTENT_BYTES, KeyedAnswer, Outcome
from tests.contract.records import Records
from tests.contract.storage import Misuse, Storage

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 20.0


def an_answer(
    records: Records, name: str = "a call", *, content: bytes = b"\x0a\x00\xff"
) -> KeyedAnswer:
    now = records.later()
    return KeyedAnswer(
        digest=sha256(name.encode()).hexdigest(),
        request_digest=sha256(b"a request").hexdigest(),
        method="pandora.user.v1.UserService/SuspendUser",
        outcome=Outcome(status=0, content=content, subject_id=records.ids.new_id()),
        caller_id=records.ids.new_id(),
        created_at=now,
        expires_at=now + timedelta(seconds=60),
    )


async def keep(storage: Storage, answer: KeyedAnswer) -> bool:
    async with storage.database.transaction() as unit:
        added = await unit.keyed_answers.add(answer)
        await unit.commit()
    return added


async def found(storage: Storage, answer: KeyedAnswer, *, seconds: float = 0) -> KeyedAnswer | None:
    async with storage.database.reading() as stored:
        at = answer.created_at + timedelta(seconds=seconds)
        return await stored.keyed_answers.find(answer.digest, at=at)


async def test_an_answer_is_found_as_it_was_kept(storage: Storage, records: Records) -> None:
    answer = an_answer(records)
    assert await found(storage, answer) is None
    assert await keep(storage, answer)
    assert await found(storage, answer) == answer
    assert await found(storage, an_answer(records, "another call")) is None


async def test_an_answer_about_nobody_to_nobody_and_one_without_content_are_kept_too(
    storage: Storage, records: Records
) -> None:
    answer = replace(
        an_answer(records), caller_id=None, outcome=Outcome(status=5, content=b"", subject_id=None)
    )
    assert await keep(storage, answer)
    assert await found(storage, answer) == answer


async def test_the_longest_answer_is_kept(storage: Storage, records: Records) -> None:
    answer = an_answer(records, content=b"\x00" * MAX_CONTENT_BYTES)
    assert await keep(storage, answer)
    assert await found(storage, answer) == answer


async def test_it_is_not_found_any_more_from_the_moment_at_which_it_expires(
    storage: Storage, records: Records
) -> None:
    answer = an_answer(records)
    await keep(storage, answer)
    assert await found(storage, answer, seconds=59.999) == answer
    assert await found(storage, answer, seconds=60) is None


async def test_the_first_answer_stays(storage: Storage, records: Records) -> None:
    first = an_answer(records)
    assert await keep(storage, first)
    assert not await keep(storage, an_answer(records))
    assert await found(storage, first) == first


async def test_one_that_has_expired_gives_way(storage: Storage, records: Records) -> None:
    await keep(storage, an_answer(records))
    records.clock.advance(58)
    early, late = an_answer(records), an_answer(records)
    assert not await keep(storage, early)
    assert await keep(storage, late)
    assert await found(storage, late) == late


async def test_an_answer_that_is_not_committed_has_never_been(
    storage: Storage, records: Records
) -> None:
    answer = an_answer(records)
    async with storage.database.transaction() as unit:
        assert await unit.keyed_answers.add(answer)
        assert await unit.keyed_answers.find(answer.digest, at=answer.created_at) == answer
        assert await found(storage, answer) is None
    assert await found(storage, answer) is None


@pytest.mark.parametrize("commits", [True, False], ids=["commits", "is left"])
async def test_whoever_adds_the_same_waits_for_what_becomes_of_the_other(
    storage: Storage, records: Records, *, commits: bool
) -> None:
    first, second = an_answer(records), an_answer(records)
    async with asyncio.timeout(DEADLINE_SECONDS):
        async with storage.database.transaction() as unit:
            assert await unit.keyed_answers.add(first)
            waiting = asyncio.create_task(keep(storage, second))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
            if commits:
                await unit.commit()
        assert await waiting is not commits
    assert await found(storage, second) == (first if commits else second)


async def test_only_a_unit_of_work_adds(storage: Storage, records: Records) -> None:
    async with storage.database.reading() as stored:
        with pytest.raises(Misuse):
            await stored.keyed_answers.add(an_answer(records))
