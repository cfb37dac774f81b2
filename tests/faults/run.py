"""One run from its first process to its report."""

import asyncio
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psycopg

from core.domain.user import Role
from tests.e2e.accounts import Account, open_accounts
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
from tests.faults.deployment import Deployment, new_deployment, running
from tests.faults.evidence import INSTRUMENTS, Evidence, gather
from tests.faults.faults import Breaking
from tests.faults.findings import Findings
from tests.faults.injector import Injector
from tests.faults.journal import Journal
from tests.faults.load import Load
from tests.faults.observer import Observer
from tests.faults.plan import Plan
from tests.faults.publisher import Publisher
from tests.faults.settling import settle

MOST_SECONDS: Final = 900.0


@dataclass(frozen=True, kw_only=True)
class Staff:
    """The accounts that the load acts with beside its people."""

    admin: Account
    compliance: Account

    @property
    def ids(self) -> list[str]:
        return [self.admin.id, self.compliance.id]


async def run(plan: Plan, folder: Path) -> Findings:
    """Load and break the service, put it right, and check what is left."""
    journal, findings = Journal(), Findings()
    with ExitStack() as ends:
        deployment = ends.enter_context(new_deployment(folder))
        _instrument(deployment.site)
        staff = await _staff(deployment.site)
        async with running(deployment) as started:
            observer = Observer(site=started.site)
            reading = asyncio.create_task(observer.run())
            began = time.monotonic()
            injector, publisher = await _break_under_load(plan, started, journal, staff)
            seconds = time.monotonic() - began
            for line in await settle(started, publisher):
                findings.add("settling", line)
            observer.stop()
            await reading
            findings.problems["processes"].extend(started.died())
        evidence = gather(deployment.site)
        check_seals(deployment.site, findings)
    _tell_faults(injector, started, findings, seconds=seconds)
    _check(journal, evidence, observer, findings, staff)
    if not findings.problems["processes"]:
        del findings.problems["processes"]
    _require_amounts(plan, journal, injector, findings)
    return findings


async def _break_under_load(
    plan: Plan, deployment: Deployment, journal: Journal, staff: Staff
) -> tuple[Injector, Publisher]:
    load = Load(
        addresses=deployment.core_addresses,
        journal=journal,
        clients=plan.clients,
        seed=plan.seed,
        admin_token=staff.admin.access_token,
        compliance_token=staff.compliance.access_token,
    )
    random = Random(f"{plan.seed}/details")
    breaking = Breaking(deployment=deployment, plan=plan, random=random)
    injector = Injector(breaking=breaking, journal=journal, plan=plan)
    publisher = Publisher(
        site=deployment.site,
        journal=journal,
        random=Random(f"{plan.seed}/decisions"),
        next_person=load.next_retired,
    )
    enough = asyncio.Event()
    async with asyncio.timeout(MOST_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(load.run(enough))
        tasks.create_task(publisher.run(enough))
        try:
            await injector.run()
        finally:
            enough.set()
    return injector, publisher


def _instrument(site: Site) -> None:
    with psycopg.connect(site.database.admin_dsn) as connection:
        connection.execute(INSTRUMENTS)


async def _staff(site: Site) -> Staff:
    async with open_accounts(site) as accounts, accounts.database.transaction() as unit:
        staff = Staff(
            admin=await accounts.create(unit, Role.ADMIN),
            compliance=await accounts.create(unit, Role.COMPLIANCE),
        )
        await unit.commit()
    return staff


def _check(
    journal: Journal, evidence: Evidence, observer: Observer, findings: Findings, staff: Staff
) -> None:
    check_operations(journal, evidence, findings)
    check_state(journal, evidence, findings, staff=staff.ids)
    check_sessions(journal, evidence, findings, staff=staff.ids)
    check_companions(evidence, findings)
    check_stream(evidence, observer.entries, findings)
    check_commit_order(journal, evidence, findings)
    check_consumed(journal, evidence, findings)
    findings.counts["audit rows"] = len(evidence.audit)


def _tell_faults(
    injector: Injector, deployment: Deployment, findings: Findings, *, seconds: float
) -> None:
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


def _require_amounts(plan: Plan, journal: Journal, injector: Injector, findings: Findings) -> None:
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
