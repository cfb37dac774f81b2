# ruff: noqa: RUF001 - letters of other scripts are the point
"""Made-up people: the same for the same seed, in many scripts, and consistent in what they did."""

import json
import unicodedata
import uuid
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from core.crypto.personal_texts import SealedPersonalTexts
from core.data.synthesis.chunks import Chunks
from core.data.synthesis.curve import HOUR, SignUpCurve, moment
from core.data.synthesis.names import NAMINGS
from core.data.synthesis.ordering import in_time_order
from core.data.synthesis.people import World
from core.data.tables import ROWS_OF, copy_text
from core.domain import events
from core.domain.audit_row import AuditRow, row_hash
from core.domain.email_address import EmailAddress
from core.domain.full_name import parse_full_name
from core.domain.kyc import KycStatus, check_transition
from core.domain.personal_key import TextPlace
from core.domain.session import RevocationCause
from core.domain.user import Role
from core.events.payloads import encode

SINCE, UNTIL = datetime(2025, 6, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
KEYS = [b"k" * 32]

Record = dict[str, str | None]


def world(seed: int = 1, users: int = 700) -> World:
    return World(users=users, seed=seed, since=SINCE, until=UNTIL, password_hash="$argon2id$x")


def tables_of(made: World) -> dict[str, list[Record]]:
    chunks = Chunks(made)
    numbers = in_time_order([chunks.times(number) for number in range(made.chunks)], above=100)
    found = chunks.rows(0, numbers[0], SealedPersonalTexts(KEYS))
    return {
        table: [dict(zip(columns, row, strict=True)) for row in found[table]]
        for table, columns in ROWS_OF.items()
    }


@pytest.fixture(scope="module")
def tables() -> dict[str, list[Record]]:
    return tables_of(world())


def test_equal_seeds_make_equal_rows_and_other_seeds_other_people(
    tables: dict[str, list[Record]],
) -> None:
    assert tables_of(world()) == tables
    others = tables_of(world(seed=2))
    for column in ("id", "email_key"):
        known = {row[column] for row in tables["users"]}
        assert not known & {row[column] for row in others["users"]}


def test_names_are_valid_and_of_every_script(tables: dict[str, list[Record]]) -> None:
    names = [row["full_name"] for row in tables["users"] if row["full_name"]]
    assert all(parse_full_name(name) == name for name in names)
    scripts = Counter(unicodedata.name(name[0]).split()[0] for name in names)
    assert len(NAMINGS) >= 10
    assert {"LATIN", "CYRILLIC", "GREEK", "CJK", "HANGUL", "ARABIC", "HEBREW"} <= set(scripts)
    assert {"DEVANAGARI", "THAI"} <= set(scripts)


def test_addresses_are_unique_valid_and_reach_nobody(tables: dict[str, list[Record]]) -> None:
    keys = [row["email_key"] for row in tables["users"]]
    assert len(set(keys)) == len(keys)
    for row in tables["users"]:
        address = EmailAddress.parse(row["email"] or "")
        assert address.key == row["email_key"]
        assert address.key.rpartition("@")[2] in {"example.com", "example.org", "example.net"}


def test_sign_ups_grow_and_follow_week_and_day() -> None:
    curve = SignUpCurve(since=SINCE, until=UNTIL)
    times = [curve.at((index + 0.5) / 20_000) for index in range(20_000)]
    assert times == sorted(times)
    assert moment(times[0]) >= SINCE
    assert moment(times[-1]) < UNTIL
    middle = (times[0] + times[-1]) // 2
    assert sum(time > middle for time in times) > 3 * sum(time <= middle for time in times)
    hours = Counter(moment(time).hour for time in times)
    assert hours[19] > 4 * hours[3]
    days = Counter(moment(time).weekday() for time in times)
    assert days[1] > days[6]
    with pytest.raises(ValueError, match="a day at least"):
        SignUpCurve(since=UNTIL, until=moment(times[0] - times[0] + HOUR))


def test_the_hash_of_every_audit_row_is_that_of_its_content(
    tables: dict[str, list[Record]],
) -> None:
    for row in tables["audit_events"]:
        assert row_hash(_audit_row(row)) == row["hash"]


def test_personal_texts_of_audit_rows_open_with_their_persons_salts(
    tables: dict[str, list[Record]],
) -> None:
    texts = SealedPersonalTexts(KEYS)
    salts = {
        user["id"]: bytes.fromhex((user["personal_salt"] or "")[2:]) for user in tables["users"]
    }
    addresses = set()
    for row in tables["audit_events"]:
        if row["ip_address"] is not None:
            place = TextPlace(row_id=uuid.UUID(row["id"] or ""), field="ip_address")
            salt = salts[row["origin_owner"]]
            addresses.add(texts.open(row["ip_address"], salt=salt, place=place))
    assert {row["ip_address"] for row in tables["sessions"]} <= addresses


def test_numbers_of_audit_rows_rise_with_time(tables: dict[str, list[Record]]) -> None:
    rows = sorted(tables["audit_events"], key=lambda row: int(row["sequence"] or ""))
    assert [int(row["sequence"] or "") for row in rows] == list(range(101, 101 + len(rows)))
    assert all((a["occurred_at"] or "") <= (b["occurred_at"] or "") for a, b in pairwise(rows))


def test_each_event_has_an_audit_row_of_its_time_and_trace(
    tables: dict[str, list[Record]],
) -> None:
    recorded = {(row["trace_id"], row["occurred_at"]) for row in tables["audit_events"]}
    assert len(recorded) == len(tables["audit_events"])
    for event in tables["outbox"]:
        assert (event["trace_id"], event["occurred_at"]) in recorded
        assert (event["published_at"] or "") > (event["occurred_at"] or "")


def test_each_change_has_its_audit_row_its_event_and_its_history(
    tables: dict[str, list[Record]],
) -> None:
    named = Counter(event["event_type"] for event in tables["outbox"])
    actions = Counter((row["action"], row["outcome"]) for row in tables["audit_events"])
    users = tables["users"]
    assert named["user.created"] == actions["user.register", "success"] == len(users)
    reviewed = actions["kyc.update", "success"] + actions["kyc.submit", "success"]
    assert named["user.kyc_updated"] == len(tables["kyc_reviews"]) == reviewed
    assert named["user.deleted"] == sum(row["deleted_at"] is not None for row in users) > 0
    assert named["user.suspended"] == sum(row["suspended_at"] is not None for row in users)
    assert named["user.email_verified"] == sum(row["email_verified"] == "t" for row in users) > 0
    assert named["mfa.enabled"] == sum(row["mfa_enabled"] == "t" for row in users) > 0
    sessions = tables["sessions"]
    assert named["session.created"] == len(sessions)
    revoked = sum(row["revoked_at"] is not None for row in sessions)
    assert named["session.revoked"] == revoked > 0
    assert actions["auth.login", "failure"] > 0
    assert {row["role"] for row in users} == {role.value for role in Role} - {"service"}


def test_kyc_goes_the_ways_that_are_allowed(tables: dict[str, list[Record]]) -> None:
    last = {row["id"]: KycStatus.PENDING for row in tables["users"]}
    for review in sorted(tables["kyc_reviews"], key=lambda row: row["created_at"] or ""):
        status = KycStatus(review["status"] or "")
        assert review["previous_status"] == last[review["user_id"]].value
        assert review["reviewer_id"] != review["user_id"] or status is KycStatus.PENDING
        check_transition(last[review["user_id"]], status, review["reason"])
        last[review["user_id"]] = status
    for user in tables["users"]:
        assert user["kyc_status"] == last[user["id"]].value
    assert set(last.values()) == set(KycStatus)


def test_a_user_was_changed_last_when_something_last_happened_to_the_row(
    tables: dict[str, list[Record]],
) -> None:
    changing = {
        "user.created", "user.kyc_updated", "user.email_verified", "mfa.enabled",
        "user.role_changed", "user.suspended", "user.deleted",
    }  # fmt: skip
    last: defaultdict[str | None, str] = defaultdict(str)
    for event in tables["outbox"]:
        if event["event_type"] in changing:
            last[event["user_id"]] = max(last[event["user_id"]], event["occurred_at"] or "")
    for user in tables["users"]:
        assert user["updated_at"] == last[user["id"]]


def test_sessions_have_tokens_that_fit_them(tables: dict[str, list[Record]]) -> None:
    unused = Counter(
        row["session_id"] for row in tables["refresh_tokens"] if row["used_at"] is None
    )
    assert unused == Counter(row["id"] for row in tables["sessions"])
    digests = {row["token"] for row in tables["refresh_tokens"]}
    for row in tables["refresh_tokens"]:
        assert row["successor"] is None or row["successor"] in digests
    devices = {(row["user_id"], row["digest"]) for row in tables["known_devices"]}
    assert len(devices) == len(tables["known_devices"])


def test_payloads_are_those_that_the_service_would_write(
    tables: dict[str, list[Record]],
) -> None:
    seen = set()
    for row in tables["outbox"]:
        payload = json.loads(row["payload"] or "")
        assert payload == encode(_event(row["event_type"] or "", payload)), row["event_type"]
        seen.add(row["event_type"])
    assert seen >= {
        "user.created", "user.role_changed", "user.email_verified", "user.kyc_updated",
        "user.deleted", "session.created", "session.revoked", "security.new_device", "mfa.enabled",
    }  # fmt: skip


def test_what_copy_takes_apart_is_escaped() -> None:
    assert copy_text([("a\tb", None, "c\\d", "e\nf\rg", "חיים")]) == (
        "a\\tb\t\\N\tc\\\\d\te\\nf\\rg\tחיים\n"
    )


_EVENTS = {
    kind.event_type: kind
    for kind in vars(events).values()
    if isinstance(kind, type)
    and issubclass(kind, events.DomainEvent)
    and "event_type" in vars(kind)
}
_READ: dict[str, Any] = {
    "user_id": uuid.UUID, "session_id": uuid.UUID, "role": Role, "previous_role": Role,
    "kyc_status": KycStatus, "status": KycStatus, "previous_status": KycStatus,
    "cause": RevocationCause,
}  # fmt: skip


def _event(name: str, payload: dict[str, Any]) -> events.DomainEvent:
    values = {key: _READ.get(key, str)(value) for key, value in payload.items()}
    if name == "user.kyc_updated":
        values.setdefault("reason", None)
    if name == "security.new_device":
        values.setdefault("new_country", None)
    made: events.DomainEvent = _EVENTS[name](**values)
    return made


def _audit_row(row: Record) -> AuditRow:
    return AuditRow(
        version=int(row["version"] or ""),
        id=uuid.UUID(row["id"] or ""),
        occurred_at=datetime.fromisoformat(row["occurred_at"] or ""),
        actor_type=row["actor_type"] or "",
        actor_id=row["actor_id"],
        action=row["action"] or "",
        resource_type=row["resource_type"] or "",
        resource_id=row["resource_id"],
        user_id=uuid.UUID(row["user_id"] or ""),
        outcome=row["outcome"] or "",
        reason=row["reason"],
        origin_owner=uuid.UUID(row["origin_owner"]) if row["origin_owner"] else None,
        ip_address=row["ip_address"],
        user_agent=row["user_agent"],
        request_id=row["request_id"] or "",
        trace_id=row["trace_id"] or "",
        details=json.loads(row["details"] or ""),
    )
