"""Verifies the audit log in a process of its own, beside whoever serves."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from core.domain.audit_verification import LogReport
from core.domain.errors import DependencyUnavailable, ServerBusy
from core.postgres.audit_reader import RETRY_AFTER_SECONDS

_COMMAND: Final = ("-m", "core", "audit", "verify", "--for-core")

_log = structlog.get_logger(__name__)


class VerificationBroken(RuntimeError):
    """The process ended without an answer: a defect, or the system has killed it."""


class ProcessLogVerifier:
    """Implements the port LogVerifier with `python -m core audit verify`.

    The process and all that it starts end with the call, however that ends, and with this process.
    """

    def __init__(self, opened_secret_id: Callable[[], str | None] = lambda: None) -> None:
        """Take what tells the secret id that this process has opened, if it was wrapped."""
        self._opened_secret_id = opened_secret_id

    async def verify(self) -> LogReport:
        """Start the process and return what it found."""
        # Not asyncio's own way: uvloop forks, and the threads that gRPC then starts in the child
        # ended some verifications with a segmentation fault. This takes vfork.
        process = subprocess.Popen(  # noqa: ASYNC220 - it takes a few milliseconds
            [sys.executable, *_COMMAND],
            # It ends as soon as nobody holds the other end of its standard input any more.
            stdin=subprocess.PIPE,
            # Standard error stays this process's own: it is JSON there as well.
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            await asyncio.to_thread(_hand_over, process, self._opened_secret_id())
            answer = await asyncio.to_thread(process.stdout.read)
            code = await asyncio.to_thread(process.wait)
        finally:
            await _end(process)
        return _report(answer, code)


def read_handed_over() -> str | None:
    """Return what `_hand_over` wrote to this process; standard input stays open behind it."""
    line = bytearray()
    # A byte at a time, past every buffer: what follows belongs to whoever watches for the end.
    while (byte := os.read(sys.stdin.fileno(), 1)) not in {b"", b"\n"}:
        line += byte
    return line.decode() or None


def _hand_over(process: subprocess.Popen[bytes], secret_id: str | None) -> None:
    """Give the process a secret id that it could not open once more, where there is one."""
    with suppress(BrokenPipeError):  # it has ended, which its answer will tell
        assert process.stdin is not None  # noqa: S101 - asked for above
        process.stdin.write(f"{secret_id or ''}\n".encode())
        process.stdin.flush()


async def _end(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the process and of those that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # Shielded, so that a cancellation leaves neither a zombie nor an open pipe.
    await asyncio.shield(asyncio.to_thread(_reap, process))


def _reap(process: subprocess.Popen[bytes]) -> None:
    with process:  # closes its pipes and waits
        process.kill()


def _report(answer: bytes, code: int) -> LogReport:
    try:
        content = json.loads(answer)
    except ValueError:
        _log.error("verification_broken", exit_code=code)
        raise VerificationBroken(f"the verification ended with {code} and no answer") from None
    refusal = content.get("refused")
    if refusal == ServerBusy.reason:
        raise ServerBusy("A verification is under way.", retry_after_seconds=RETRY_AFTER_SECONDS)
    if refusal is not None:
        raise DependencyUnavailable(content.get("dependency", "verification"), detail=refusal)
    return LogReport(**content)
