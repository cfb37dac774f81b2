"""Mail on its whole way: written in PostgreSQL, carried by senders, read at a real mail server."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from devstack.smtp import SmtpServer
from tests.integration.mail_post import CLOCK, POLICY, TOKENS, Fate, Post
from tests.integration.mailbox import (
    html_text,
    mail_server,
    plain_text,
    token_in,
    until,
)
from tests.postgres_client import open_database
from tests.servers import Database


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmtpServer]:
    """A mail server of the test's own."""
    with mail_server(tmp_path) as server:
        yield server


@pytest_asyncio.fixture
async def post(database: Database, server: SmtpServer) -> AsyncIterator[Post]:
    async with open_database(database.service_dsn) as adapter:
        yield Post(adapter, database.owner_dsn, server)


async def test_a_mail_arrives_in_both_forms_with_a_token_that_is_stored_nowhere(
    post: Post,
) -> None:
    user = await post.person()
    await post.write(user)
    async with post.sending(post.sender()):
        mail = await post.box(user).next_mail()
        await until(post.all_done)
    token = token_in(mail)
    assert f"reset-password#token={token}" in html_text(mail)
    assert "text/plain" in [part.get_content_type() for part in mail.iter_parts()]
    async with post.database.reading() as stored:
        found = await stored.one_time_tokens.get(TOKENS.digest(token))
    assert found is not None
    assert found.user_id == user.id
    assert found.serves(TokenPurpose.PASSWORD_RESET, CLOCK.now())
    assert token not in post.stored_text()
    assert user.email not in post.stored_text()
    assert post.fates() == [Fate(sent=True, abandoned=False, attempts=0, last_error=None)]


async def test_each_of_many_mails_arrives_once_whoever_sends_it(post: Post) -> None:
    people = [await post.person() for _ in range(15)]
    for user in people:
        await post.write(user)
    async with post.sending(*(post.sender() for _ in range(4))):
        await until(post.all_done)
    assert Counter(len(post.box(user).mails()) for user in people) == {1: 15}


async def test_while_the_server_is_down_mail_waits_and_is_delivered_once_when_it_is_back(
    post: Post,
) -> None:
    user = await post.person()
    post.server.kill()
    await post.write(user)
    async with post.sending(post.sender(), post.sender()):
        await until(lambda: post.metrics.failures["smtp"] >= 5)
        (fate,) = post.fates()
        assert (fate.sent, fate.abandoned, fate.attempts) == (False, False, 0)
        assert fate.last_error == "ConnectionRefusedError"
        post.server.start()
        await post.box(user).next_mail()
        await until(post.all_done)
    assert len(post.box(user).mails()) == 1


async def test_a_server_that_freezes_keeps_mail_back_and_no_connection_to_the_database(
    post: Post,
) -> None:
    user = await post.person()
    post.server.pause()
    await post.write(user)
    async with post.sending(post.sender()):
        await until(lambda: post.metrics.failures["smtp"] >= 2)
        measures = post.database.pool_measures()
        assert measures["pool_available"] == measures["pool_size"]
        post.server.resume()
        await post.box(user).next_mail()
        await until(post.all_done)
    assert post.fates()[0].attempts == 0


async def test_a_mail_that_the_server_refuses_for_good_is_given_up_after_some_tries(
    post: Post,
) -> None:
    refused, other = await post.person("refused.example"), await post.person()
    await post.write(refused)
    await post.write(other)
    async with post.sending(post.sender()):
        await until(post.all_done)
    assert post.fates() == [
        Fate(sent=False, abandoned=True, attempts=3, last_error="smtp_550"),
        Fate(sent=True, abandoned=False, attempts=0, last_error=None),
    ]
    assert post.metrics.refusals == {"smtp_550": 2}
    assert post.metrics.abandonments == {"smtp_550": 1}
    assert refused.email not in post.stored_text()


async def test_a_mail_that_the_server_refuses_for_now_is_tried_again(post: Post) -> None:
    user = await post.person("busy.example")
    await post.write(user)
    patient = replace(POLICY, max_refusals=100)
    async with post.sending(post.sender(patient)):
        await until(lambda: post.fates()[0].attempts >= 3)
    (fate,) = post.fates()
    assert (fate.sent, fate.abandoned, fate.last_error) == (False, False, "smtp_451")


async def test_a_sender_with_another_key_sends_no_token_that_would_be_refused(post: Post) -> None:
    user = await post.person()
    await post.write(user)
    async with post.sending(post.sender(key=bytes(32))):
        await until(lambda: post.fates()[0].attempts >= 1)
    assert post.box(user).mails() == []
    assert post.fates()[0].last_error == "token_key_unknown"


async def test_a_newer_mail_takes_the_place_of_one_that_waits(post: Post) -> None:
    user = await post.person()
    await post.write(user)
    await post.write(user)
    async with post.sending(post.sender()):
        await until(post.all_done)
    (mail,) = post.box(user).mails()
    async with post.database.reading() as stored:
        token = await stored.one_time_tokens.get(TOKENS.digest(token_in(mail)))
    assert token is not None
    assert token.serves(TokenPurpose.PASSWORD_RESET, CLOCK.now())
    assert [fate.last_error for fate in post.fates()] == ["token_superseded", None]


async def test_a_mail_that_was_sent_but_not_marked_is_sent_again_with_its_message_id(
    post: Post,
) -> None:
    user = await post.person()
    await post.write(user, MailTemplate.WELCOME)
    queue = post.database.mail_queue()
    now = CLOCK.now()
    claimed = await queue.claim(now=now, until=now + timedelta(seconds=0.2))
    assert claimed is not None
    dying = post.sender()
    await dying._transport.send(dying._message(claimed))
    async with post.sending(post.sender()):
        await until(post.all_done)
    first, second = post.box(user).mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert plain_text(first) == plain_text(second)
