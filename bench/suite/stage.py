"""Everything that runs while the measures take turns."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from bench.floors.servers import Cores, Door, bare_handlers, envoys, fixed_cores, gateways
from bench.loads import pgbench
from bench.service.people import People, gather
from bench.service.site import measured_servers, populated_site
from bench.service.workers import Running, background, serve, server_groups
from bench.suite.generators import SPARE
from bench.suite.options import Options
from tests.e2e.site import Site

_READERS: Final = 1000
_UNRECORDED: Final = str(Path(__file__).resolve().parents[1] / "service" / "unrecorded")
_TIMEOUT_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the measures ask; `envoy` and `inserts` (a database's DSN) are None where left out."""

    folder: Path
    site: Site
    people: People
    service: Running
    unrecorded: Running
    fixed: Cores
    bare: Door
    gateway: Door
    envoy: Door | None
    inserts: str | None
    beside: Mapping[str, tuple[int, ...]]


@contextmanager
def stage(folder: Path, options: Options) -> Iterator[Stage]:
    """Start servers, floors and the service, and make people."""
    with ExitStack() as ends:
        servers = ends.enter_context(measured_servers())
        site = ends.enter_context(populated_site(servers, folder / "site", users=options.users))
        inserts = None
        if pgbench.is_at_hand():
            servers.stack.databases.ensure("bench_inserts")
            inserts = servers.stack.postgres.dsn("bench_inserts")
            pgbench.prepare(inserts)
        background_groups = ends.enter_context(background(site))
        service = ends.enter_context(serve(site, workers=options.workers))
        unrecorded = ends.enter_context(
            serve(site, workers=options.workers, core_changes={"PYTHONPATH": _UNRECORDED})
        )
        exchanges = 2 * (options.rounds + 1) * SPARE * options.few
        people = gather(site, members=max(_READERS, exchanges), emails=_READERS)
        fixed = ends.enter_context(fixed_cores(folder / "fixed", workers=options.workers))
        answer = _own_account(service.gateway_url, people.members[0].access_token)
        yield Stage(
            folder=folder,
            site=site,
            people=people,
            service=service,
            unrecorded=unrecorded,
            fixed=fixed,
            bare=ends.enter_context(
                bare_handlers(folder / "bare", fixed, workers=options.workers, answer=answer)
            ),
            gateway=ends.enter_context(
                gateways(folder / "gateway", fixed, workers=options.workers)
            ),
            envoy=None
            if options.envoy is None
            else ends.enter_context(
                envoys(folder / "envoy", fixed, options.envoy, workers=options.workers)
            ),
            inserts=inserts,
            beside={**background_groups, **server_groups(site)},
        )


def _own_account(url: str, token: str) -> str:
    """Return what the gateway answers, so that the bare handler answers as much."""
    answer = requests.get(
        f"{url}/v1/users/me",
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
    return json.dumps(answer.json())
