"""Nothing is lost while processes are replaced, logins end, and Vault is away: all under load."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from devstack.database_engine import DatabaseEngine
from devstack.databases import SERVICE
from devstack.provisioning import SERVICE_ROLE
from tests.e2e.accounts import open_accounts
from tests.e2e.cluster import running_cluster
from tests.e2e.mixed_traffic import MixedTraffic, people_of
from tests.e2e.processes import Process
from tests.e2e.rest import Rest, open_session
from tests.e2e.site import Site, new_site
from tests.integration.vault_scene import unsealed
from tests.postgres_client import until
from tests.servers import Servers

pytestmark = [pytest.mark.asyncio, pytest.mark.long]

RATE_PER_SECOND: Final = 100
PEOPLE: Final = 60
BEFORE_AND_AFTER: Final = 200
"""Answers that are waited for before something is done to the service, and after it."""

SETTINGS: Final = {
    "PANDORA_GATEWAY__TRUSTED_PROXIES": "127.0.0.0/8",
    "PANDORA_LIMITS__EXEMPT_NETWORKS": "198.51.100.0/24",
    # A machine that is busy with other things answers late, which is no loss.
    "PANDORA_GATEWAY__REQUEST_TIMEOUT_SECONDS": "30",
    "PANDORA_CORE__MAX_DEADLINE_SECONDS": "30",
    "PANDORA_TELEMETRY__SAMPLING_RATIO": "0",
}


REPLACEMENTS: Final = 2
DEADLINE_SECONDS: Final = 60.0
REFRESHED_EVERY_SECOND: Final = {"PANDORA_VAULT__REFRESH_INTERVAL_SECONDS": "1"}


def with_dynamic_login(site: Site, *, ttl: str, max_ttl: str) -> Site:
    """Return the site with a service whose logins to PostgreSQL the database engine makes."""
    stack, role = site.servers.stack, site.vault.own_name("pandora-user-service")
    engine = DatabaseEngine(stack.openbao.client(), stack.postgres)
    engine.ensure()
    engine.offer(role, rights_of=SERVICE, ttl=ttl, max_ttl=max_ttl)
    dynamic = {
        "PANDORA_POSTGRES__CREDENTIALS": "dynamic",
        "PANDORA_POSTGRES__DATABASE_ROLE": role,
        **REFRESHED_EVERY_SECOND,
    }
    return replace(site, settings={**site.settings, **dynamic})


def with_short_tokens(site: Site, *, ttl: str) -> Site:
    """Return the site with a service whose tokens of Vault end so soon."""
    approle = site.servers.stack.openbao.client().auth.approle
    name = site.vault.own_name(SERVICE_ROLE)
    approle.create_or_update_approle(name, token_ttl=ttl, token_max_ttl=ttl)
    return replace(site, settings={**site.settings, **REFRESHED_EVERY_SECOND})


def said(process: Process, event: str) -> int:
    """Return how often a process has said something."""
    return [line["event"] for line in process.log].count(event)


async def until_said(process: Process, event: str, *, times: int = 1) -> None:
    async def enough() -> bool:
        return said(process, event) >= times

    await until(enough, deadline_seconds=DEADLINE_SECONDS)


@asynccontextmanager
async def traffic_to(site: Site) -> AsyncIterator[MixedTraffic]:
    async with open_accounts(site) as accounts, open_session() as session:
        async with accounts.database.transaction() as unit:
            people = [await accounts.create(unit) for _ in range(PEOPLE)]
            await unit.commit()
        yield MixedTraffic(
            rest=Rest(session=session, url=site.gateway_url, confidential=set()),
            people=people_of(people),
            rate_per_second=RATE_PER_SECOND,
        )


def told(traffic: MixedTraffic) -> None:
    """Say what the traffic was, for whoever runs this with `-s`."""
    print(
        f"\n{traffic.sent} requests in {traffic.seconds:.1f} s, {dict(traffic.done)}, "
        f"{len(traffic.lost)} lost, longest {traffic.longest_seconds:.2f} s"
    )
    print(*traffic.lost[:5], sep="\n")


async def test_a_rolling_restart_loses_no_request(servers: Servers, tmp_path: Path) -> None:
    with new_site(servers, tmp_path, settings=SETTINGS) as site, running_cluster(site) as cluster:
        async with traffic_to(site) as traffic:
            async with traffic.flowing():
                await traffic.until_more(BEFORE_AND_AFTER)
                for kind in ("core", "gateway"):
                    await asyncio.to_thread(cluster.roll, kind)
                    await traffic.until_more(BEFORE_AND_AFTER)
            told(traffic)
            assert traffic.lost == []


async def test_logins_to_the_database_follow_each_other_without_an_error(
    private_servers: Servers, tmp_path: Path
) -> None:
    with new_site(private_servers, tmp_path, settings=SETTINGS) as plain:
        site = with_dynamic_login(plain, ttl="6s", max_ttl="9s")
        with running_cluster(site, of_each=1) as cluster:
            (core,) = cluster.members["core"]
            async with traffic_to(site) as traffic:
                async with traffic.flowing():
                    await until_said(core, "database_login_replaced", times=REPLACEMENTS)
                    await traffic.until_more(BEFORE_AND_AFTER)
                told(traffic)
                assert traffic.lost == []
                assert traffic.done.total() > BEFORE_AND_AFTER
            assert said(core, "database_login_not_lengthened") == 0


async def test_a_vault_that_is_sealed_and_restarted_takes_no_token_for_ever(
    private_servers: Servers, tmp_path: Path
) -> None:
    bao = private_servers.stack.openbao
    with new_site(private_servers, tmp_path, settings=SETTINGS) as plain:
        site = with_short_tokens(plain, ttl="3s")
        with running_cluster(site, of_each=1) as cluster:
            (core,) = cluster.members["core"]
            async with traffic_to(site) as traffic:
                async with traffic.flowing():
                    await traffic.until_more(BEFORE_AND_AFTER)
                    bao.client().sys.seal()
                    await until_said(core, "vault_lost")
                    # The token ends meanwhile, and with it the way to another one by renewal.
                    await traffic.until_more(4 * RATE_PER_SECOND)
                    await asyncio.to_thread(bao.stop)
                    await asyncio.to_thread(unsealed, bao)
                    await until_said(core, "vault_back")
                    await traffic.until_more(BEFORE_AND_AFTER)
                told(traffic)
                assert traffic.lost == []


async def test_a_login_to_the_database_outlives_a_vault_that_is_sealed_and_restarted(
    private_servers: Servers, tmp_path: Path
) -> None:
    bao = private_servers.stack.openbao
    with new_site(private_servers, tmp_path, settings=SETTINGS) as plain:
        site = with_dynamic_login(plain, ttl="60s", max_ttl="1h")
        with running_cluster(site, of_each=1) as cluster:
            (core,) = cluster.members["core"]
            async with traffic_to(site) as traffic:
                async with traffic.flowing():
                    await traffic.until_more(BEFORE_AND_AFTER)
                    bao.client().sys.seal()
                    await until_said(core, "database_login_not_lengthened")
                    await traffic.until_more(BEFORE_AND_AFTER)
                    await asyncio.to_thread(bao.stop)
                    await asyncio.to_thread(unsealed, bao)
                    await until_said(core, "database_login_kept_again")
                    await traffic.until_more(BEFORE_AND_AFTER)
                told(traffic)
                assert traffic.lost == []
            assert said(core, "database_login_replaced") == 0
