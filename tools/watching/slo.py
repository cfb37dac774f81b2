"""Service level objectives, and the recording rules that measure them over every window.

Error budgets and windows follow Google's SRE workbook, chapter 5, «Alerting on SLOs», method 6.
"""

from dataclasses import dataclass
from typing import Final

WINDOWS: Final = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

_RPC: Final = "pandora.user.v1."
_HASHING: Final = "|".join(
    f"{_RPC}{name}"
    for name in (
        "AuthService/Register",
        "AuthService/Login",
        "AuthService/ResetPassword",
        "UserService/ChangePassword",
        "MfaService/DisableTotp",
    )
)
# Streams last as long as they are long, and a request for a reset is never answered at once.
_UNTIMED: Final = "|".join(
    f"{_RPC}{name}"
    for name in (
        "AuditService/ExportAuditEvents",
        "AuditService/VerifyAuditLog",
        "AuthService/RequestPasswordReset",
    )
)
_FAILED: Final = "UNKNOWN|INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED|DATA_LOSS"
_PROBES: Final = "/healthz|/readyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is promised of 30 days: at most `budget` (a share) of the calls are bad.

    `bad_share` is PromQL for the share of bad calls, with WINDOW for the range.
    """

    name: str
    meaning: str
    budget: float
    bad_share: str


def _slow(matcher: str, bound: str) -> str:
    series = "pandora_rpc_duration_seconds"
    fast = f'sum(rate({series}_bucket{{{matcher},le="{bound}"}}[WINDOW]))'
    return f"1 - {fast} / sum(rate({series}_count{{{matcher}}}[WINDOW]))"


OBJECTIVES: Final = (
    Objective(
        name="rest-availability",
        meaning="99.9 % of the requests at the REST door end without a 5xx.",
        budget=0.001,
        bad_share=(
            '(sum(rate(pandora_gateway_requests_total{status=~"5..",'
            f'route!~"{_PROBES}"}}[WINDOW])) or vector(0))'
            f' / sum(rate(pandora_gateway_requests_total{{route!~"{_PROBES}"}}[WINDOW]))'
        ),
    ),
    Objective(
        name="grpc-availability",
        meaning="99.9 % of the calls at the core end without a fault of the service.",
        budget=0.001,
        bad_share=(
            f'(sum(rate(pandora_rpc_requests_total{{code=~"{_FAILED}",'
            f'rpc=~"{_RPC}.+"}}[WINDOW])) or vector(0))'
            f' / sum(rate(pandora_rpc_requests_total{{rpc=~"{_RPC}.+"}}[WINDOW]))'
        ),
    ),
    Objective(
        name="latency",
        meaning="99 % of the calls that hash no password are answered within 100 ms.",
        budget=0.01,
        bad_share=_slow(f'rpc=~"{_RPC}.+",rpc!~"{_HASHING}|{_UNTIMED}"', "0.1"),
    ),
    Objective(
        name="hashing-latency",
        meaning="99 % of the calls that hash a password are answered within 1 s.",
        budget=0.01,
        bad_share=_slow(f'rpc=~"{_HASHING}"', "1.0"),
    ),
)


def rule_groups() -> dict[str, object]:
    """Return the content of rules/slo_recording.yml."""
    budgets = [
        {
            "record": "pandora:slo_budget:ratio",
            "expr": f"vector({objective.budget})",
            "labels": {"slo": objective.name},
        }
        for objective in OBJECTIVES
    ]
    groups: list[dict[str, object]] = [{"name": "pandora-slo-budgets", "rules": budgets}]
    for window in WINDOWS:
        rules = [
            {
                "record": f"pandora:slo_bad:ratio_rate{window}",
                "expr": objective.bad_share.replace("WINDOW", window),
                "labels": {"slo": objective.name},
            }
            for objective in OBJECTIVES
        ]
        groups.append({"name": f"pandora-slo-{window}", "rules": rules})
    return {"groups": groups}
