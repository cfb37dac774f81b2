"""`python -m bench`: measures, prints the tables, and keeps them under build/."""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import results
from bench.calls import Call
from bench.load import BenchError, Target, measure
from bench.results import Series
from bench.servers import FIXED, REAL, calls_of, do_nothing_core, real_core, targets

_FAILED = 1
_USAGE = 2
_WARM_UP_SECONDS = 1


def main() -> int:
    """Measure; the exit code is 1 where the gateway falls short before the real core.

    Before one that does nothing it is told, and no more: see docs/performance.md.
    """
    arguments = _arguments()
    if shutil.which("wrk") is None:
        print("bench: wrk is needed (apt-get install wrk)", file=sys.stderr)
        return _USAGE
    with tempfile.TemporaryDirectory(prefix="pandora-bench-") as name:
        series, idle = _run(Path(name), arguments)
    facts = {
        "connections": arguments.connections,
        "rounds": arguments.rounds,
        "seconds_each": arguments.seconds,
        "processors": os.cpu_count(),
        "idle_gateway_mib": round(idle, 1),
    }
    arguments.output.mkdir(parents=True, exist_ok=True)
    text = results.as_markdown(series, facts)
    (arguments.output / "bench.md").write_text(text)
    document = json.dumps(results.as_json(series, facts), indent=1)
    (arguments.output / "bench.json").write_text(document + "\n")
    print(text)
    for sentence in results.falls_short(series, FIXED):
        print(f"bench: note: {sentence}", file=sys.stderr)
    short = results.falls_short(series, REAL)
    if idle >= results.MOST_MEMORY_MIB:
        short.append(f"an idle gateway holds {idle:.0f} MiB")
    for sentence in short:
        print(f"bench: falls short: {sentence}", file=sys.stderr)
    return _FAILED if short else 0


def _run(folder: Path, arguments: argparse.Namespace) -> tuple[list[Series], float]:
    (folder / "real").mkdir()
    with (
        real_core(folder / "real") as site,
        do_nothing_core(folder / "fixed") as fixed,
    ):
        asked = calls_of(site)
        program = arguments.envoy
        with (
            targets(folder / "before-fixed", FIXED, fixed, asked, program) as (first, idle),
            targets(folder / "before-real", REAL, site.core_address, asked, program) as (second, _),
        ):
            return _measure([*first, *second], asked, arguments), idle


def _measure(
    measured: Sequence[Target], asked: Sequence[Call], arguments: argparse.Namespace
) -> list[Series]:
    """Go round: in each round each server is asked each call once, in an order that turns."""
    series = {
        (target.core, call.name): Series(core=target.core, call=call.name)
        for target in measured
        for call in asked
    }
    plan = [(target, call) for call in asked for target in measured]
    for target, call in plan:
        measure(target, call, seconds=_WARM_UP_SECONDS, connections=arguments.connections)
    for number in range(arguments.rounds):
        order = plan if number % 2 == 0 else plan[::-1]
        for target, call in order:
            figures = measure(
                target, call, seconds=arguments.seconds, connections=arguments.connections
            )
            series[target.core, call.name].rounds[target.name].append(figures)
    return list(series.values())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of one measurement")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--envoy", type=Path, required=True, help="the program")
    parser.add_argument("--output", type=Path, default=Path("build"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(_FAILED)
