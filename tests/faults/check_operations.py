"""Each operation against what it has left: wholly done, or not at all; audited once."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.faults.evidence import AuditRow, Event, Evidence
from tests.faults.expectations import (
    AUDITED_REFUSALS,
    BY_THE_WAY,
    EXPECTATIONS,
    OF_REFUSALS,
    Expectation,
)
from tests.faults.findings import Findings
from tests.faults.journal import Journal, Operation, Outcome
from tests.faults.publisher import KIND

_DEFECT = "INTERNAL by the service"


def check_operations(journal: Journal, evidence: Evidence, findings: Findings) -> None:
    """Compare both sides, and count."""
    took_effect_unknown: set[int] = set()
    known = set()
    for operation in journal.operations:
        known.add(operation.id)
        rows = evidence.audit_by_request.get(operation.id, ())
        events = evidence.events_by_trace.get(operation.id, ())
        for problem in _problems(operation, rows, events, took_effect_unknown):
            findings.add("operations", f"{operation.kind} {operation.id}: {problem}")
        if operation.kind != KIND:
            _count(operation, rows, findings)
        if operation.outcome is Outcome.UNKNOWN and rows:
            took_effect_unknown.add(operation.person)
    for row in evidence.audit:
        if row.request_id not in known:
            findings.add("operations", f"an audit row of nobody's request: {row}")
    for event in evidence.events:
        if event.trace_id not in known:
            findings.add("operations", f"an event of nobody's request: {event}")


def _problems(
    operation: Operation,
    rows: Sequence[AuditRow],
    events: Sequence[Event],
    took_effect_unknown: set[int],
) -> Iterator[str]:
    expectation = EXPECTATIONS[operation.kind]
    if operation.reason == _DEFECT:
        yield "the service answered INTERNAL"
    if len(rows) > 1:
        yield f"{len(rows)} audit rows"
    elif not rows:
        yield from _without_row(operation, expectation, events, took_effect_unknown)
    elif rows[0].is_success:
        yield from _of_success(operation, expectation, rows[0], events)
    else:
        yield from _of_refusal(operation, rows[0], events)
    for row in rows:
        if row.action != expectation.action:
            yield f"audited as {row.action}"
        if row.trace_id != operation.id:
            yield f"audited under the trace {row.trace_id}"
        for event in events:
            if event.transaction_id != row.transaction_id:
                yield f"{event.event_type} was written in another transaction than its audit row"


def _without_row(
    operation: Operation,
    expectation: Expectation,
    events: Sequence[Event],
    took_effect_unknown: set[int],
) -> Iterator[str]:
    if events:
        yield f"no audit row, but {[event.event_type for event in events]}"
    if operation.outcome is Outcome.DONE:
        # It was so already if an earlier operation without an answer has brought it about.
        nothing_to_do = operation.facts.get("revoked") == "0" or (
            expectation.is_idempotent and operation.person in took_effect_unknown
        )
        if not nothing_to_do:
            yield "acknowledged, but not audited"
    if operation.outcome is Outcome.REFUSED and operation.reason in AUDITED_REFUSALS:
        yield f"refused for {operation.reason}, but not audited"


def _of_success(
    operation: Operation, expectation: Expectation, row: AuditRow, events: Sequence[Event]
) -> Iterator[str]:
    if operation.kind == "failed login":
        yield "a wrong password was accepted"
    if operation.outcome is Outcome.REFUSED:
        yield f"refused for {operation.reason}, but audited as done"
    found = Counter(event.event_type for event in events if event.event_type not in BY_THE_WAY)
    if found != (expected := expectation.events(row)):
        yield f"events {dict(found)} instead of {dict(expected)}"


def _of_refusal(operation: Operation, row: AuditRow, events: Sequence[Event]) -> Iterator[str]:
    if operation.outcome is Outcome.DONE:
        yield "acknowledged, but audited as refused"
    if operation.outcome is Outcome.REFUSED and operation.reason != row.reason:
        yield f"refused for {operation.reason}, but audited for {row.reason}"
    if unexpected := {event.event_type for event in events} - OF_REFUSALS:
        yield f"refused, but there are {unexpected}"


def _count(operation: Operation, rows: Sequence[AuditRow], findings: Findings) -> None:
    counts = findings.counts
    counts["operations asked for"] += 1
    counts[f"  {operation.outcome.value}"] += 1
    if operation.outcome is Outcome.DONE:
        counts["  acknowledged and audited exactly once"] += len(rows) == 1
        counts["  acknowledged, what was asked for being so already"] += not rows
    if operation.outcome is Outcome.UNKNOWN:
        counts["  unknown, wholly there"] += bool(rows)
        counts["  unknown, not there at all"] += not rows
    if operation.outcome is Outcome.REFUSED:
        counts["  refused and audited exactly once"] += len(rows) == 1
