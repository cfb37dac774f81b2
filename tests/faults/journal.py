"""What clients asked for, and what they know of how it ended."""

import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import grpc


class Outcome(StrEnum):
    """What a client knows."""

    DONE = "acknowledged"
    REFUSED = "refused"
    """Definitely not done: the service said so, with a reason."""
    UNKNOWN = "unknown"
    """No answer, or one that leaves it open."""


UNDER_WAY = "under way"

_OPEN_ENDS = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
    }
)
_NOT_BEGUN = frozenset({"SERVER_BUSY"})


@dataclass(kw_only=True)
class Operation:
    """One call; `id` is its request id and its trace id as well (32 lower-case hex digits).

    `person` numbers whom it is about; `facts` are what was asked for and what was answered. Times
    are of the client's monotonic clock.
    """

    id: str
    kind: str
    person: int
    facts: dict[str, str]
    began: float
    ended: float = 0.0
    outcome: Outcome = Outcome.UNKNOWN
    reason: str = UNDER_WAY


@dataclass
class Journal:
    """Every operation of a run, in the order of their beginnings."""

    operations: list[Operation] = field(default_factory=list)
    done: int = 0

    def begin(self, kind: str, person: int, facts: Mapping[str, str]) -> Operation:
        """Note what is about to be asked."""
        operation = Operation(
            id=uuid.uuid4().hex,
            kind=kind,
            person=person,
            facts=dict(facts),
            began=time.monotonic(),
        )
        self.operations.append(operation)
        return operation

    def end(self, operation: Operation, outcome: Outcome, reason: str) -> None:
        """Note how it ended."""
        operation.ended, operation.outcome, operation.reason = time.monotonic(), outcome, reason
        self.done += outcome is Outcome.DONE

    def count(self) -> Counter[str]:
        """Count outcomes."""
        return Counter(operation.outcome.value for operation in self.operations)


def outcome_of(code: grpc.StatusCode, reason: str) -> Outcome:
    """Tell what a client may conclude from a status."""
    if code in _OPEN_ENDS and reason not in _NOT_BEGUN:
        return Outcome.UNKNOWN
    return Outcome.REFUSED
