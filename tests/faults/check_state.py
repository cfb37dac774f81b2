"""The state of each person against the events and audit rows that tell how it came about."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from tests.faults.evidence import Event, Evidence, Row
from tests.faults.findings import Findings
from tests.faults.journal import Journal, Operation
from tests.faults.publisher import KIND

_CHECK: Final = "state"
_SWITCHES: Final[Mapping[str, tuple[str, bool]]] = {
    "user.suspended": ("is_suspended", True),
    "user.reactivated": ("is_suspended", False),
    "user.deleted": ("is_deleted", True),
    "user.restored": ("is_deleted", False),
}


def check_state(
    journal: Journal, evidence: Evidence, findings: Findings, *, staff: Collection[str]
) -> None:
    """Replay what is told about everybody; `staff` was made without the service."""
    operations = {operation.id: operation for operation in journal.operations}
    people = {user_id: row for user_id, row in evidence.users.items() if user_id not in staff}
    findings.counts["people, each as everything that is told makes them"] = len(people)
    created = {event.user_id for event in evidence.events if event.event_type == "user.created"}
    registered = [
        row.resource_id
        for row in evidence.audit
        if row.action == "user.register" and row.is_success
    ]
    findings.require(
        _CHECK,
        f"{len(people)} people, {len(created)} told of, {len(registered)} audited",
        holds=set(people) == created == set(registered) and len(created) == len(registered),
    )
    for user_id, row in people.items():
        for problem in _differences(row, evidence.events_by_user.get(user_id, ()), operations):
            findings.add(_CHECK, f"person {user_id}: {problem}")


def _differences(
    row: Row, events: "Collection[Event]", operations: Mapping[str, Operation]
) -> list[str]:
    expected: dict[str, Any] = {
        "role": "user",
        "kyc_status": "pending",
        "is_suspended": False,
        "is_deleted": False,
        "full_name": None,
    }
    password = ""
    for event in events:
        operation = operations.get(event.trace_id)
        facts = {} if operation is None else operation.facts
        if event.event_type in _SWITCHES:
            name, value = _SWITCHES[event.event_type]
            expected[name] = value
        elif event.event_type == "user.created":
            expected["email"], password = facts.get("email"), facts.get("password", "")
        elif event.event_type == "user.role_changed":
            expected["role"] = event.payload["role"]
        elif event.event_type == "user.kyc_updated":
            expected["kyc_status"] = event.payload["status"]
        elif event.event_type == "user.updated":
            expected["full_name"] = event.trace_id
        elif event.event_type == "user.password_changed":
            password = facts.get("password", "")
    differences = [
        f"{name} is {row[name]!r} and not {value!r}"
        for name, value in expected.items()
        if row[name] != value
    ]
    if not _fits(row["hashed_password"], password):
        differences.append("the password is not the last one that was set")
    return differences


def _fits(hashed_password: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(hashed_password, password)
    except VerifyMismatchError:
        return False


def check_sessions(
    journal: Journal, evidence: Evidence, findings: Findings, *, staff: Collection[str]
) -> None:
    """Compare sessions and refresh tokens with what is told of them."""
    told = {
        kind: Counter(
            str(event.payload["session_id"])
            for event in evidence.events
            if event.event_type == f"session.{kind}"
        )
        for kind in ("created", "revoked")
    }
    audited = Counter(
        str(row.resource_id)
        for row in evidence.audit
        if row.action == "auth.login" and row.is_success
    )
    sessions = {name: row for name, row in evidence.sessions.items() if row["user_id"] not in staff}
    there = Counter(list(sessions))
    ended = Counter(name for name, row in sessions.items() if row["is_revoked"])
    for what, one, other in (
        ("opened", there, told["created"]),
        ("audited", there, audited),
        ("ended", ended, told["revoked"]),
    ):
        difference = (one - other) + (other - one)
        findings.require(
            _CHECK, f"sessions {what}: {dict(difference)} differ", holds=not difference
        )
    findings.counts["sessions, each told of and audited"] = len(sessions)
    _check_tokens(journal, evidence, findings)


def _check_tokens(journal: Journal, evidence: Evidence, findings: Findings) -> None:
    used = Counter(row["session_id"] for row in evidence.tokens.values() if row["is_used"])
    exchanged = Counter(
        row.resource_id
        for row in evidence.audit
        if row.action == "auth.refresh" and row.is_success and "forgiven" not in row.details
    )
    difference = (used - exchanged) + (exchanged - used)
    findings.require(_CHECK, f"exchanges of tokens: {difference} differ", holds=not difference)
    for operation in journal.operations:
        new = operation.facts.get("new")
        if new is None:
            continue
        old = operation.facts.get("old")
        is_whole = new in evidence.tokens and (
            old is None or evidence.tokens[old]["successor"] == new
        )
        problem = f"{operation.kind} {operation.id}: the token that was answered is not stored"
        findings.require(_CHECK, problem, holds=is_whole)


def check_companions(evidence: Evidence, findings: Findings) -> None:
    """Compare what is written beside a change with the audit row of the same transaction."""
    for what, written, actions in (
        ("kyc review", [row["transaction_id"] for row in evidence.reviews], ("kyc.",)),
        (
            "welcome mail",
            [row["transaction_id"] for row in evidence.mails if row["template"] == "welcome"],
            ("user.register",),
        ),
    ):
        audited = Counter(
            row.transaction_id % 2**32
            for row in evidence.audit
            if row.action.startswith(actions) and row.is_success
        )
        found = Counter(written)
        difference = (found - audited) + (audited - found)
        findings.require(
            _CHECK,
            f"{len(found)} of {what}, {len(audited)} audited: {dict(difference)} differ",
            holds=not difference,
        )
        findings.counts[f"{what}s, each in the transaction of its audit row"] = len(written)
    reasons = Counter(row["reason"] for row in evidence.reviews if row["reason"])
    twice = [reason for reason, number in reasons.items() if number > 1]
    findings.require(_CHECK, f"kyc reviews made twice: {twice}", holds=not twice)


def check_consumed(journal: Journal, evidence: Evidence, findings: Findings) -> None:
    """Compare what the compliance service told with what took effect, once each."""
    told = Counter(each.id for each in journal.operations if each.kind == KIND)
    consumed = Counter(row["id"] for row in evidence.consumed)
    reviewed = Counter(row["reason"] for row in evidence.reviews if row["reason"] in told)
    for what, found in (("consumed", consumed), ("reviews", reviewed)):
        difference = (told - found) + (found - told)
        problem = f"decisions told of and {what}: {difference} differ"
        findings.require(_CHECK, problem, holds=not difference)
    for row in evidence.consumed:
        written = [each.transaction_id % 2**32 for each in evidence.audit_by_request[row["id"]]]
        problem = f"{row['id']} was consumed in another transaction than it took effect in"
        findings.require(_CHECK, problem, holds=written == [row["transaction_id"]])
    findings.counts["decisions of the compliance service, applied once"] = len(told)
