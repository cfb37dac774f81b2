"""The fast way of hashing a row makes what the plain one makes."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.audit_row import AuditRow, canonical_form, leaf_hash, row_hash
from core.domain.audit_row_text import RowText, canonical_text, has_right_hash, leaf_of

# PostgreSQL keeps no NUL and no half of a surrogate pair.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
facts = st.one_of(texts, st.integers(-(2**53), 2**53), st.booleans(), st.none())


@st.composite
def rows(draw: st.DrawFn) -> AuditRow:
    moments = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
    return AuditRow(
        version=draw(st.integers(1, 3)),
        id=draw(st.uuids()),
        occurred_at=draw(moments),
        actor_type=draw(texts),
        actor_id=draw(st.none() | texts),
        action=draw(texts),
        resource_type=draw(texts),
        resource_id=draw(st.none() | texts),
        user_id=draw(st.none() | st.uuids()),
        outcome=draw(texts),
        reason=draw(st.none() | texts),
        origin_owner=draw(st.none() | st.uuids()),
        ip_address=draw(st.none() | texts),
        user_agent=draw(st.none() | texts),
        request_id=draw(texts),
        trace_id=draw(texts),
        details=draw(st.dictionaries(texts, facts, max_size=4)),
    )


def as_text(row: AuditRow, sequence: int = 1) -> RowText:
    """Spell a row as PostgreSQL does."""
    columns: dict[str, Any] = {
        name: str(value) if isinstance(value, UUID) else value
        for name in AuditRow.__slots__
        for value in [getattr(row, name)]
    }
    moment = row.occurred_at.isoformat(sep=" ")
    if "." in moment:
        moment = moment.removesuffix("+00:00").rstrip("0") + "+00:00"
    columns["occurred_at"] = moment.removesuffix(":00")
    columns["details"] = json.dumps(dict(row.details))
    return RowText(sequence=sequence, transaction_id="7", hash=row_hash(row), **columns)


@given(row=rows(), sequence=st.integers(-(2**63), 2**63 - 1))
def test_both_ways_make_the_same_form_and_the_same_leaf(row: AuditRow, sequence: int) -> None:
    text = as_text(row, sequence)
    assert canonical_text(text).encode() == canonical_form(row)
    assert has_right_hash(text)
    assert leaf_of(sequence, text.hash) == leaf_hash(sequence, text.hash)


SOME = AuditRow(
    version=2,
    id=UUID("0190163d-8694-739b-aea5-966c26f8ad91"),
    occurred_at=datetime(2026, 3, 14, 12, tzinfo=UTC),
    actor_type="user",
    actor_id="a",
    action="auth.login",
    resource_type="user",
    resource_id=None,
    user_id=None,
    outcome="success",
    reason=None,
    origin_owner=None,
    ip_address="v1:…",
    user_agent=None,
    request_id="r",
    trace_id="t",
    details={"n": 1},
)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 1},
        {"occurred_at": "2026-03-14 12:00:00+00 BC"},
        {"occurred_at": "12026-03-14 12:00:00+00"},
        {"occurred_at": "2026-03-14 12:00:00+01"},
        {"occurred_at": "infinity"},
        {"details": '{"n": 1.0}'},
        {"details": '{"n": true}'},
        {"details": '{"n": "1"}'},
        {"details": '{"n": [1]}'},
        {"details": "[" * 100_000 + "]" * 100_000},
        {"details": '{"n": ' + "1" * 10_000 + "}"},
        {"details": "null"},
        {"ip_address": None},
        {"reason": ""},
        {"actor_id": "b"},
        {"user_agent": 'x","user_id":null'},
        {"hash": "0" * 64},
        {"hash": ""},
    ],
)
def test_a_row_that_was_changed_has_a_wrong_hash_whatever_stands_in_it(
    change: dict[str, Any],
) -> None:
    assert has_right_hash(as_text(SOME))
    assert not has_right_hash(as_text(SOME)._replace(**change))


def test_the_transaction_is_not_covered() -> None:
    assert has_right_hash(as_text(replace(SOME, reason="why"))._replace(transaction_id="9"))
