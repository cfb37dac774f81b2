"""`python -m bench.endurance`: many requests of all kinds, then nothing has grown."""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench.endurance.judgement import MOST_DEAD, judge
from bench.endurance.mixture import CONNECTIONS, Mixture
from bench.endurance.state import State, await_quiet, await_vacuum, look, processes_of
from bench.errors import BenchError
from bench.judging.verdict import Verdict
from bench.loads.wrk import require_wrk
from bench.report.tables import verdict_table
from bench.service.people import gather
from bench.service.site import measured_servers, populated_site
from bench.service.workers import background, serve

_WAVE_SECONDS = 10
_MEMBERS = 3000
_SLOWEST_WAVE = 200
"""Requests in a wave, for the number of sessions that have to be opened beforehand."""
_OUTBOX_SECONDS = 120
_VACUUM_SECONDS = 180
"""Autovacuum looks at a database every minute, and a table after the other."""


def main() -> int:
    """Send requests, look, judge; the exit code is 1 where something has grown."""
    options = _arguments()
    require_wrk()
    with tempfile.TemporaryDirectory(prefix="pandora-endurance-") as name, ExitStack() as ends:
        folder = Path(name)
        servers = ends.enter_context(measured_servers())
        site = ends.enter_context(populated_site(servers, folder / "site", users=options.users))
        beside = ends.enter_context(background(site))
        running = ends.enter_context(serve(site, workers=options.workers))
        waves = 1 + (options.requests + options.warm_up) // _SLOWEST_WAVE
        spare = 3 * CONNECTIONS["refreshes"] * min(waves, 200)
        people = gather(site, members=max(_MEMBERS, spare), emails=_MEMBERS)
        mixture = Mixture(folder=folder / "loads", url=running.gateway_url, people=people)
        pids = processes_of(running, beside)
        _send(mixture, options.warm_up)
        await_quiet(site, seconds=_OUTBOX_SECONDS)
        warm = look(site, pids)
        sent = _send(mixture, options.requests)
        waiting = await_quiet(site, seconds=_OUTBOX_SECONDS)
        end = look(site, pids)
        dead = await_vacuum(site, most=MOST_DEAD, seconds=_VACUUM_SECONDS)
    verdicts = judge(warm, end, waiting=waiting, dead=dead, wrong=mixture.wrong)
    text = _tell(options, sent, mixture, (warm, end), verdicts)
    print(text)
    for verdict in verdicts:
        if not verdict.met:
            print(f"bench: {verdict.sentence}", file=sys.stderr)
    return 0 if all(verdict.met for verdict in verdicts) else 1


def _send(mixture: Mixture, requests: int) -> int:
    """Send at least so many requests; return how many they were."""
    sent = 0
    while sent < requests:
        sent += mixture.wave(_WAVE_SECONDS)
        print(f"bench: {sent:,} of {requests:,} requests", file=sys.stderr)
    return sent


def _tell(
    options: argparse.Namespace,
    sent: int,
    mixture: Mixture,
    states: tuple[State, State],
    verdicts: list[Verdict],
) -> str:
    warm, end = states
    answered = ", ".join(f"{kind} {count:,}" for kind, count in sorted(mixture.answered.items()))
    lines = [
        f"{sent:,} requests after a warm-up of {options.warm_up:,}; with it: {answered}.",
        "",
        "| process | warm: MiB | end: MiB | descriptors | threads |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, before in warm.processes.items():
        after = end.processes[name]
        lines.append(
            f"| {name} | {before.mib:.1f} | {after.mib:.1f} | {before.descriptors} → "
            f"{after.descriptors} | {before.threads} → {after.threads} |"
        )
    text = "\n".join([*lines, "", *verdict_table(verdicts)]) + "\n"
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "endurance.md").write_text(text)
    document = {
        "requests": sent,
        "answered": mixture.answered,
        "wrong": mixture.wrong,
        "warm": asdict(warm),
        "end": asdict(end),
        "verdicts": [asdict(verdict) for verdict in verdicts],
    }
    (options.output / "endurance.json").write_text(json.dumps(document, indent=1) + "\n")
    return text


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.endurance", description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--warm-up", type=int, default=20_000)
    parser.add_argument("--users", type=int, default=10_000, help="in the database")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("build"))
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(1)
