"""Whether what rules and dashboards ask for exists: metrics, labels, and what labels can say."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import grpc

from core.domain.audit import AuditAction, AuditOutcome
from pandora.user.v1 import (
    audit_service_pb2,
    auth_service_pb2,
    error_reason_pb2,
    kyc_service_pb2,
    mfa_service_pb2,
    session_service_pb2,
    user_service_pb2,
)
from tools.watching.catalogue import TARGET_LABELS, Catalogue
from tools.watching.expressions import Selector, alternatives, read

JOBS: Final = tuple(
    f"pandora-{name}" for name in ("core", "gateway", "relay", "consumer", "mail", "sealer")
)
"""The jobs of the scrape configuration: one for each kind of process that serves metrics."""

_SERVICES: Final = tuple(
    service
    for module in (
        audit_service_pb2,
        auth_service_pb2,
        kyc_service_pb2,
        mfa_service_pb2,
        session_service_pb2,
        user_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
)
_REASON_PREFIX: Final = "ERROR_REASON_"
_REASONS: Final = frozenset(
    name.removeprefix(_REASON_PREFIX)
    for name in error_reason_pb2.ErrorReason.keys()  # noqa: SIM118
)

KNOWN_VALUES: Final[Mapping[str, frozenset[str]]] = {
    "rpc": frozenset(
        f"{service.full_name}/{method.name}" for service in _SERVICES for method in service.methods
    ),
    "code": frozenset(code.name for code in grpc.StatusCode),
    "reason": _REASONS | {""},
    "action": frozenset(action.value for action in AuditAction),
    "outcome": frozenset(outcome.value for outcome in AuditOutcome) | {"challenge"},
    "dependency": frozenset({"postgres", "redis", "vault"}),
    "job": frozenset(JOBS),
    "state": frozenset({"idle", "used"}),
}
"""What some labels can say; a matcher that names anything else would pick nothing, silently."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing that is wrong, and where."""

    place: str
    problem: str

    def __str__(self) -> str:
        """Name the place, then the problem."""
        return f"{self.place}: {self.problem}"


def findings(
    place: str, expression: str, series: Catalogue, *, labels: Iterable[str] = ()
) -> Iterator[Finding]:
    """Tell what an expression names that does not exist; `labels` are those it makes itself."""
    try:
        asked = read(expression)
    except ValueError as error:
        yield Finding(place=place, problem=str(error))
        return
    known = set(TARGET_LABELS) | set(labels) | {"le"}
    for selector in asked.selectors:
        if selector.metric not in series:
            yield Finding(place=place, problem=f"there is no series {selector.metric}")
            continue
        known |= series[selector.metric]
        yield from _matchers(place, selector, series[selector.metric] | TARGET_LABELS)
    for label in sorted(asked.labels - known):
        yield Finding(place=place, problem=f"none of its series has a label {label}")


def _matchers(place: str, selector: Selector, labels: frozenset[str]) -> Iterator[Finding]:
    for matcher in selector.matchers:
        if matcher.label not in labels:
            problem = f"{selector.metric} has no label {matcher.label}"
            yield Finding(place=place, problem=problem)
        values = KNOWN_VALUES.get(matcher.label)
        for text in alternatives(matcher) if values is not None else ():
            if values is not None and text not in values and "$" not in text:
                yield Finding(place=place, problem=f"{matcher.label} is never «{text}»")
