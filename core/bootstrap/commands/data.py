"""`python -m core data …`: data for environments in which there are no people."""

import argparse
from datetime import UTC, datetime, time
from functools import partial

from core.bootstrap.commands.parsing import (
    Commands,
    add_command,
    add_group,
    count,
    moment,
    run,
)
from core.config.settings import Settings


def add_data_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `data seed`, `synthesize`, `anonymize` and `scan`."""
    data = add_group(commands, "data", "fill a database")
    add_command(data, "seed", "make the mock data of the dev environment", _seed)
    words = "make up people and all that they did; not in prod and audit"
    made_up = add_command(data, "synthesize", words, _synthesize)
    made_up.add_argument("--users", type=count, required=True, help="how many people")
    made_up.add_argument("--seed", type=int, default=1, help="another one makes others; default 1")
    made_up.add_argument(
        "--until", type=moment, help="when it all ends (RFC 3339); default: this day's beginning"
    )
    made_up.add_argument(
        "--days", type=count, default=540, help="how long before that the first one came"
    )
    made_up.add_argument("--workers", type=count, default=2, help="processes; default 2")
    made_up.add_argument(
        "--users-only", action="store_true", help="accounts to which nothing has happened"
    )
    made_up.add_argument(
        "--beside-others", action="store_true", help="although the database holds people"
    )
    words = "clone a database without its people; seals and scans the clone; audit and dev"
    _add_ends(add_command(data, "anonymize", words, _anonymize))
    words = "look for values of a database in a clone; exit code 1 names table and column"
    _add_ends(add_command(data, "scan", words, _scan))


def _add_ends(parser: argparse.ArgumentParser) -> None:
    words = "Vault's path, under the prefix, of a secret with host, port, database and login"
    parser.add_argument("--from", dest="from_path", required=True, help=f"the source: {words}")
    parser.add_argument("--to", dest="to_path", required=True, help="the clone: likewise, as owner")
    parser.add_argument("--workers", type=count, default=2, help="processes; default 2")


def _seed(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.operations import seed

    return run(settings, seed)


def _synthesize(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.data_synthesis import Wanted, synthesize

    today = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    wanted = Wanted(
        users=parsed.users,
        seed=parsed.seed,
        until=parsed.until or today,
        days=parsed.days,
        people_alone=parsed.users_only,
        workers=parsed.workers,
        beside_others=parsed.beside_others,
    )
    return run(settings, partial(synthesize, wanted=wanted))


def _anonymize(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.data_anonymization import Paths, anonymize

    paths = Paths(from_path=parsed.from_path, to_path=parsed.to_path, workers=parsed.workers)
    return run(settings, partial(anonymize, paths=paths))


def _scan(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.data_anonymization import Paths, scan_clone

    paths = Paths(from_path=parsed.from_path, to_path=parsed.to_path, workers=parsed.workers)
    return run(settings, partial(scan_clone, paths=paths))
