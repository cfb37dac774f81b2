"""What the sender may expect of every outbox of mail."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.domain.mail import MailTemplate, NewMail, WaitingMail
from core.domain.one_time_token import TokenPurpose
from core.domain.user import User
from tests.contract.records import Records
from tests.contract.storage import (
    MailState,
    Storage,
    store_mail,
    store_one_time_token,
    store_user,
)

pytestmark = pytest.mark.asyncio

MINUTE = timedelta(minutes=1)


async def claim(storage: Storage, now: datetime) -> WaitingMail | None:
    return await storage.mail_queue.claim(now=now, until=now + MINUTE)


async def stored_mail(storage: Storage, records: Records) -> tuple[User, NewMail]:
    user = await store_user(storage, records.new_user())
    mail = records.mail(user.id)
    await store_mail(storage, mail)
    return user, mail


async def fate(storage: Storage) -> MailState:
    (state,) = storage.mail_states()
    return state


async def test_an_empty_outbox_gives_nothing(storage: Storage, records: Records) -> None:
    assert await claim(storage, records.now()) is None
    backlog = await storage.mail_queue.backlog()
    assert (backlog.count, backlog.oldest_occurred_at) == (0, None)


async def test_a_mail_is_claimed_with_its_address_and_its_token(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user("Ada@Example.com"))
    token = records.one_time_token(user.id, TokenPurpose.EMAIL_VERIFICATION)
    await store_one_time_token(storage, token)
    mail = records.mail(user.id, MailTemplate.WELCOME, token=token)
    await store_mail(storage, mail)
    assert await claim(storage, records.now()) == WaitingMail(
        id=mail.id,
        template=MailTemplate.WELCOME,
        created_at=mail.created_at,
        refusals=0,
        address="Ada@Example.com",
        token=token,
    )


async def test_a_mail_without_a_token_is_claimed_too(storage: Storage, records: Records) -> None:
    user, mail = await stored_mail(storage, records)
    claimed = await claim(storage, records.now())
    assert claimed is not None
    assert (claimed.id, claimed.address, claimed.token) == (mail.id, user.email, None)


async def test_a_mail_to_nobody_is_not_written_and_breaks_nothing(
    storage: Storage, records: Records
) -> None:
    await store_mail(storage, records.mail(records.ids.new_id()))
    assert storage.mail_states() == []


async def test_a_mail_of_a_unit_of_work_that_is_left_is_not_written(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    async with storage.database.transaction() as unit:
        await unit.mail.append(records.mail(user.id))
    assert storage.mail_states() == []


async def test_what_has_become_of_person_and_token_since_shows(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    token = await store_one_time_token(storage, records.one_time_token(user.id))
    await store_mail(storage, records.mail(user.id, MailTemplate.PASSWORD_RESET, token=token))
    at = records.later()
    async with storage.database.transaction() as unit:
        await unit.one_time_tokens.mark_used(token.id, at=at)
        await unit.users.soft_delete(user.id, at=at)
        await unit.commit()
    claimed = await claim(storage, records.now())
    assert claimed is not None
    assert claimed.address is None
    assert claimed.token == replace(token, used_at=at)


async def test_mails_are_claimed_one_by_one_the_one_due_for_longest_first(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    mails = await store_mail(storage, *(records.mail(user.id) for _ in range(3)))
    now = records.now()
    claimed = [await claim(storage, now) for _ in range(4)]
    assert [each and each.id for each in claimed] == [*(mail.id for mail in mails), None]


async def test_a_mail_is_not_due_before_its_time(storage: Storage, records: Records) -> None:
    _, mail = await stored_mail(storage, records)
    assert await claim(storage, mail.created_at - timedelta(microseconds=1)) is None
    assert await claim(storage, mail.created_at) is not None


async def test_a_claimed_mail_is_nobody_elses_until_the_claim_runs_out(
    storage: Storage, records: Records
) -> None:
    _, mail = await stored_mail(storage, records)
    now = records.now()
    assert await claim(storage, now) is not None
    assert await claim(storage, now + MINUTE - timedelta(microseconds=1)) is None
    again = await claim(storage, now + MINUTE)
    assert again is not None
    assert (again.id, again.refusals) == (mail.id, 0)


async def test_many_senders_at_once_never_claim_one_mail(
    storage: Storage, records: Records
) -> None:
    user = await store_user(storage, records.new_user())
    mails = await store_mail(storage, *(records.mail(user.id) for _ in range(12)))
    now = records.now()

    async def work() -> list[WaitingMail]:
        claimed = []
        while (mail := await claim(storage, now)) is not None:
            claimed.append(mail)
        return claimed

    shares = await asyncio.gather(*(work() for _ in range(4)))
    ids = [mail.id for share in shares for mail in share]
    # Whoever finds the first waiting mail held by another at that moment takes the next one.
    assert sorted(ids) == sorted(mail.id for mail in mails)


async def test_a_mail_that_was_sent_is_done(storage: Storage, records: Records) -> None:
    _, mail = await stored_mail(storage, records)
    now = records.now()
    await claim(storage, now)
    await storage.mail_queue.mark_sent(mail.id, at=now)
    state = await fate(storage)
    assert (state.sent_at, state.abandoned_at, state.attempts) == (now, None, 0)
    assert await claim(storage, now + MINUTE) is None
    await storage.mail_queue.abandon(mail.id, cause="late", at=now, refused=True)
    await storage.mail_queue.postpone(mail.id, cause="late", until=now, refused=True)
    assert await fate(storage) == state


async def test_a_postponed_mail_comes_back_and_refusals_are_counted(
    storage: Storage, records: Records
) -> None:
    _, mail = await stored_mail(storage, records)
    now = records.now()
    for refused in (True, False, True):
        assert await claim(storage, now) is not None
        now += MINUTE
        await storage.mail_queue.postpone(mail.id, cause="smtp_451", until=now, refused=refused)
        assert await claim(storage, now - timedelta(microseconds=1)) is None
    claimed = await claim(storage, now)
    assert claimed is not None
    assert claimed.refusals == 2
    assert (await fate(storage)).last_error == "smtp_451"


@pytest.mark.parametrize("refused", [True, False])
async def test_an_abandoned_mail_is_done(
    storage: Storage,
    records: Records,
    refused: bool,  # noqa: FBT001
) -> None:
    _, mail = await stored_mail(storage, records)
    now = records.now()
    await claim(storage, now)
    await storage.mail_queue.abandon(mail.id, cause="smtp_550", at=now, refused=refused)
    state = await fate(storage)
    assert (state.sent_at, state.abandoned_at, state.attempts) == (None, now, int(refused))
    assert state.last_error == "smtp_550"
    assert await claim(storage, now + MINUTE) is None


async def test_the_backlog_is_what_is_still_to_be_sent(storage: Storage, records: Records) -> None:
    user = await store_user(storage, records.new_user())
    oldest, sent, given_up, newest = await store_mail(
        storage, *(records.mail(user.id) for _ in range(4))
    )
    now = records.now()
    await storage.mail_queue.mark_sent(sent.id, at=now)
    await storage.mail_queue.abandon(given_up.id, cause="too_old", at=now, refused=False)
    await storage.mail_queue.postpone(oldest.id, cause="x", until=now + MINUTE, refused=True)
    backlog = await storage.mail_queue.backlog()
    assert (backlog.count, backlog.oldest_occurred_at) == (2, oldest.created_at)
    assert newest.created_at > oldest.created_at
