"""What `make bench` is asked for."""

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`only` keeps the measures whose names begin so, and what they are judged by; empty: all."""

    rounds: int
    seconds: int
    workers: int
    users: int
    few: int
    many: int
    only: tuple[str, ...]
    envoy: Path | None
    output: Path


def read(arguments: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of one measurement")
    parser.add_argument("--workers", type=int, default=2, help="of core, gateway and floors each")
    parser.add_argument("--users", type=int, default=10_000, help="in the database")
    parser.add_argument("--few", type=int, default=16, help="connections of logins and refreshes")
    parser.add_argument("--many", type=int, default=64, help="connections of reads")
    parser.add_argument(
        "--only", action="append", default=[], help="a measure, such as login; may be repeated"
    )
    parser.add_argument("--envoy", type=Path, help="the program; without it Envoy is left out")
    parser.add_argument("--output", type=Path, default=Path("build"))
    read_ = vars(parser.parse_args(arguments))
    return Options(**{**read_, "only": tuple(filter(None, read_["only"]))})
