"""`python -m bench.profiling KIND`: flame graphs and own time while one kind of call is made."""

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.loads.h2load import require_h2load
from bench.loads.sample import Sample
from bench.loads.wrk import require_wrk
from bench.profiling import groups, py_spy
from bench.service import calls
from bench.service.people import People, gather
from bench.service.site import measured_servers, populated_site
from bench.service.workers import Running, background, serve
from bench.suite import generators
from bench.suite.generators import Run

KINDS: Final = ("get-me", "refresh", "login", "get-user", "introspect")
_FEW, _MANY, _USERS, _MEMBERS = 16, 64, 2000, 500
_WARM_UP_SECONDS: Final = 3
_LEAD_SECONDS: Final = 3


def main() -> int:
    """Run a service under load and look at it; prints the table, writes files."""
    options = _arguments()
    require_wrk()
    require_h2load()
    with tempfile.TemporaryDirectory(prefix="pandora-profile-") as name, ExitStack() as ends:
        folder = Path(name)
        servers = ends.enter_context(measured_servers())
        site = ends.enter_context(populated_site(servers, folder / "site", users=_USERS))
        beside = ends.enter_context(background(site))
        running = ends.enter_context(serve(site, workers=options.workers))
        people = gather(site, members=_MEMBERS, emails=_MEMBERS)
        run = load_of(options.kind, folder / "loads", running, people)
        run(_WARM_UP_SECONDS)
        pids = {
            **_numbered("core", running.workers("core")),
            **_numbered("gateway", running.workers("gateway")),
            **{kind: roots[0] for kind, roots in beside.items() if kind in {"relay", "sealer"}},
        }
        sample, stacks = _look(options, run, pids)
    times = {name: groups.own_time(py_spy.read_stacks(text)) for name, text in stacks.items()}
    words = f"{options.kind}: {sample.per_second:,.0f}/s beside py-spy, {sample.errors} errors"
    text = "\n".join([words, "", *groups.table({k: v for k, v in times.items() if v})]) + "\n"
    (options.output / f"{options.kind}.md").write_text(text)
    print(text)
    print(f"bench: flame graphs lie in {options.output}", file=sys.stderr)
    return 1 if sample.errors else 0


def load_of(kind: str, folder: Path, running: Running, people: People) -> Run:
    """Return the generator of one kind of call."""
    url, address = running.gateway_url, running.core_address
    if kind == "get-me":
        return generators.rest(folder, url, calls.own_accounts(people), _MANY)
    if kind == "login":
        return generators.rest(folder, url, calls.logins(people), _FEW)
    if kind == "refresh":
        return generators.refreshes(folder, url, people, _FEW)
    if kind == "get-user":
        return generators.grpc(folder, calls.get_user(address, people), _MANY)
    return generators.grpc(folder, calls.introspect(address, people), _MANY)


def _look(
    options: argparse.Namespace, run: Run, pids: dict[str, int]
) -> tuple[Sample, dict[str, str]]:
    """Keep the load up while py-spy looks twice: once for pictures, once for the table."""
    seconds, folder = options.seconds, options.output
    with ThreadPoolExecutor(1) as pool:
        under_load = pool.submit(run, 2 * (seconds + _LEAD_SECONDS))
        py_spy.record(
            options.py_spy, pids, folder, seconds=seconds, kind="flamegraph", suffix="svg"
        )
        raw = py_spy.record(
            options.py_spy, pids, folder, seconds=seconds, kind="raw", suffix="collapsed"
        )
        return under_load.result(), {name: file.read_text() for name, file in raw.items()}


def _numbered(kind: str, pids: tuple[int, ...]) -> dict[str, int]:
    return {f"{kind}-{number}": pid for number, pid in enumerate(pids, start=1)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.profiling", description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seconds", type=int, default=10, help="of each of two looks")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--py-spy", type=Path, default=Path("build/bench/bin/py-spy"))
    parser.add_argument("--output", type=Path, default=Path("build/profile"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
