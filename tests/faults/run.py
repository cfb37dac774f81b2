"""One run from its first process to its report."""

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psycopg

from core.domain.user import Role
from tests.e2e.accounts import Account, open_accounts
from tests.e2e.site import Site
from tests.faults.deployment import Deployment, new_deployment, running
from tests.faults.evidence import INSTRUMENTS
from tests.faults.faults import Breaking
from tests.faults.findings import Findings
from tests.faults.injector import Injector
from tests.faults.journal import Journal
from tests.faults.load import Load
from tests.faults.observer import Observer
from tests.faults.plan import Plan
from tests.faults.publisher import Publisher
from tests.faults.settling import settle
from tests.faults.verdict import check, require_amounts, tell_faults

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
            for line in started.died():
                findings.add("processes", line)
        tell_faults(injector, started, findings, seconds=seconds)
        check(deployment.site, journal, observer.entries, findings, staff=staff.ids)
    require_amounts(plan, journal, injector, findings)
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
