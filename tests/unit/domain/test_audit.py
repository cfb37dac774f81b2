"""The canonical form of audit rows, and the hash over it."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.audit import (
    AuditAction,
    AuditEntry,
    AuditOutcome,
    ResourceType,
    canonical_form,
    entry_hash,
)
from core.domain.caller import ActorType

ENTRY = AuditEntry(
    id=UUID("0195a0c0-0000-7000-8000-000000000001"),
    occurred_at=datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC),
    actor_type=ActorType.USER,
    actor_id="0195a0c0-0000-7000-8000-000000000002",
    action=AuditAction.KYC_UPDATE,
    resource_type=ResourceType.KYC,
    resource_id="0195a0c0-0000-7000-8000-000000000003",
    user_id=UUID("0195a0c0-0000-7000-8000-000000000003"),
    outcome=AuditOutcome.SUCCESS,
    reason='Паспорт не читается: "nicht" lesbar\n€',
    ip_address="2001:db8::7",
    user_agent=None,
    request_id="request-1",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    details={"status": "rejected", "attempt": 2, "again": True, "note": None},
)

CANONICAL = (
    '{"action":"kyc.update"'
    ',"actor_id":"0195a0c0-0000-7000-8000-000000000002"'
    ',"actor_type":"user"'
    ',"details":{"again":true,"attempt":2,"note":null,"status":"rejected"}'
    ',"id":"0195a0c0-0000-7000-8000-000000000001"'
    ',"ip_address":"2001:db8::7"'
    ',"occurred_at":"2026-03-14T09:26:53.589793Z"'
    ',"outcome":"success"'
    ',"reason":"Паспорт не читается: \\"nicht\\" lesbar\\n€"'
    ',"request_id":"request-1"'
    ',"resource_id":"0195a0c0-0000-7000-8000-000000000003"'
    ',"resource_type":"kyc"'
    ',"trace_id":"0af7651916cd43dd8448eb211c80319c"'
    ',"user_agent":null'
    ',"user_id":"0195a0c0-0000-7000-8000-000000000003"'
    ',"version":1}'
).encode()

OTHERS: dict[str, Any] = {
    "id": UUID(int=1),
    "occurred_at": ENTRY.occurred_at + timedelta(microseconds=1),
    "actor_type": ActorType.SERVICE,
    "actor_id": None,
    "action": AuditAction.KYC_SUBMIT,
    "resource_type": ResourceType.USER,
    "resource_id": None,
    "user_id": None,
    "outcome": AuditOutcome.FAILURE,
    "reason": None,
    "ip_address": None,
    "user_agent": "",
    "request_id": "request-2",
    "trace_id": "",
    "details": {},
}


def test_the_form_of_a_row_is_fixed_to_the_byte() -> None:
    assert canonical_form(ENTRY) == CANONICAL


def test_the_hash_is_the_sha_256_of_the_form_in_lower_case_hex() -> None:
    assert entry_hash(ENTRY) == hashlib.sha256(CANONICAL).hexdigest()


def test_the_order_of_details_makes_no_difference() -> None:
    turned = dict(reversed(list(ENTRY.details.items())))
    assert list(turned) != list(ENTRY.details)
    assert entry_hash(replace(ENTRY, details=turned)) == entry_hash(ENTRY)


def test_one_moment_in_another_zone_makes_no_difference() -> None:
    elsewhere = ENTRY.occurred_at.astimezone(timezone(timedelta(hours=-7)))
    assert entry_hash(replace(ENTRY, occurred_at=elsewhere)) == entry_hash(ENTRY)


@pytest.mark.parametrize("name", [each.name for each in fields(AuditEntry)])
def test_a_change_of_any_field_changes_the_hash(name: str) -> None:
    changed = replace(ENTRY, **{name: OTHERS[name]})
    assert entry_hash(changed) != entry_hash(ENTRY)


def test_a_naive_time_is_refused() -> None:
    naive = ENTRY.occurred_at.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        canonical_form(replace(ENTRY, occurred_at=naive))


values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), values, max_size=5))
def test_the_form_is_json_that_says_what_the_row_says(
    details: dict[str, str | int | bool | None],
) -> None:
    form = canonical_form(replace(ENTRY, details=details))
    content = json.loads(form)
    assert content["details"] == details
    assert list(content) == sorted(content)
    assert list(content["details"]) == sorted(details)


def test_address_and_user_agent_do_not_show_in_a_representation() -> None:
    shown = repr(replace(ENTRY, user_agent="browser/1.0"))
    assert "2001:db8" not in shown
    assert "browser" not in shown
