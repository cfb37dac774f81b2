"""The stream and the outbox: nothing lost, nothing made up, one id, and everybody's order."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from tests.faults.evidence import Evidence
from tests.faults.findings import Findings
from tests.faults.journal import Journal, Outcome

_ORDER: Final = "order"


def check_stream(evidence: Evidence, seen: Sequence[str], findings: Findings) -> None:
    """Compare the outbox with what the stream holds, and with what somebody has read of it."""
    unpublished = [event.id for event in evidence.events if event.published_at is None]
    findings.require("stream", f"{len(unpublished)} events wait", holds=not unpublished)
    findings.counts["events written"] = len(evidence.events)
    for what, entries in (
        ("in the stream at the end", evidence.stream),
        ("read from it meanwhile", seen),
    ):
        arrived = _check_entries(what, entries, evidence, findings)
        findings.counts[f"  {what}, each with one id"] = arrived
        findings.counts[f"    repeats of events {what}"] = len(entries) - arrived


def _check_entries(
    what: str, entries: Sequence[str], evidence: Evidence, findings: Findings
) -> int:
    texts: dict[str, str] = {}
    first: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        envelope = json.loads(entry)
        name = envelope["id"]
        if name not in texts:
            texts[name] = entry
            first[envelope["payload"]["user_id"]].append(name)
        findings.require(what, f"copies of {name} differ", holds=texts[name] == entry)
    outbox = {event.id: event for event in evidence.events}
    missing, made_up = set(outbox) - set(texts), set(texts) - set(outbox)
    findings.require(what, f"{len(missing)} events are lost: {missing}", holds=not missing)
    findings.require(what, f"{len(made_up)} of nothing: {made_up}", holds=not made_up)
    for name in set(outbox) & set(texts):
        event, envelope = outbox[name], json.loads(texts[name])
        same = (event.event_type, event.trace_id, event.payload) == (
            envelope["event_type"],
            envelope["trace_id"],
            envelope["payload"],
        )
        findings.require(what, f"{name} is another one than was written", holds=same)
    for user_id, events in evidence.events_by_user.items():
        written = [event.id for event in events if event.id in texts]
        problem = f"events of {user_id} arrived in another order than they were written"
        findings.require(what, problem, holds=first[user_id] == written)
    return len(set(outbox) & set(texts))


def check_commit_order(journal: Journal, evidence: Evidence, findings: Findings) -> None:
    """Compare each person's events with when their transactions ended and were acknowledged."""
    committed = {row.transaction_id: row.committed_at for row in evidence.audit}
    pairs = 0
    for user_id, events in evidence.events_by_user.items():
        known = [event for event in events if event.transaction_id in committed]
        for one, other in pairwise(known):
            pairs += 1
            in_order = committed[one.transaction_id] <= committed[other.transaction_id]
            problem = f"{user_id}: {other.sequence} was committed before {one.sequence}"
            findings.require(_ORDER, problem, holds=in_order)
    for problem in _against_answers(journal, evidence):
        findings.add(_ORDER, problem)
    findings.counts["people whose order was compared"] = len(evidence.events_by_user)
    findings.counts["  neighbours compared by time of commit"] = pairs


def _against_answers(journal: Journal, evidence: Evidence) -> Iterator[str]:
    """Compare what is asked for after an answer with what was answered."""
    answered: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for operation in journal.operations:
        events = evidence.events_by_trace.get(operation.id, ())
        if operation.outcome is not Outcome.DONE or not events:
            continue
        sequences = [event.sequence for event in events]
        earlier = answered[operation.person]
        before = [last for ended, last in earlier if ended < operation.began]
        if min(sequences) <= max(before, default=0):
            yield f"{operation.kind} {operation.id} stands before what was answered before it"
        # Who was decided about elsewhere has an end nobody was told of.
        if operation.ended:
            earlier.append((operation.ended, max(sequences)))
