"""All checks of a run, and what is told of it."""

from collections import Counter
from collections.abc import Collection, Sequence

from tests.e2e.site import Site
from tests.faults.check_operations import check_operations
from tests.faults.check_seals import check_seals
from tests.faults.check_state import (
    check_companions,
    check_consumed,
    check_sessions,
    check_state,
)
from tests.faults.check_stream import check_commit_order, check_stream
from tests.faults.deployment import Deployment
from tests.faults.evidence import gather
from tests.faults.findings import Findings
from tests.faults.injector import Injector
from tests.faults.journal import Journal
from tests.faults.plan import Plan


def check(
    site: Site,
    journal: Journal,
    seen: Sequence[str],
    findings: Findings,
    *,
    staff: Collection[str],
) -> None:
    """Compare what clients know, what is stored, and what was read of the stream."""
    evidence = gather(site)
    check_operations(journal, evidence, findings)
    check_state(journal, evidence, findings, staff=staff)
    check_sessions(journal, evidence, findings, staff=staff)
    check_companions(evidence, findings)
    check_consumed(journal, evidence, findings)
    check_stream(evidence, seen, findings)
    check_commit_order(journal, evidence, findings)
    findings.counts["audit rows"] = len(evidence.audit)
    check_seals(site, findings)


def tell_faults(
    injector: Injector, deployment: Deployment, findings: Findings, *, seconds: float
) -> None:
    """Count what was broken, and what had to be started again."""
    counts = findings.counts
    counts["seconds under load"] = round(seconds)
    counts["faults injected"] = injector.happened.total()
    for name, number in sorted(injector.happened.items()):
        counts[f"  {name}"] = number
    counts["  while another one lasted"] = injector.overlapping
    starts = Counter[str]()
    for name, replica in deployment.replicas.items():
        starts[name.partition("-")[0]] += replica.starts
    for role, number in starts.items():
        counts[f"starts of a {role} (two at once)"] = number
    counts["starts refused while something was missing"] = sum(
        replica.refused_starts for replica in deployment.replicas.values()
    )


def require_amounts(plan: Plan, journal: Journal, injector: Injector, findings: Findings) -> None:
    """Require that as much has happened as was planned."""
    findings.require(
        "amounts",
        f"{journal.done} of {plan.operations} operations were acknowledged",
        holds=journal.done >= plan.operations,
    )
    findings.require(
        "amounts",
        f"{injector.happened.total()} of {plan.faults} faults happened",
        holds=injector.happened.total() == plan.faults,
    )
