"""`python -m bench`: floors and the service in one run, judged; keeps the tables under build/."""

import os
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.judging.targets import TARGETS
from bench.judging.verdict import Samples, Target, Verdict, errors_of, judge
from bench.loads.h2load import require_h2load
from bench.loads.wrk import require_wrk
from bench.report.document import Report, write
from bench.service.workers import Running
from bench.suite.floors import floors
from bench.suite.measure import Measure, go_round
from bench.suite.options import Options, read
from bench.suite.service import service
from bench.suite.stage import stage
from bench.usage import family_seconds

_FAILED = 1


def main() -> int:
    """Measure; the exit code is 1 where a target is missed, or a single request failed."""
    options = read()
    require_wrk()
    require_h2load()
    with tempfile.TemporaryDirectory(prefix="pandora-bench-") as name:
        measures, samples, shares = _measure(Path(name), options)
    verdicts = _verdicts(TARGETS, samples)
    report = Report(
        facts={**_facts(options, measures), **shares},
        titles={measure.name: measure.title for measure in measures},
        samples=samples,
        verdicts=verdicts,
    )
    print(write(report, options.output))
    for verdict in verdicts:
        print(f"bench: {verdict.sentence}", file=sys.stderr)
    return 0 if all(verdict.met for verdict in verdicts) else _FAILED


def _measure(folder: Path, options: Options) -> tuple[list[Measure], Samples, Mapping[str, object]]:
    with stage(folder, options) as running:
        measures = chosen(
            [*floors(running, options), *service(running, options)], TARGETS, options.only
        )
        samples = go_round(measures, rounds=options.rounds, seconds=options.seconds)
        return measures, samples, _shares(running.service)


def _shares(service: Running) -> Mapping[str, object]:
    """Tell how the work was spread over the workers: one that has none helps nobody."""
    found: dict[str, object] = {}
    for kind in ("core", "gateway"):
        used = [family_seconds(pid) for pid in service.workers(kind)]
        total = sum(used) or 1.0
        told = ", ".join(f"{each / total:.0%}" for each in used)
        found[f"processor time of the {kind}'s workers"] = told
    return found


def chosen(
    measures: Sequence[Measure], targets: Sequence[Target], only: Sequence[str]
) -> list[Measure]:
    """Keep those whose names begin so, and what the targets compare them with; all for none.

    Raises:
        BenchError: a name is nobody's.
    """
    if not only:
        return list(measures)
    known = {measure.name for measure in measures}
    unknown = [word for word in only if not any(name.startswith(word) for name in known)]
    if unknown:
        raise BenchError(f"no measure {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    wanted = {name for name in known if name.startswith(tuple(only))}
    wanted |= {
        name for target in targets if target.figure.measure in wanted for name in target.measures
    }
    return [measure for measure in measures if measure.name in wanted]


def _verdicts(targets: Sequence[Target], samples: Samples) -> list[Verdict]:
    judged = [judge(target, samples) for target in targets]
    return [*(verdict for verdict in judged if verdict is not None), *errors_of(samples)]


def _facts(options: Options, measures: Sequence[Measure]) -> dict[str, object]:
    names = {measure.name for measure in measures}
    left_out = {"inserts": "pgbench", "argon2-build": "build/argon2", "envoy-echo": "Envoy"}
    return {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "worker processes of core, gateway and each floor": options.workers,
        "people in the database": options.users,
        "rounds": options.rounds,
        "seconds of one measurement": options.seconds,
        "left out, for lack of it": ", ".join(
            word for name, word in left_out.items() if name not in names and not options.only
        )
        or "nothing",
    }


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(_FAILED)
