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

from core.domain.audit_row import CURRENT_VERSION, AuditRow, canonical_form, leaf_hash, row_hash

FIRST = AuditRow(
    version=1,
    id=UUID("0195a0c0-0000-7000-8000-000000000001"),
    occurred_at=datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC),
    actor_type="user",
    actor_id="0195a0c0-0000-7000-8000-000000000002",
    action="kyc.update",
    resource_type="kyc",
    resource_id="0195a0c0-0000-7000-8000-000000000003",
    user_id=UUID("0195a0c0-0000-7000-8000-000000000003"),
    outcome="success",
    reason='Паспорт не читается: "nicht" lesbar\n€',
    origin_owner=None,
    ip_address="2001:db8::7",
    user_agent=None,
    request_id="request-1",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    details={"status": "rejected", "attempt": 2, "again": True, "note": None},
)

FIRST_FORM = (
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

ROW = replace(
    FIRST,
    version=CURRENT_VERSION,
    reason="p1.cmVhc29u",
    origin_owner=UUID("0195a0c0-0000-7000-8000-000000000002"),
    ip_address="p1.YWRkcmVzcw",
)

FORM = (
    FIRST_FORM.decode()
    .replace('"reason":"Паспорт не читается: \\"nicht\\" lesbar\\n€"', '"reason":"p1.cmVhc29u"')
    .replace('"2001:db8::7"', '"p1.YWRkcmVzcw"')
    .replace(
        ',"outcome":"success"',
        ',"origin_owner":"0195a0c0-0000-7000-8000-000000000002","outcome":"success"',
    )
    .replace('"version":1', '"version":2')
    .encode()
)

OTHERS: dict[str, Any] = {
    "version": 3,
    "id": UUID(int=1),
    "occurred_at": ROW.occurred_at + timedelta(microseconds=1),
    "actor_type": "service",
    "actor_id": None,
    "action": "kyc.submit",
    "resource_type": "user",
    "resource_id": None,
    "user_id": None,
    "outcome": "failure",
    "reason": None,
    "origin_owner": None,
    "ip_address": None,
    "user_agent": "",
    "request_id": "request-2",
    "trace_id": "",
    "details": {},
}

# RFC 8785, read from the RFC and not from our code: ECMAScript's escapes (section 3.2.2.2), its
# numbers (3.2.2.3), and keys sorted by UTF-16 code units (3.2.3).
_ESCAPES = {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}


def jcs(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        assert int(float(value)) == value
        return f"{value:d}"
    if isinstance(value, str):
        return '"' + "".join(map(_escaped, value)) + '"'
    assert isinstance(value, dict)
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{jcs(name)}:{jcs(value[name])}" for name in names) + "}"


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x20 else letter


def content_of(row: AuditRow) -> dict[str, object]:
    """Say in JSON's types what a row says, without our code."""
    moment = row.occurred_at.astimezone(UTC)
    content: dict[str, object] = {each.name: getattr(row, each.name) for each in fields(row)}
    content["occurred_at"] = moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    for name in ("id", "user_id", "origin_owner"):
        content[name] = None if content[name] is None else str(content[name])
    content["details"] = dict(row.details)
    if row.version == 1:
        del content["origin_owner"]
    return content


@pytest.mark.parametrize(("row", "form"), [(FIRST, FIRST_FORM), (ROW, FORM)])
def test_the_form_of_a_row_of_each_version_is_fixed_to_the_byte(row: AuditRow, form: bytes) -> None:
    assert canonical_form(row) == form
    assert row_hash(row) == hashlib.sha256(form).hexdigest()
    assert jcs(content_of(row)).encode() == form


def test_hashes_of_rows_that_were_written_long_ago_stay_what_they_are() -> None:
    assert row_hash(FIRST) == ("2ba4851b243439618a0b6e5d63e8b3fd44389f32fe4a335a59b3c6aa6eff7e88")
    assert row_hash(ROW) == "d9a65e7d5d8d8510545439b1baa39c442eee3c10b94c04408591fa7aebc17c8c"


def test_the_order_of_details_makes_no_difference() -> None:
    turned = dict(reversed(list(ROW.details.items())))
    assert list(turned) != list(ROW.details)
    assert row_hash(replace(ROW, details=turned)) == row_hash(ROW)


def test_one_moment_in_another_zone_makes_no_difference() -> None:
    elsewhere = ROW.occurred_at.astimezone(timezone(timedelta(hours=-7)))
    assert row_hash(replace(ROW, occurred_at=elsewhere)) == row_hash(ROW)


@pytest.mark.parametrize("name", [each.name for each in fields(AuditRow)])
def test_a_change_of_any_field_changes_the_hash(name: str) -> None:
    changed = replace(ROW, **{name: OTHERS[name]})
    assert row_hash(changed) != row_hash(ROW)


def test_a_leaf_binds_the_place_of_a_row_as_well() -> None:
    hashed = row_hash(ROW)
    data = f'{{"hash":"{hashed}","sequence":7}}'.encode()
    assert leaf_hash(7, hashed) == hashlib.sha256(b"\0" + data).digest()
    assert leaf_hash(7, hashed) != leaf_hash(8, hashed)


def test_a_naive_time_is_refused() -> None:
    naive = ROW.occurred_at.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        canonical_form(replace(ROW, occurred_at=naive))


# All of Unicode but lone surrogates, which UTF-8 has no bytes for; control characters, and those
# that JSON and JavaScript treat in their own ways, come up often.
_LETTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(
    '"\\/\x00\x08\x0b\x0c\x1f\x7f\x80\u2028\u2029\ufeff\uffff😀'
)
texts = st.text(_LETTERS, max_size=20)
EARLIEST = datetime(1000, 1, 1, tzinfo=UTC)
values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts


@given(
    reason=st.none() | texts,
    agent=st.none() | texts,
    request_id=texts,
    version=st.sampled_from([1, 2]),
    moment=st.timedeltas(timedelta(0), timedelta(days=2_900_000)).map(lambda age: EARLIEST + age),
    details=st.dictionaries(st.from_regex(r"[A-Za-z0-9_.]{0,12}", fullmatch=True), values),
)
def test_the_form_is_what_the_rfc_says(
    reason: str | None,
    agent: str | None,
    request_id: str,
    version: int,
    moment: datetime,
    details: dict[str, str | int | bool | None],
) -> None:
    row = replace(
        ROW,
        version=version,
        occurred_at=moment,
        reason=reason,
        user_agent=agent,
        request_id=request_id,
        details=details,
    )
    form = canonical_form(row)
    assert form.decode() == jcs(content_of(row))
    assert json.loads(form)["details"] == details


def test_personal_texts_do_not_show_in_a_representation() -> None:
    shown = repr(replace(FIRST, user_agent="browser/1.0"))
    assert "2001:db8" not in shown
    assert "browser" not in shown
    assert "Паспорт" not in shown
