"""Every event has a message of the contract, and its JSON is the contract's."""

import sys
from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from google.protobuf.message import Message

from core.domain import events
from core.domain.events import DomainEvent
from core.domain.kyc import KycStatus
from core.domain.session import RevocationCause
from core.events.payloads import MESSAGES, encode, to_json, to_message
from pandora.user.v1 import event_pb2

USER = UUID("0190163d-8694-739b-aea5-966c26f8ad91")
SESSION = UUID("0190163d-8694-739b-aea5-966c26f8ad92")


def every_event() -> list[type[DomainEvent]]:
    """Walk the subclasses; a slotted dataclass leaves a twin behind that no module knows."""
    found: list[type[DomainEvent]] = []
    pending = [DomainEvent]
    while pending:
        for child in pending.pop().__subclasses__():
            pending.append(child)
            if getattr(sys.modules[child.__module__], child.__name__) is child:
                found.append(child)
    return found


def samples(event_class: type[DomainEvent]) -> Iterator[DomainEvent]:
    """Make events that together hold every value of every enum, and None where it may stand."""
    hints = get_type_hints(event_class)
    types = {field.name: hints[field.name] for field in fields(event_class)}
    choices = {name: _choices(hint) for name, hint in types.items()}
    for turn in range(max(len(values) for values in choices.values())):
        picked: dict[str, Any] = {n: values[turn % len(values)] for n, values in choices.items()}
        yield event_class(**picked)


def _choices(hint: object) -> list[object]:
    options = get_args(hint)
    if type(None) in options:
        return [None, *(value for option in options[:-1] for value in _choices(option))]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return list(hint)
    if hint is bool:
        return [False, True]
    if hint is UUID:
        return [USER]
    return [("full_name",)] if options else ["service:compliance"]


def test_every_event_of_the_domain_has_a_message() -> None:
    assert set(MESSAGES) == set(every_event())


def test_every_message_of_the_contract_belongs_to_one_event() -> None:
    promised = {
        message
        for name in event_pb2.DESCRIPTOR.message_types_by_name
        if isinstance(message := getattr(event_pb2, name), type) and issubclass(message, Message)
    }
    # What others tell us is read, never written.
    promised.remove(event_pb2.KycReviewCompleted)
    assert set(MESSAGES.values()) == promised
    assert len(MESSAGES) == len(promised)


def test_event_types_are_unlike_each_other() -> None:
    types = [event_class.event_type for event_class in every_event()]
    assert len(set(types)) == len(types)


NAMES_ALONE = {("user.kyc_updated", "reviewer_id"), ("user.updated", "changed_fields")}
"""Texts that hold ids of users or services, or names of our own fields."""


@pytest.mark.parametrize("event_class", every_event(), ids=lambda c: c.event_type)
def test_an_event_holds_no_text_of_a_person_but_those_that_an_erasure_knows(
    event_class: type[DomainEvent],
) -> None:
    hints = get_type_hints(event_class)
    texts = {field.name for field in fields(event_class) if _is_text(hints[field.name])}
    event_type = event_class.event_type
    names = {name for name in texts if (event_type, name) in NAMES_ALONE}
    assert texts - names == events.FREE_TEXTS.get(event_type, frozenset())


def _is_text(hint: object) -> bool:
    """Tell whether a value may be any text; enums are not."""
    return hint is str or any(_is_text(option) for option in get_args(hint))


@pytest.mark.parametrize("event_class", every_event(), ids=lambda c: c.event_type)
def test_record_and_message_have_the_same_fields(event_class: type[DomainEvent]) -> None:
    message_fields = set(MESSAGES[event_class].DESCRIPTOR.fields_by_name)
    assert {field.name for field in fields(event_class)} == message_fields


@pytest.mark.parametrize("event_class", every_event(), ids=lambda c: c.event_type)
def test_every_value_that_an_event_can_hold_reaches_its_json(
    event_class: type[DomainEvent],
) -> None:
    for event in samples(event_class):
        expected = {
            field.name: _in_json(value)
            for field in fields(event)
            if (value := getattr(event, field.name)) is not None
        }
        assert encode(event) == expected


def _in_json(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool):
        return value
    return list(value) if isinstance(value, tuple) else str(value)


def test_enums_are_short_and_an_absent_reason_is_left_out() -> None:
    event = events.UserKycUpdated(
        user_id=USER,
        previous_status=KycStatus.PENDING,
        status=KycStatus.VERIFIED,
        reason=None,
        reviewer_id="service:compliance",
    )
    assert encode(event) == {
        "user_id": "0190163d-8694-739b-aea5-966c26f8ad91",
        "previous_status": "pending",
        "status": "verified",
        "reviewer_id": "service:compliance",
    }


def test_an_empty_list_is_written_out() -> None:
    assert encode(events.UserUpdated(user_id=USER, changed_fields=())) == {
        "user_id": str(USER),
        "changed_fields": [],
    }


def test_the_message_carries_the_enum_and_not_its_text() -> None:
    event = events.SessionRevoked(
        user_id=USER, session_id=SESSION, cause=RevocationCause.USER_DELETED
    )
    assert to_message(event) == event_pb2.SessionRevoked(
        user_id=str(USER),
        session_id=str(SESSION),
        cause=event_pb2.SESSION_REVOCATION_CAUSE_USER_DELETED,
    )


def test_an_unspecified_enum_is_left_out() -> None:
    assert to_json(event_pb2.UserCreated(user_id="x")) == {"user_id": "x"}
