"""Proving the audit log on the command line: `python -m core audit …`."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog

from core.audit.proving import prove
from core.bootstrap.audit_access import (
    database_access,
    refusals_in_one_line,
    trust_of,
    vault_keys,
)
from core.bootstrap.audit_verification import VerificationJob, verify_log
from core.bootstrap.foundation import Foundation
from core.bootstrap.log_verifier import read_handed_over
from core.bootstrap.refusals import OperationRefused
from core.config.settings import Settings
from core.domain.audit_checkpoint import checkpoint_note
from core.domain.audit_proof import InclusionProof, check_proof
from core.domain.audit_verification import LogReport
from core.domain.errors import DependencyUnavailable, DomainError
from core.postgres.audit_reader import PostgresLogReader
from core.vault.blocking import run_blocking
from core.vault.errors import VaultError
from core.vault.options import VaultLogins

T = TypeVar("T")

_HOURS: Final = 12 * 3600.0

_log = structlog.get_logger(__name__)


async def verify(
    foundation: Foundation, *, checkpoints: Path | None, public_key: Path | None
) -> None:
    """Recompute the whole log and print what was found as JSON.

    Raises:
        OperationRefused: the log is not valid, or cannot be verified.
    """
    async with refusals_in_one_line():
        report = await _verified(foundation, checkpoints, public_key)
        kind = await _reading(foundation, PostgresLogReader.origin_kind)
    answer = {**asdict(report), "database": kind or "original"}
    sys.stdout.write(f"{json.dumps(answer)}\n")
    if not report.valid:
        raise OperationRefused(
            f"the log is not valid from row {report.first_invalid_sequence} on: {report.reason}"
        )


async def verify_for_core(foundation: Foundation) -> None:
    """Verify for the process that started this one, and end when that one does.

    Prints a report, or `{"refused": REASON, "dependency": NAME}`.
    """
    opened = await asyncio.to_thread(read_handed_over)
    foundation = replace(
        foundation, logins=VaultLogins(foundation.settings.vault, opened_secret_id=opened)
    )
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    try:
        answer: dict[str, object] = asdict(await _verified(foundation, None, None))
    except DependencyUnavailable as failure:
        answer = {"refused": failure.reason, "dependency": failure.dependency}
    except DomainError as failure:
        answer = {"refused": failure.reason}
    except VaultError:
        answer = {"refused": DependencyUnavailable.reason, "dependency": "vault"}
    sys.stdout.write(f"{json.dumps(answer)}\n")


async def newest_checkpoint(foundation: Foundation) -> None:
    """Print the signed checkpoint of the newest seal.

    Raises:
        OperationRefused: there is none, or the database is out of reach.
    """
    async with refusals_in_one_line():
        newest = await _reading(foundation, PostgresLogReader.newest)
    if newest is None:
        raise OperationRefused("nothing has been sealed yet")
    sys.stdout.write(checkpoint_note(newest))


async def prove_row(foundation: Foundation, *, sequence: int) -> None:
    """Print the proof that a row stands in the log.

    Raises:
        OperationRefused: there is no such row, or nothing proves it.
    """
    async with refusals_in_one_line():
        proof = await _reading(foundation, lambda reader: prove(reader, sequence))
    sys.stdout.write(f"{proof.to_json()}\n")


async def check_proof_file(foundation: Foundation, *, file: Path, public_key: Path | None) -> None:
    """Check a proof; with a file of keys this needs neither Vault nor database.

    Raises:
        OperationRefused: it proves nothing.
    """
    async with refusals_in_one_line():
        text = await asyncio.to_thread(file.read_text, encoding="utf-8")
        proof = InclusionProof.from_json(text)
        trust = await trust_of(foundation, public_key)
        checkpoint = check_proof(proof, trust.keys, trust.check)
    sys.stdout.write(
        f"row {proof.sequence} stands in the log {checkpoint.origin} of {checkpoint.size} rows,"
        f" seal {checkpoint.number}\n"
    )


async def public_keys(foundation: Foundation) -> None:
    """Print the keys that checkpoints are verified with, one a line.

    Raises:
        OperationRefused: Vault is out of reach.
    """
    async with refusals_in_one_line():
        keys = await vault_keys(foundation)
    sys.stdout.write("".join(f"{key.line()}\n" for key in keys))


async def _verified(
    foundation: Foundation, checkpoints: Path | None, public_key: Path | None
) -> LogReport:
    settings = foundation.settings
    trust = await trust_of(foundation, public_key)
    async with database_access(foundation) as (options, login):
        job = VerificationJob(
            options=options,
            login=login,
            trust=trust,
            workers=settings.audit.verify_workers,
            checkpoints=checkpoints or _usual_checkpoints(settings),
        )
        return await run_blocking(partial(verify_log, job), timeout_seconds=_HOURS)


def _usual_checkpoints(settings: Settings) -> Path | None:
    file = settings.audit.checkpoint_file
    if file is not None and file.exists():
        return file
    _log.warning("there are no checkpoints here; seals that were deleted last are not missed")
    return None


async def _reading(foundation: Foundation, work: Callable[[PostgresLogReader], T]) -> T:
    async with database_access(foundation) as (options, login):

        def read() -> T:
            reader = PostgresLogReader.open(options, login, None)
            try:
                return work(reader)
            finally:
                reader.close()

        return await run_blocking(read, timeout_seconds=_HOURS)


def _end_with_standard_input() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    # Without this process's leave: whoever has asked is gone, and the work may be in a library.
    os._exit(1)
