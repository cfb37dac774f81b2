"""h2load, for gRPC: it speaks HTTP/2 and knows nothing of gRPC, so what it counts is checked.

A gRPC error comes as HTTP 200 without a body: h2load takes it for a success. The bytes of bodies
tell: an answer that is known beforehand has a known length. What was under way at the end may have
brought a body and is not counted as a request, so bytes alone tell at least how many errors there
were; `bench.service.outcomes` asks the core itself for the number.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.loads.sample import Sample, percentile

_PREFIX_BYTES: Final = 5
"""Of a message in a body: a flag and the length (gRPC over HTTP/2, Length-Prefixed-Message)."""
_DONE: Final = re.compile(
    r"^requests: .* (\d+) done, \d+ succeeded, (\d+) failed, (\d+) errored", re.MULTILINE
)
_STATUSES: Final = re.compile(r"^status codes: (\d+) 2xx", re.MULTILINE)
_TRAFFIC: Final = re.compile(r"^traffic: .*\((\d+)\) data$", re.MULTILINE)
_OK: Final = "200"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcCall:
    """One unary call by one caller; `answer_bytes` is the length of the answer's message."""

    address: str
    path: str
    message: bytes
    token: str = ""
    answer_bytes: int

    @property
    def body(self) -> bytes:
        """Return the message as it travels."""
        return b"\0" + len(self.message).to_bytes(4, "big") + self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one h2load says of a run; `times_ms` are those of the good HTTP answers."""

    done: int
    broken: int
    data_bytes: int
    times_ms: Sequence[float]

    def refused(self, answer_bytes: int) -> int:
        """Return how many at least were answered without the message that is expected."""
        whole = _PREFIX_BYTES + answer_bytes
        missing = self.done * whole - self.data_bytes
        return max(0, -(-missing // whole))


def require_h2load() -> None:
    """Return if h2load is there. Raises BenchError."""
    if shutil.which("h2load") is None:
        raise BenchError("h2load is needed (apt-get install nghttp2-client)")


def call_again(
    folder: Path,
    calls: Sequence[GrpcCall],
    *,
    connections: int,
    seconds: int,
    streams: int = 1,
    per_second: int | None = None,
) -> Sample:
    """Make the calls, each by a program of its own, with as many connections each in all.

    With `per_second` requests begin at that rate in all, whether those before were answered or
    not, as far as `streams` on each connection allow; else as soon as one was answered.

    Raises:
        BenchError: h2load itself failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    each = connections // len(calls)
    if each * len(calls) != connections:
        raise BenchError(f"{connections} connections for {len(calls)} callers")
    rate = () if per_second is None else (f"--rps={per_second / connections:g}",)
    started = [
        _start(folder / f"call{number}", call, each, seconds, (f"-m{streams}", *rate))
        for number, call in enumerate(calls)
    ]
    outputs = [_end(program) for program in started]
    told = [
        read_summary(output, (folder / f"call{number}.log").read_text().splitlines())
        for number, output in enumerate(outputs)
    ]
    return gather(told, [call.answer_bytes for call in calls], seconds=seconds)


def gather(told: Sequence[Told], answer_bytes: Sequence[int], *, seconds: float) -> Sample:
    """Make one sample of what several programs say that ran at the same time."""
    refused = sum(one.refused(each) for one, each in zip(told, answer_bytes, strict=True))
    times = sorted(ms for one in told for ms in one.times_ms)
    return Sample(
        requests=sum(one.done for one in told) - refused,
        seconds=seconds,
        errors=refused + sum(one.broken for one in told),
        p50_ms=percentile(times, 0.5),
        p99_ms=percentile(times, 0.99),
        p999_ms=percentile(times, 0.999),
    )


def read_summary(output: str, log: Iterable[str]) -> Told:
    """Read what h2load has written, and the lines of its log (start, status, microseconds).

    Raises:
        BenchError: it is not what h2load writes.
    """
    done, statuses, traffic = (
        _DONE.search(output),
        _STATUSES.search(output),
        _TRAFFIC.search(output),
    )
    if done is None or statuses is None or traffic is None:
        raise BenchError(f"h2load: {output.strip()[-500:]!r}")
    lines = [line.split("\t") for line in log]
    answered, good = int(done[1]), int(statuses[1])
    return Told(
        done=good,
        broken=max(answered - good, int(done[2]) + int(done[3])),
        data_bytes=int(traffic[1]),
        times_ms=[int(micros) / 1000 for _, status, micros in lines if status == _OK],
    )


def _start(
    place: Path, call: GrpcCall, connections: int, seconds: int, options: Sequence[str]
) -> "subprocess.Popen[str]":
    body, log = place.with_suffix(".bin"), place.with_suffix(".log")
    body.write_bytes(call.body)
    log.unlink(missing_ok=True)  # h2load appends
    headers = ["content-type: application/grpc", "te: trailers"]
    if call.token:
        headers.append(f"authorization: Bearer {call.token}")
    return subprocess.Popen(
        (
            *("h2load", "-t1", f"-c{connections}", f"-D{seconds}", *options),
            *(f"--log-file={log}", "-d", str(body)),
            *(f"-H{header}" for header in headers),
            f"http://{call.address}{call.path}",
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _end(program: "subprocess.Popen[str]") -> str:
    output, _ = program.communicate()
    if program.returncode != 0:
        raise BenchError(f"h2load ended with {program.returncode}: {output.strip()[-500:]}")
    return output
