"""What the consumer does with events while all is well: on PostgreSQL and Valkey."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.domain.ports.event_source import Refusal
from core.redis.event_source import RedisEventSource
from tests.integration.consumer_scene import GROUP, REVIEWER, ConsumerScene, decision
from tests.integration.relay_scene import TRACE_ID, until
from tests.servers import Database, Servers


@pytest.fixture
async def scene(
    servers: Servers, module_database: Database, redis_prefix: str
) -> AsyncIterator[ConsumerScene]:
    async with ConsumerScene(servers, module_database, redis_prefix + "compliance") as scene:
        yield scene


async def test_a_decision_becomes_state_history_audit_row_event_and_a_note_of_its_id(
    scene: ConsumerScene,
) -> None:
    (anna,) = await scene.people(1)
    told = decision(anna, "rejected", reason=" The document has expired. ")
    scene.tell(told)
    async with scene.running() as (metrics,):
        await scene.settled()
    assert metrics.outcomes == {"applied": 1}
    assert scene.status(anna) == "rejected"
    assert scene.rows(
        "SELECT previous_status, status, reason, reviewer_id FROM kyc_reviews WHERE user_id = %s",
        anna,
    ) == [("pending", "rejected", "The document has expired.", REVIEWER)]
    assert scene.rows(
        "SELECT actor_type, actor_id, action, outcome, request_id, trace_id, details"
        " FROM audit_events WHERE user_id = %s",
        anna,
    ) == [
        (
            "service",
            "service:compliance",
            "kyc.update",
            "success",
            told["id"],
            TRACE_ID,
            {
                "previous_status": "pending",
                "status": "rejected",
                "reviewer_id": REVIEWER,
                "event_id": told["id"],
            },
        )
    ]
    (event,) = scene.rows(
        "SELECT event_type, trace_id, payload FROM outbox WHERE user_id = %s", anna
    )
    assert event[:2] == ("user.kyc_updated", TRACE_ID)
    assert event[2]["reviewer_id"] == REVIEWER
    assert scene.rows("SELECT consumer FROM consumed_events WHERE event_id = %s", told["id"]) == [
        (GROUP,)
    ]


async def test_a_repeat_has_no_effect_even_where_the_transition_would_be_allowed_again(
    scene: ConsumerScene,
) -> None:
    (anna,) = await scene.people(1)
    verified, again = decision(anna, "verified"), decision(anna, "pending")
    scene.tell(verified, again, verified, again, verified)
    async with scene.running() as (metrics,):
        await scene.settled()
    assert metrics.outcomes == {"applied": 2, "repeated": 3}
    assert scene.status(anna) == "pending"
    assert scene.letters() == []


async def test_replicas_that_get_one_event_twice_at_once_apply_it_once(
    scene: ConsumerScene,
) -> None:
    people = await scene.people(40)
    told = [decision(user_id) for user_id in people]
    for event in told:
        scene.tell(event, event, event)
    async with scene.running(3) as replicas:
        await scene.settled()
    assert sum(metrics.outcomes["applied"] for metrics in replicas) == 40
    assert sum(metrics.outcomes["repeated"] for metrics in replicas) == 80
    assert scene.effects(*people) == {(40, 40)}


async def test_events_of_other_types_are_passed_over(scene: ConsumerScene) -> None:
    (anna,) = await scene.people(1)
    other = decision(anna) | {"event_type": "kyc.document.uploaded", "payload": {"anything": []}}
    scene.tell(other, decision(anna))
    async with scene.running() as (metrics,):
        await scene.settled()
    assert metrics.outcomes == {"skipped": 1, "applied": 1}
    assert scene.letters() == []


NOBODY = UUID("0190163d-8694-739b-aea5-0000000000ff")


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (decision(NOBODY), "USER_NOT_FOUND"),
        (decision(NOBODY, reviewer_id=str(NOBODY).upper()), "PERMISSION_DENIED"),
        (decision("nobody"), "MALFORMED_EVENT"),
        (decision(NOBODY, "approved"), "MALFORMED_EVENT"),
        (decision(NOBODY, "unspecified"), "MALFORMED_EVENT"),
        (decision(NOBODY, "VERIFIED"), "MALFORMED_EVENT"),
        (decision(NOBODY, reason="\0"), "MALFORMED_EVENT"),
        (decision(NOBODY, reason="x" * 501), "MALFORMED_EVENT"),
        (decision(NOBODY, reason=7), "MALFORMED_EVENT"),
        (decision(NOBODY, reviewer_id=""), "MALFORMED_EVENT"),
        (decision(NOBODY) | {"id": "1"}, "MALFORMED_EVENT"),
        (decision(NOBODY) | {"trace_id": "0AF7651916CD43DD8448EB211C80319C"}, "MALFORMED_EVENT"),
        (decision(NOBODY) | {"timestamp": "yesterday"}, "MALFORMED_EVENT"),
        (decision(NOBODY) | {"timestamp": "2026-03-14T12:00:00"}, "MALFORMED_EVENT"),
        (decision(NOBODY) | {"payload": []}, "MALFORMED_EVENT"),
        ("{", "MALFORMED_EVENT"),
        ("[]", "MALFORMED_EVENT"),
        ("", "MALFORMED_EVENT"),
        ("[" * 100_000, "MALFORMED_EVENT"),
        ('{"id": NaN}', "MALFORMED_EVENT"),
        ('{"id": "\\ud800"}', "MALFORMED_EVENT"),
        (b"\xff\xfe", "MALFORMED_EVENT"),
        ("x" * 300_000, "MALFORMED_EVENT"),
    ],
)
async def test_what_cannot_be_applied_becomes_a_dead_letter_with_its_reason(
    scene: ConsumerScene, event: dict[str, object] | str | bytes, reason: str
) -> None:
    scene.tell(event)
    async with scene.running() as (metrics,):
        await scene.settled()
    (letter,) = scene.letters()
    assert letter["reason"] == reason
    text = json.dumps(event) if isinstance(event, dict) else event
    kept = letter["event"]
    expected = text if isinstance(text, str) else text.decode(errors="surrogateescape")
    assert kept == expected
    assert letter["consumer"] == "replica-0"
    assert letter["group"] == GROUP
    assert letter["failed_at"].endswith("Z")
    assert metrics.reasons == {reason: 1}


async def test_a_transition_that_is_not_allowed_and_a_rejection_without_a_reason_change_nothing(
    scene: ConsumerScene,
) -> None:
    (anna,) = await scene.people(1)
    not_allowed, without_reason = decision(anna, "pending"), decision(anna, "rejected", reason=" ")
    scene.tell(not_allowed, without_reason)
    async with scene.running():
        await scene.settled()
    assert [(letter["reason"], letter["event_id"]) for letter in scene.letters()] == [
        ("KYC_TRANSITION_NOT_ALLOWED", not_allowed["id"]),
        ("KYC_REASON_REQUIRED", without_reason["id"]),
    ]
    assert scene.status(anna) == "pending"
    assert scene.effects(anna) == {(0, 0)}
    ids = [UUID(not_allowed["id"]), UUID(without_reason["id"])]
    assert scene.rows("SELECT 1 FROM consumed_events WHERE event_id = ANY(%s)", ids) == []


async def test_an_entry_without_an_event_is_kept_as_it_came(scene: ConsumerScene) -> None:
    scene.redis.xadd(scene.stream, {"other": "1", "reason": "mine", "a": "b"})
    async with scene.running():
        await scene.settled()
    (letter,) = scene.letters()
    assert letter["reason"] == "MALFORMED_EVENT"
    assert (letter["other"], letter["a"]) == ("1", "b")
    async with scene.open_letters() as letters:
        (found,) = await letters.page(after="0-0", limit=10)
        assert found.text is None
        assert await letters.replay(found.id) is not None
    entries: Any = scene.redis.xrange(scene.stream)
    assert [fields for _, fields in entries] == [{"other": "1", "reason": "mine", "a": "b"}] * 2


async def test_a_replayed_event_is_applied_and_leaves_the_dead_letters(
    scene: ConsumerScene,
) -> None:
    (anna,) = await scene.people(1)
    too_soon, before = decision(anna, "pending"), decision(anna)
    scene.tell(too_soon, before, "{")
    async with scene.running(), scene.open_letters() as letters:
        await scene.settled()
        first, second = await letters.page(after="0-0", limit=10)
        assert first.refusal.event_id == too_soon["id"]
        assert second.refusal.reason == "MALFORMED_EVENT"
        assert await letters.replay(first.id) is not None
        assert await letters.replay(first.id) is None
        await scene.settled()
        assert [letter.id for letter in await letters.page(after="0-0", limit=10)] == [second.id]
    assert scene.status(anna) == "pending"
    assert scene.effects(anna) == {(2, 1)}


async def test_the_group_gets_what_was_told_before_it_was_registered(scene: ConsumerScene) -> None:
    people = await scene.people(3)
    scene.tell(*(decision(user_id) for user_id in people))
    async with scene.running() as (metrics,):
        await scene.settled()
        await until(lambda: metrics.is_working)
    assert metrics.outcomes == {"applied": 3}


async def test_handling_shows_in_the_trace_of_the_event_and_the_next_event_continues_it(
    scene: ConsumerScene,
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    scene.tracer = provider.get_tracer("test")
    (anna,) = await scene.people(1)
    scene.tell(decision(anna))
    async with scene.running():
        await scene.settled()
    (span,) = exporter.get_finished_spans()
    context = span.get_span_context()
    assert context is not None
    assert format(context.trace_id, "032x") == TRACE_ID
    ((traceparent,),) = scene.rows("SELECT traceparent FROM outbox WHERE user_id = %s", anna)
    assert traceparent.startswith(f"00-{TRACE_ID}-")


async def test_a_replica_that_stops_finishes_what_it_has_and_takes_its_name_along(
    scene: ConsumerScene,
) -> None:
    people = await scene.people(15)
    scene.tell(*(decision(user_id) for user_id in people))
    async with scene.running() as (metrics,):
        await until(lambda: scene.pending() > 0)
    assert scene.pending() == 0
    assert metrics.outcomes["applied"] == 15
    assert scene.consumers() == set()


async def test_the_names_of_dead_replicas_are_removed_once_their_entries_are_taken_over(
    scene: ConsumerScene,
) -> None:
    scene.forget_idle_seconds = 0.01
    (anna,) = await scene.people(1)
    scene.tell(decision(anna))
    scene.redis.xgroup_create(scene.stream, GROUP, "0")
    scene.redis.xreadgroup(GROUP, "holder", {scene.stream: ">"})
    scene.redis.xgroup_createconsumer(scene.stream, GROUP, "idler")
    async with scene.running() as (metrics,):
        await until(lambda: "idler" not in scene.consumers())
        assert metrics.outcomes["applied"] or "holder" in scene.consumers()
        await scene.settled()
        await until(lambda: "holder" not in scene.consumers())
    assert metrics.outcomes == {"applied": 1}


async def test_the_name_of_a_replica_that_still_holds_something_stays(
    scene: ConsumerScene,
) -> None:
    scene.forget_idle_seconds = 0.0
    scene.tell(decision(NOBODY))
    async with scene.open_source("holder") as source:
        await source.open()
        (delivery,) = await source.read()
        assert list(await source.forget_idle()) == []
        await source.leave()
        assert scene.consumers() == {"holder"}
        await source.acknowledge(delivery.entry_id)
        await source.leave()
    assert scene.consumers() == set()


async def test_only_one_of_two_that_put_an_entry_aside_leaves_a_dead_letter(
    scene: ConsumerScene,
) -> None:
    scene.claim_idle_seconds = 0.0
    scene.tell("{")
    refusal = Refusal(reason="MALFORMED_EVENT")
    async with scene.open_source("slow") as slow, scene.open_source("fast") as fast:
        await slow.open()
        (first,) = await slow.read()
        (second,) = await fast.take_over()
        assert (first.deliveries, second.deliveries) == (1, 2)
        assert await fast.bury(second, refusal, at=scene.clock.now())
        assert not await slow.bury(first, refusal, at=scene.clock.now())
    assert len(scene.letters()) == 1


async def test_an_entry_that_is_kept_is_not_taken_over_and_not_counted_again(
    scene: ConsumerScene,
) -> None:
    scene.claim_idle_seconds = 0.2
    scene.tell("{")
    async with scene.open_source("slow") as slow, scene.open_source("fast") as fast:
        await slow.open()
        (held,) = await slow.read()
        for _ in range(10):
            await slow.keep([held.entry_id])
            assert list(await fast.take_over()) == []
            await asyncio.sleep(0.04)
        await until_taken(fast, deliveries=2)


async def until_taken(source: RedisEventSource, *, deliveries: int) -> None:
    """Wait until an entry is free to be taken over."""
    async with asyncio.timeout(10):
        while not (taken := await source.take_over()):  # noqa: ASYNC110 - the server counts
            await asyncio.sleep(0.02)
    assert [delivery.deliveries for delivery in taken] == [deliveries]
