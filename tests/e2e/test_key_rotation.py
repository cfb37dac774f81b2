"""One signing key follows another under load, with two replicas, and nobody notices."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest

from devstack.readiness import grpc_serving, http_ok
from tests.e2e.accounts import open_accounts
from tests.e2e.altered_contract import with_jwks_max_age
from tests.e2e.offline_verifier import OfflineVerifier, expiry
from tests.e2e.processes import Process
from tests.e2e.rest import Answer, Rest, open_session
from tests.e2e.signing import signing_keys, token_settings
from tests.e2e.site import Site, new_ports, new_site
from tests.e2e.steady_traffic import Traffic, travellers
from tests.postgres_client import until
from tests.servers import Servers

RATE_PER_SECOND: Final = 200
PEOPLE: Final = 40
VERIFIERS: Final = 8
DEADLINE_SECONDS: Final = 60.0
BUSY_IDLE_SHARE: Final = 0.05

MAX_AGE_SECONDS: Final = 2
# A rotation takes minutes and a day; with these a key is announced for 6.1 s and ends 5 s later.
SETTINGS: Final = {
    "PANDORA_VAULT__REFRESH_INTERVAL_SECONDS": "1",
    "PANDORA_VAULT__TIMEOUT_SECONDS": "0.7",
    "PANDORA_TOKENS__ACCESS_TOKEN_SECONDS": "4",
    "PANDORA_TOKENS__SERVICE_TOKEN_MAX_SECONDS": "4",
    "PANDORA_TOKENS__CLOCK_SKEW_SECONDS": "1",
    "PANDORA_GATEWAY__TRUSTED_PROXIES": "127.0.0.0/8",
    "PANDORA_LIMITS__EXEMPT_NETWORKS": "198.51.100.0/24",
    # A machine that is busy with other things answers late, which is no fault of a rotation.
    "PANDORA_GATEWAY__REQUEST_TIMEOUT_SECONDS": "30",
    # What is asked of the machine is the traffic, not lines about it.
    "PANDORA_TELEMETRY__LOG_LEVEL": "warning",
    "PANDORA_TELEMETRY__SAMPLING_RATIO": "0",
    "PANDORA_GATEWAY__LOG_LEVEL": "warning",
}
ANNOUNCEMENT_SECONDS: Final = MAX_AGE_SECONDS + 1 + 3 * 0.7 + 1


@dataclass(frozen=True, kw_only=True)
class Replica:
    """A core and the gateway beside it."""

    site: Site
    core: Process
    gateway: Process

    def await_ready(self) -> None:
        self.core.wait_until(lambda: grpc_serving(self.site.core_address, self.site.certificates))
        ready = f"{self.site.gateway_url}/readyz"
        self.gateway.wait_until(lambda: http_ok(ready, self.site.certificates))


@contextmanager
def two_replicas(servers: Servers, folder: Path) -> Iterator[list[Replica]]:
    """Run two replicas of one service, each behind a gateway of its own, until the block ends."""
    contract = with_jwks_max_age(folder / "contract", MAX_AGE_SECONDS)
    with (
        new_site(servers, folder, settings=SETTINGS, beside=contract) as site,
        ExitStack() as ends,
    ):
        replicas = [_started(each, ends) for each in (site, _another(site))]
        for replica in replicas:
            replica.await_ready()
        yield replicas


def _another(site: Site) -> Site:
    folder = site.folder / "another"
    folder.mkdir()
    ports = new_ports(site.ports.by_variable, site.certificates)
    return dataclasses.replace(site, folder=folder, ports=ports)


def _started(site: Site, ends: ExitStack) -> Replica:
    core = site.start("core", "serve")
    ends.callback(core.stop)
    gateway = site.start("gateway")
    ends.callback(gateway.stop)
    return Replica(site=site, core=core, gateway=gateway)


@asynccontextmanager
async def clients(replicas: list[Replica]) -> AsyncIterator[list[Rest]]:
    async with open_session(replicas[0].site.certificates) as session:
        yield [
            Rest(session=session, url=replica.site.gateway_url, confidential=set())
            for replica in replicas
        ]


def new_verifiers(site: Site, rests: list[Rest]) -> list[OfflineVerifier]:
    """Return verifiers that ask each replica in turn."""
    turns = cycle(rests)

    async def ask() -> Answer:
        return await next(turns).get("/.well-known/jwks.json")

    settings = token_settings(site)
    # Each renews its keys at another moment of the max-age from then on.
    phases = [MAX_AGE_SECONDS * (number + 1) / VERIFIERS for number in range(VERIFIERS)]
    return [OfflineVerifier(ask=ask, settings=settings, phase_seconds=each) for each in phases]


async def rotate_under(traffic: Traffic, site: Site) -> None:
    """Rotate beside the traffic, and return when every verifier has forgotten the old key.

    Meanwhile a platform service calls, with a token that the old key has signed.
    """
    await asyncio.gather(*(verifier.refresh() for verifier in traffic.verifiers))
    rotated = await asyncio.to_thread(site.run, "core", "keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    _, new = signing_keys(site)
    assert states(rotated.stdout)[new.kid] == "announced"
    announced = (new.signs_from - new.published_at).total_seconds()
    assert announced == pytest.approx(ANNOUNCEMENT_SECONDS)
    await call_as_a_service(traffic, site)
    await until(lambda: all_know(traffic.verifiers, {new.kid}), deadline_seconds=DEADLINE_SECONDS)


async def call_as_a_service(traffic: Traffic, site: Site) -> None:
    """Mint a token that lives as long as any may, and use it until its end."""
    minted = await asyncio.to_thread(
        site.run, "core", "tokens", "mint-service", "wallet", "--lifetime-seconds", "4"
    )
    assert minted.returncode == 0, minted.stderr
    token = minted.stdout.strip()
    path = f"/v1/users/{traffic.travellers[0].account.id}"
    turns = cycle(traffic.replicas)
    while (answer := await next(turns).get(path, token=token)).status == 200:
        for verifier in traffic.verifiers:
            await verifier.verify(token)
        await asyncio.sleep(0.1)
    assert answer.reason == "TOKEN_EXPIRED"
    assert time.time() >= expiry(token)


async def all_know(verifiers: Sequence[OfflineVerifier], kids: set[str]) -> bool:
    return all(verifier.seen[-1] == kids for verifier in verifiers)


def states(table: str) -> dict[str, str]:
    """Read what `keys` printed: each key's state by its id."""
    _, *lines = table.splitlines()
    return {kid: state for kid, state, *_ in map(str.split, lines)}


@pytest.mark.long
async def test_a_rotation_under_load_fails_no_request_and_leaves_no_token_unverifiable(
    servers: Servers, tmp_path: Path
) -> None:
    with two_replicas(servers, tmp_path) as replicas:
        site = replicas[0].site
        async with open_accounts(site) as accounts, clients(replicas) as rests:
            async with accounts.database.transaction() as unit:
                people = [await accounts.create(unit) for _ in range(PEOPLE)]
                await unit.commit()
            verifiers = new_verifiers(site, rests)
            traffic = Traffic(
                replicas=rests,
                travellers=travellers(people),
                verifiers=verifiers,
                rate_per_second=RATE_PER_SECOND,
            )
            async with traffic.flowing():
                await rotate_under(traffic, site)
    old, new = (key.kid for key in signing_keys(site))
    assert traffic.failures == []
    assert [each for verifier in verifiers for each in verifier.unverifiable] == []
    for verifier in verifiers:
        assert verifier.seen == [frozenset({old}), frozenset({old, new}), frozenset({new})]
    assert traffic.signed == {(0, old), (0, new), (1, old), (1, new)}
    assert traffic.answered == traffic.sent
    # Less only where other work leaves the machine no time: it is not the keys that are waited for.
    rate = traffic.sent / traffic.seconds
    assert rate >= 0.95 * RATE_PER_SECOND or traffic.idle_share < BUSY_IDLE_SHARE
