"""Nothing is lost while processes are replaced, logins end, and Vault is away: all under load."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.accounts import open_accounts
from tests.e2e.cluster import running_cluster
from tests.e2e.mixed_traffic import MixedTraffic, people_of
from tests.e2e.rest import Rest, open_session
from tests.e2e.site import Site, new_site
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
