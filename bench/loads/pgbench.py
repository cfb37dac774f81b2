"""pgbench: what the database alone commits, one row a transaction."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import psycopg

from bench.errors import BenchError
from bench.loads.sample import Sample

_TABLE: Final = "CREATE TABLE bench_inserts (id bigserial PRIMARY KEY, text text NOT NULL)"
_STATEMENT: Final = "INSERT INTO bench_inserts (text) VALUES (repeat('x', 200));\n"
_RATE: Final = re.compile(r"^tps = ([0-9.]+) \(without initial connection time\)", re.MULTILINE)
_DONE: Final = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
_FAILED: Final = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)
_LATENCY: Final = re.compile(r"^latency average = ([0-9.]+) ms", re.MULTILINE)


def is_at_hand() -> bool:
    """Tell whether pgbench is installed (Debian's postgresql-contrib, or its client package)."""
    return shutil.which("pgbench") is not None


def prepare(dsn: str) -> None:
    """Make the table that rows go to, in a database that nobody else uses."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_TABLE)


def insert(folder: Path, dsn: str, *, connections: int, seconds: int) -> Sample:
    """Insert and commit. Raises BenchError."""
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "insert.sql"
    script.write_text(_STATEMENT)
    ended = subprocess.run(
        (
            *("pgbench", "--no-vacuum", "--protocol=prepared", f"--client={connections}"),
            *("--jobs=1", f"--time={seconds}", f"--file={script}", dsn),
        ),
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode != 0:
        raise BenchError(f"pgbench: {ended.stderr.strip()[-500:]}")
    return read_summary(ended.stdout)


def read_summary(output: str) -> Sample:
    """Read what pgbench has written; p50 is its mean, it tells no other. Raises BenchError."""
    rate, done, latency = _RATE.search(output), _DONE.search(output), _LATENCY.search(output)
    if rate is None or done is None or latency is None or not float(rate[1]):
        raise BenchError(f"pgbench: {output.strip()[-500:]!r}")
    failed = _FAILED.search(output)
    return Sample(
        requests=int(done[1]),
        seconds=int(done[1]) / float(rate[1]),
        errors=int(failed[1]) if failed else 0,
        p50_ms=float(latency[1]),
    )
