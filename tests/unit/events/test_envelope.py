"""The envelope is the contract's, to the letter."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from core.domain.ports.outbox_relay import OutboxEvent
from core.events.envelope import MAX_BYTES, EventNotEncodable, envelope

EVENT = OutboxEvent(
    sequence=7,
    id=UUID("0190163d-8694-739b-aea5-966c26f8ad90"),
    user_id=UUID("0190163d-8694-739b-aea5-966c26f8ad91"),
    event_type="user.deleted",
    payload={"user_id": "0190163d-8694-739b-aea5-966c26f8ad91"},
    trace_id="0af7651916cd43dd8448eb211c80319c",
    occurred_at=datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC),
)


def test_it_has_the_five_members_of_the_contract_in_their_order() -> None:
    assert envelope(EVENT) == (
        '{"id":"0190163d-8694-739b-aea5-966c26f8ad90",'
        '"timestamp":"2026-03-14T09:26:53.000000Z",'
        '"trace_id":"0af7651916cd43dd8448eb211c80319c",'
        '"event_type":"user.deleted",'
        '"payload":{"user_id":"0190163d-8694-739b-aea5-966c26f8ad91"}}'
    )


def test_the_time_is_utc_with_microseconds_wherever_it_was_taken() -> None:
    in_lagos = datetime(2026, 3, 14, 10, 26, 53, 42, tzinfo=timezone(timedelta(hours=1)))
    document = json.loads(envelope(replace(EVENT, occurred_at=in_lagos)))
    assert document["timestamp"] == "2026-03-14T09:26:53.000042Z"


def test_letters_beyond_ascii_stay_what_they_are() -> None:
    text = envelope(replace(EVENT, payload={"reason": "Straße fehlt 🙂"}))
    assert "Straße fehlt 🙂" in text
    assert json.loads(text)["payload"] == {"reason": "Straße fehlt 🙂"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"occurred_at": datetime(2026, 3, 14)}, "naive"),  # noqa: DTZ001 - the point of it
        ({"trace_id": ""}, "trace id"),
        ({"trace_id": "0AF7651916CD43DD8448EB211C80319C"}, "trace id"),
        ({"trace_id": "0af7651916cd43dd8448eb211c80319c\n"}, "trace id"),
        ({"payload": ["a"]}, "no object"),
        ({"payload": {"amount": float("nan")}}, "not JSON"),
        ({"payload": {"when": EVENT.occurred_at}}, "not JSON"),
        ({"payload": {"reason": "\ud800"}}, "not JSON"),
        ({"payload": {"reason": "x" * MAX_BYTES}}, "greater"),
    ],
)
def test_what_breaks_the_contract_is_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(EventNotEncodable, match=problem) as refusal:
        envelope(replace(EVENT, **change))  # type: ignore[arg-type]
    assert refusal.value.event_id == EVENT.id


def test_a_refusal_does_not_repeat_what_the_row_holds() -> None:
    with pytest.raises(EventNotEncodable) as refusal:
        envelope(replace(EVENT, payload={"reason": "passport 123" + "x" * MAX_BYTES}))
    assert "passport" not in str(refusal.value)
