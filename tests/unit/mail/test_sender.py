"""What becomes of each mail, on an outbox and a mail server in memory."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.errors import DependencyUnavailable
from core.domain.mail import MailTemplate
from tests.unit.mail.mail_scene import LINKS, MailScene

POSTGRES_DOWN = DependencyUnavailable("postgres")


async def test_a_mail_reaches_its_person_with_the_token_that_was_meant() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    assert await scene.send_all() == 1
    (message,) = scene.server.taken
    assert message.address == "ada@example.com"
    assert message.id == scene.only_row.mail.id
    assert f"{LINKS}/reset-password#token={scene.token()}" in message.text
    assert scene.only_row.sent_at == scene.world.clock.now()
    assert await scene.send_all() == 0


async def test_the_token_in_the_mail_sets_the_password() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    await scene.send_all()
    (line,) = [line for line in scene.server.taken[0].text.splitlines() if "#token=" in line]
    await scene.world.use_cases.password_reset.reset(
        token=line.partition("#token=")[2],
        new_password="another horse",
        caller=scene.world.nobody,
    )
    await scene.world.login(password="another horse")


async def test_mails_are_sent_in_the_order_in_which_they_were_written() -> None:
    scene = MailScene()
    people = [f"person{number}@example.com" for number in range(3)]
    for email in people:
        await scene.person(email)
    for email in reversed(people):
        scene.world.clock.advance(1)
        await scene.ask_for_reset(email)
    await scene.send_all()
    assert scene.taken == people[::-1]


async def test_a_mail_without_a_token_is_sent_as_well() -> None:
    scene = MailScene()
    user = await scene.person()
    await scene.world.use_cases.password_change.change(
        user.id,
        current_password="correct horse battery staple",
        new_password="another horse",
        caller=scene.world.caller(user),
    )
    await scene.send_all()
    assert scene.taken == ["ada@example.com"]
    assert "token" not in scene.server.taken[0].text


async def test_the_address_is_the_one_of_the_moment_at_which_it_is_sent() -> None:
    scene = MailScene()
    user = await scene.person()
    await scene.ask_for_reset()
    scene.world.store_user(replace(user, email="Ada.Byron@example.com"))
    await scene.send_all()
    assert scene.taken == ["Ada.Byron@example.com"]


async def test_nothing_is_sent_to_whom_has_left() -> None:
    scene = MailScene()
    user = await scene.person()
    await scene.ask_for_reset()
    await scene.world.use_cases.deletion.delete(user.id, caller=scene.world.caller(user))
    assert await scene.send_all() == 1
    assert scene.server.tried == []
    assert scene.only_row.last_error == "account_deleted"
    assert scene.only_row.abandoned_at == scene.world.clock.now()


async def test_a_token_that_a_newer_one_has_replaced_is_not_sent() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    await scene.ask_for_reset()
    assert await scene.send_all() == 2
    (message,) = scene.server.taken
    assert scene.token() in message.text
    assert scene.metrics.abandonments == {"token_superseded": 1}


async def test_a_token_that_was_used_is_not_sent() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    await scene.world.use_cases.password_reset.reset(
        token=scene.token(), new_password="another horse", caller=scene.world.nobody
    )
    await scene.send_all()
    assert scene.metrics.abandonments == {"token_used": 1}
    assert "reset-password" not in "".join(message.text for message in scene.server.taken)


async def test_a_token_that_has_run_out_is_not_sent() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.world.clock.advance(30 * 60)
    await scene.send_all()
    assert scene.server.tried == []
    assert scene.only_row.last_error == "token_expired"


async def test_a_mail_without_a_token_is_not_sent_when_it_is_old() -> None:
    scene = MailScene()
    user = await scene.person()
    await scene.world.use_cases.password_change.change(
        user.id,
        current_password="correct horse battery staple",
        new_password="another horse",
        caller=scene.world.caller(user),
    )
    scene.world.clock.advance(24 * 3600)
    await scene.send_all()
    assert scene.server.tried == []
    assert scene.only_row.last_error == "too_old"


async def test_while_no_server_can_be_reached_nothing_is_counted_and_all_arrives_later() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.server.down = True
    for _ in range(20):
        with pytest.raises(DependencyUnavailable):
            await scene.sender.send_next()
        scene.world.clock.advance(1)
    assert scene.only_row.last_error == "ConnectionRefusedError"
    assert scene.only_row.refusals == 0
    scene.server.down = False
    assert await scene.send_all() == 1
    assert scene.taken == ["ada@example.com"]


async def test_a_refused_mail_is_tried_again_after_longer_and_longer_pauses() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.server.refusals["ada@example.com"] = "smtp_451"
    assert await scene.send_all() == 1
    now = scene.world.clock.now()
    assert scene.only_row.next_attempt_at == now + timedelta(seconds=15)
    scene.world.clock.advance(14.999)
    assert await scene.send_all() == 0
    scene.world.clock.advance(0.001)
    assert await scene.send_all() == 1
    now = scene.world.clock.now()
    assert scene.only_row.next_attempt_at == now + timedelta(seconds=30)
    assert (scene.only_row.refusals, scene.only_row.last_error) == (2, "smtp_451")
    del scene.server.refusals["ada@example.com"]
    scene.world.clock.advance(30)
    await scene.send_all()
    assert scene.taken == ["ada@example.com"]
    assert scene.metrics.refusals == {"smtp_451": 2}


async def test_a_mail_that_is_refused_again_and_again_is_given_up() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.server.refusals["ada@example.com"] = "smtp_550"
    for _ in range(10):
        await scene.send_all()
        scene.world.clock.advance(60)
    assert len(scene.server.tried) == 3
    assert (scene.only_row.refusals, scene.only_row.last_error) == (3, "smtp_550")
    assert scene.only_row.abandoned_at is not None
    assert scene.metrics.refusals == {"smtp_550": 2}
    assert scene.metrics.abandonments == {"smtp_550": 1}


async def test_a_refused_mail_holds_up_nobody_elses() -> None:
    scene = MailScene()
    for email in ("ada@example.com", "ben@example.com"):
        await scene.person(email)
    for email in ("ada@example.com", "ben@example.com"):
        await scene.ask_for_reset(email)
    scene.server.refusals["ada@example.com"] = "smtp_550"
    await scene.send_all()
    assert scene.taken == ["ben@example.com"]


async def test_a_defect_is_no_reason_to_try_for_ever() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.server.defect = RuntimeError("a defect")
    for _ in range(10):
        await scene.send_all()
        scene.world.clock.advance(60)
    assert len(scene.server.tried) == 3
    assert scene.only_row.last_error == "internal"
    assert scene.only_row.abandoned_at is not None


async def test_a_mail_whose_key_is_not_known_here_waits_for_it() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.world.one_time_tokens.key = "another key"
    await scene.send_all()
    assert scene.server.tried == []
    assert scene.only_row.last_error == "token_key_unknown"
    scene.world.one_time_tokens.key = "key"
    scene.world.clock.advance(15)
    await scene.send_all()
    assert scene.taken == ["ada@example.com"]


async def test_what_a_sender_has_begun_is_nobody_elses_until_it_is_taken_for_dead() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    now = scene.world.clock.now()
    claimed = await scene.queue.claim(now=now, until=now + timedelta(seconds=70))
    assert claimed is not None
    assert await scene.new_sender().send_next() is False
    scene.world.clock.advance(70)
    assert await scene.new_sender().send_next() is True
    assert [message.id for message in scene.server.taken] == [claimed.id]


async def test_a_mark_that_was_lost_leads_to_a_repeat_with_the_same_id() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()

    def lose_postgres() -> None:
        scene.queue.failure = POSTGRES_DOWN

    scene.server._on_send = lose_postgres
    with pytest.raises(DependencyUnavailable):
        await scene.sender.send_next()
    scene.queue.failure = None
    scene.server._on_send = lambda: None
    assert await scene.send_all() == 0
    scene.world.clock.advance(70)
    await scene.send_all()
    first, second = scene.server.taken
    assert first == second


async def test_the_lag_of_each_mail_is_reported_once_it_is_sent() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.world.clock.advance(7)
    await scene.send_all()
    assert scene.metrics.lags_seconds == [(MailTemplate.PASSWORD_RESET, 7.0)]
