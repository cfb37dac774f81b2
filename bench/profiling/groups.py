"""Own time by groups of modules: who was running, not who had called."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

_FILE: Final = re.compile(r"\(([^()]+?)(?::\d+)?\)$")
_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_LIBRARIES: Final = (
    ("psycopg", "psycopg (and libpq below it)"),
    ("psycopg_pool", "psycopg (and libpq below it)"),
    ("psycopg_binary", "psycopg (and libpq below it)"),
    ("grpc", "gRPC"),
    ("grpc_health", "gRPC"),
    ("aiohttp", "aiohttp"),
    ("multidict", "aiohttp"),
    ("yarl", "aiohttp"),
    ("google", "protobuf"),
    ("protovalidate", "protovalidate"),
    ("jwt", "tokens (PyJWT, cryptography)"),
    ("cryptography", "tokens (PyJWT, cryptography)"),
    ("argon2", "Argon2id"),
    ("structlog", "logs"),
    ("logging", "logs"),
    ("opentelemetry", "traces"),
    ("prometheus_client", "metrics"),
    ("redis", "redis-py"),
    ("json", "json"),
)
_LOOP: Final = "event loop (asyncio, uvloop, gRPC's C core below it)"
_LOOP_PACKAGES: Final = frozenset({"asyncio", "uvloop"})
_REST: Final = "other"
_WAITS: Final = (
    "_worker (",  # of a thread pool, before it is given something
    "Thread.run (",  # gRPC's, which polls below Python
    "_PollLikeSelector.select (",
    "Condition.wait (",
    "LineWriter._gathered (",
)
"""Functions that run while their thread waits: py-spy stops a thread to look at it, and now and
then takes one for busy that sleeps."""


def own_time(stacks: Sequence[tuple[Sequence[str], int]]) -> Mapping[str, int]:
    """Return how often a function of each group was the one that ran, the most frequent first."""
    found: Counter[str] = Counter()
    for frames, count in stacks:
        if not frames[-1].startswith(_WAITS):
            found[group(frames[-1])] += count
    return dict(found.most_common())


def group(frame: str) -> str:
    """Name the group of a frame such as `verify (/path/to/jwt/api_jwt.py:12)`."""
    match = _FILE.search(frame)
    if match is None:
        return _REST
    path = Path(match[1])
    if path.is_relative_to(_CHECKOUT) and ".venv" not in path.parts:
        inside = path.relative_to(_CHECKOUT).parts
        return "/".join(inside[:2]) if len(inside) > 2 else inside[0]  # noqa: PLR2004
    packages = [part.removesuffix(".py") for part in path.parts]
    if _LOOP_PACKAGES & set(packages):
        return _LOOP
    return next((name for package, name in _LIBRARIES if package in packages), _REST)


def table(times: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield a Markdown table: shares of each process's own time, by group."""
    names = list(times)
    totals = {name: sum(times[name].values()) for name in names}
    sums: Counter[str] = Counter()
    for counted in times.values():
        sums.update(counted)
    yield f"| own time of | {' | '.join(names)} |"
    yield "| --- |" + " --- |" * len(names)
    for each, _ in sums.most_common():
        shares = (
            f"{times[name].get(each, 0) / totals[name]:.1%}" if totals[name] else ""
            for name in names
        )
        yield f"| {each} | {' | '.join(shares)} |"
    yield f"| samples | {' | '.join(str(totals[name]) for name in names)} |"
