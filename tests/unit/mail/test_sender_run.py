"""How the sender runs and ends, on an outbox and a mail server in memory."""

import asyncio
from dataclasses import replace
from typing import cast

from core.domain.backoff import BackoffPolicy
from core.domain.errors import DependencyUnavailable
from core.domain.ports.mail import MailQueue
from core.domain.ports.outbox_relay import Backlog
from core.mail.backlog_watch import watch_backlog
from tests.unit.mail.mail_scene import DEADLINE_SECONDS, POLICY, MailScene

POSTGRES_DOWN = DependencyUnavailable("postgres")


async def test_it_outlives_every_outage_and_recovers_by_itself() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    stopping = asyncio.Event()
    scene.queue.failure = POSTGRES_DOWN
    running = asyncio.create_task(scene.sender.run(stopping))
    await scene.until(lambda: scene.metrics.failures["postgres"] >= 3)
    scene.queue.failure = RuntimeError("a defect")
    await scene.until(lambda: scene.metrics.failures["internal"] >= 3)
    scene.queue.failure, scene.server.down = None, True
    await scene.until(lambda: scene.metrics.failures["smtp"] >= 1)
    scene.server.down = False
    scene.world.clock.advance(1)
    await scene.until(lambda: bool(scene.taken))
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)
    assert scene.taken == ["ada@example.com"]


async def test_a_stop_does_not_wait_for_a_back_off_to_end() -> None:
    scene = MailScene()
    scene.queue.failure = POSTGRES_DOWN
    patient = replace(POLICY, outage=BackoffPolicy(initial_seconds=3600, max_seconds=3600))
    stopping = asyncio.Event()
    running = asyncio.create_task(scene.new_sender(patient).run(stopping))
    await scene.until(lambda: scene.metrics.failures["postgres"] == 1)
    stopping.set()
    await asyncio.wait_for(running, DEADLINE_SECONDS)


async def test_a_stop_lets_the_mail_end_that_has_begun() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    stopping = asyncio.Event()
    scene.server._on_send = stopping.set
    await asyncio.wait_for(scene.sender.run(stopping), DEADLINE_SECONDS)
    assert scene.taken == ["ada@example.com"]
    assert scene.only_row.sent_at is not None


async def test_the_backlog_is_measured_also_while_nothing_can_be_sent() -> None:
    scene = MailScene()
    await scene.person()
    await scene.ask_for_reset()
    scene.world.clock.advance(61)
    stopping = asyncio.Event()
    watching = asyncio.create_task(
        watch_backlog(
            scene.queue,
            scene.metrics,
            scene.world.clock,
            interval_seconds=0.001,
            stopping=stopping,
        )
    )
    await scene.until(lambda: bool(scene.metrics.backlogs))
    assert scene.metrics.backlogs[0] == (1, 61.0)
    await scene.send_all()
    await scene.until(lambda: scene.metrics.backlogs[-1] == (0, 0.0))
    stopping.set()
    await asyncio.wait_for(watching, DEADLINE_SECONDS)


async def test_measuring_the_backlog_outlives_an_outage() -> None:
    scene = MailScene()
    asked = asyncio.Event()

    class Interrupted:
        """Answers on every second question."""

        def __init__(self) -> None:
            self.questions = 0

        async def backlog(self) -> Backlog:
            self.questions += 1
            if self.questions > 3:
                asked.set()
            if self.questions % 2:
                raise POSTGRES_DOWN
            return await scene.queue.backlog()

    queue = cast(MailQueue, Interrupted())
    stopping = asyncio.Event()
    watching = asyncio.create_task(
        watch_backlog(
            queue, scene.metrics, scene.world.clock, interval_seconds=0.001, stopping=stopping
        )
    )
    await asyncio.wait_for(asked.wait(), DEADLINE_SECONDS)
    stopping.set()
    await asyncio.wait_for(watching, DEADLINE_SECONDS)
