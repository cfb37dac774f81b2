"""`python -m bench.growth`: the same calls of two live services, on a small and a large database.

Both databases lie in one PostgreSQL, and each operation is measured at one right after the other,
in an order that turns round: what else goes on on the machine meets both alike.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.errors import BenchError
from bench.growth import plans
from bench.growth.operations import LARGE, SMALL, operations, targets
from bench.growth.scale import Scale, scale
from bench.judging.verdict import Verdict, errors_of, judge
from bench.loads.h2load import require_h2load
from bench.loads.wrk import require_wrk
from bench.report.document import Report, write
from bench.service.site import measured_servers
from bench.suite.generators import SPARE
from bench.suite.measure import Measure, go_round

_FEW, _MANY = 16, 64


def main() -> int:
    """Measure and judge; the exit code is 1 where the large database is slower."""
    options = _arguments()
    require_wrk()
    require_h2load()
    with tempfile.TemporaryDirectory(prefix="pandora-growth-") as name, ExitStack() as ends:
        folder = Path(name)
        servers = ends.enter_context(measured_servers())
        sessions = (options.rounds + 1) * SPARE * _FEW
        small, large = (
            ends.enter_context(
                scale(
                    servers,
                    folder / "sites",
                    size,
                    users=users,
                    workers=options.workers,
                    pages=options.pages,
                    members=sessions,
                )
            )
            for size, users in ((SMALL, options.small), (LARGE, options.users))
        )
        measures = _paired(small, large, folder / "loads")
        samples = go_round(measures, rounds=options.rounds, seconds=options.seconds)
        changed = plans.changes(small.site.database.admin_dsn, large.site.database.admin_dsn)
        facts = _facts(options, small, large)
    names = [measure.name.removesuffix(f"@{SMALL}") for measure in measures[::2]]
    judged = [judge(target, samples) for target in targets(names)]
    verdicts: list[Verdict] = [*filter(None, judged), *errors_of(samples)]
    report = Report(
        facts=facts,
        titles={measure.name: measure.title for measure in measures},
        samples=samples,
        verdicts=verdicts,
        appendix=("Statements whose plans change with size:", "", *plans.table(changed)),
    )
    print(write(report, options.output, name="growth"))
    for verdict in verdicts:
        print(f"bench: {verdict.sentence}", file=sys.stderr)
    return 0 if all(verdict.met for verdict in verdicts) else 1


def _paired(small: Scale, large: Scale, folder: Path) -> list[Measure]:
    both = zip(
        operations(small, folder, few=_FEW, many=_MANY),
        operations(large, folder, few=_FEW, many=_MANY),
        strict=True,
    )
    return [measure for pair in both for measure in pair]


def _facts(options: argparse.Namespace, small: Scale, large: Scale) -> dict[str, object]:
    return {
        "processors": os.cpu_count(),
        "worker processes of each core and gateway": options.workers,
        "rounds": options.rounds,
        "seconds of one measurement": options.seconds,
        "users": f"{small.users:,} and {large.users:,}, with all that they did",
        "pages before the deep page": f"{small.deep.pages:,} and {large.deep.pages:,}",
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=1_000_000, help="in the large database")
    parser.add_argument("--pages", type=int, default=10_000, help="before the deep page")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("build"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
