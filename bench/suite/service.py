"""The measures of the service itself."""

from collections.abc import Iterator
from typing import Final

import psycopg

from bench.errors import BenchError
from bench.loads.sample import Sample
from bench.service import calls
from bench.service.starting import start_once
from bench.service.workers import Running
from bench.suite import generators
from bench.suite.generators import Run
from bench.suite.measure import Groups, Measure
from bench.suite.options import Options
from bench.suite.stage import Stage

STEADY_PER_SECOND: Final = 200
_AUDIT_ROWS: Final = "SELECT count(*) FROM audit_events"


def service(stage: Stage, options: Options) -> Iterator[Measure]:
    """Yield logins, refreshes, reads through both doors, reads beside logins, and starts."""
    few, many, people = options.few, options.many, stage.people
    running, groups = stage.service, {**stage.service.groups, **stage.beside}
    loads, url = stage.folder / "loads", stage.service.gateway_url
    log_in = generators.rest(loads / "login", url, calls.logins(people), few)
    own = calls.own_accounts(people)
    yield _of("login", f"login, REST ({few})", log_in, running, groups)
    yield _refresh("refresh", f"refresh, REST ({few})", stage, running, few, recorded=True)
    title = f"refresh without audit rows and events, for comparison only ({few})"
    yield _refresh("refresh-unrecorded", title, stage, stage.unrecorded, few, recorded=False)
    get_me = generators.rest(loads / "get-me", url, own, many)
    yield _of("get-me", f"get-me, REST ({many})", get_me, running, groups)
    groups = {name: pids for name, pids in groups.items() if name != "gateway"}
    get_user = calls.get_user(running.core_address, people)
    introspect = calls.introspect(running.core_address, people)
    for name, title, asked in (
        ("get-user", "GetUser, gRPC", get_user),
        ("introspect", "IntrospectToken, gRPC", introspect),
    ):
        run = generators.grpc(loads / name, asked, many)
        yield _of(name, f"{title} ({many})", run, running, groups)
    steady = generators.steady(loads / "steady", get_user, STEADY_PER_SECOND)
    title = f"GetUser, gRPC, {STEADY_PER_SECOND}/s"
    yield _of("reads-calm", title, steady, running, groups, factor=2)
    title = f"GetUser, gRPC, {STEADY_PER_SECOND}/s beside logins ({few})"
    busy = generators.beside(log_in, steady)
    yield _of("reads-beside-logins", title, busy, running, groups, factor=2)
    yield Measure(
        name="start",
        title="core: start to SERVING; memory of a worker that nobody asks",
        run=lambda _: _start(stage),
        groups={},
    )


def _of(
    name: str, title: str, run: Run, running: Running, groups: Groups, *, factor: int = 1
) -> Measure:
    return Measure(
        name=name,
        title=title,
        run=run,
        groups=groups,
        cores=running.core_metrics,
        seconds_factor=factor,
    )


def _refresh(
    name: str, title: str, stage: Stage, running: Running, connections: int, *, recorded: bool
) -> Measure:
    folder = stage.folder / "loads" / name
    exchange = generators.refreshes(folder, running.gateway_url, stage.people, connections)

    def run(seconds: int) -> Sample:
        before = _audit_rows(stage)
        sample = exchange(seconds)
        written = _audit_rows(stage) - before
        if recorded and written < sample.requests:
            raise BenchError(f"{sample.requests} refreshes wrote {written} audit rows")
        if not recorded and written:
            raise BenchError(f"the core for comparison wrote {written} audit rows")
        return sample

    return _of(name, title, run, running, {**running.groups, **stage.beside})


def _audit_rows(stage: Stage) -> int:
    with psycopg.connect(stage.site.database.admin_dsn) as connection:
        row = connection.execute(_AUDIT_ROWS).fetchone()
    return int(row[0]) if row else 0


def _start(stage: Stage) -> Sample:
    began = start_once(stage.site)
    return Sample(
        requests=1, seconds=began.seconds, p50_ms=began.seconds * 1000, idle_mib=began.idle_mib
    )
