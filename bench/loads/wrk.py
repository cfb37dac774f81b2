"""wrk, for REST: many connections, each asking again as soon as it was answered."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.loads.sample import Sample

_HERE: Final = Path(__file__).parent
_TIMEOUT: Final = "30s"
"""Longer than any answer may take: whoever waits is seen in p99.9, not lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestRequest:
    """One request; no token, no body and no `client` (whose address a proxy tells) are empty."""

    method: str
    path: str
    token: str = ""
    body: str = ""
    client: str = ""

    @property
    def line(self) -> str:
        """Return it as rotate.lua reads it."""
        return f"{self.method}\t{self.path}\t{self.token}\t{self.client}\t{self.body}"


def require_wrk() -> None:
    """Return if wrk is there. Raises BenchError."""
    if shutil.which("wrk") is None:
        raise BenchError("wrk is needed (apt-get install wrk)")


def rotate(
    folder: Path, url: str, requests: Sequence[RestRequest], *, connections: int, seconds: int
) -> Sample:
    """Send requests in turn. Raises BenchError where wrk itself fails."""
    lines = [request.line for request in requests]
    return _run(folder, "rotate", url, lines, connections=connections, seconds=seconds)


def exchange(
    folder: Path, url: str, refresh_tokens: Sequence[str], *, connections: int, seconds: int
) -> Sample:
    """Exchange refresh tokens, the newest ones always; wants more tokens than connections."""
    if len(refresh_tokens) <= connections:
        raise BenchError(f"{len(refresh_tokens)} tokens for {connections} connections")
    return _run(folder, "refresh", url, refresh_tokens, connections=connections, seconds=seconds)


def read_summary(output: str) -> Sample:
    """Read the last line of what wrk has written. Raises BenchError if there is none."""
    try:
        said = json.loads(output.rstrip().rpartition("\n")[2])
        # A refused request was answered: wrk has it among the requests.
        good = said["requests"] - said["refused"]
        return Sample(
            requests=good,
            seconds=said["seconds"],
            errors=said["refused"] + said["broken"],
            p50_ms=said["p50_ms"],
            p99_ms=said["p99_ms"],
            p999_ms=said["p999_ms"],
        )
    except (ValueError, KeyError) as error:
        raise BenchError(f"wrk: {output.strip()[-500:]!r}") from error


def _run(
    folder: Path, name: str, url: str, lines: Sequence[str], *, connections: int, seconds: int
) -> Sample:
    folder.mkdir(parents=True, exist_ok=True)
    script, content = folder / f"{name}.lua", folder / f"{name}.txt"
    script.write_text((_HERE / f"{name}.lua").read_text() + (_HERE / "summary.lua").read_text())
    content.write_text("\n".join(lines) + "\n")
    ended = subprocess.run(
        (
            *("wrk", "--threads", "1", "--connections", str(connections)),
            *("--duration", f"{seconds}s", "--timeout", _TIMEOUT, "--script", str(script)),
            *(url, "--", str(content)),
        ),
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode != 0:
        raise BenchError(f"wrk: {ended.stderr.strip()}")
    return read_summary(ended.stdout)
