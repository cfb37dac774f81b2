"""The audit log on a real database: who writes it, who seals it, and who tampers with it."""

import asyncio
import hashlib
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.audit.checkpoint_carrier import CheckpointCarrier
from core.audit.checkpoint_file import CheckpointFile
from core.audit.seal_check import Trust
from core.audit.sealer import Sealer, SealerPolicy
from core.bootstrap.audit_verification import VerificationJob, verify_log
from core.crypto.ed25519 import is_signed
from core.domain.audit_row_text import RowText, canonical_text
from core.domain.audit_verification import LogReport
from core.domain.backoff import BackoffPolicy
from core.domain.errors import DependencyUnavailable
from core.domain.ports.audit_seals import CheckpointSigner, KeySignature
from core.domain.signed_note import KeyRing, NoteSignature, VerifierKey
from core.observability.clock import SystemClock
from core.postgres.audit_seals import PostgresSealLog
from core.postgres.pool import Pool
from tests.fakes.audit_seals import RecordingSealerMetrics
from tests.postgres_client import login_of, options_of, plain_login_of
from tests.servers import Database

ORIGIN = "user.test.pandora.exchange/audit"
DEADLINE_SECONDS = 30.0
QUICK = BackoffPolicy(initial_seconds=0.02, max_seconds=0.1)

_COLUMNS = ", ".join(
    f"{name}::text"
    if name in {"transaction_id", "id", "occurred_at", "user_id", "details"}
    else name
    for name in RowText._fields
).replace("origin_owner", "origin_owner::text")


_EXAMPLE = RowText(
    sequence=0,
    transaction_id="0",
    version=2,
    id="",
    occurred_at="2026-11-02 12:00:00.5+00",
    actor_type="user",
    actor_id="0190163d-8694-739b-aea5-966c26f8ad91",
    action="auth.login",
    resource_type="session",
    resource_id=None,
    user_id=None,
    outcome="success",
    reason=None,
    origin_owner=None,
    ip_address=None,
    user_agent=None,
    request_id="r-1",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    details="{}",
    hash="",
)


class LocalSigner:
    """Implements the port CheckpointSigner with a key of its own; `failure` keeps it away."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.failure: DependencyUnavailable | None = None

    async def sign(self, text: str, *, name: str) -> KeySignature:
        if self.failure is not None:
            raise self.failure
        signature = self._key.sign(text.encode())
        key_id = self.verifier_key(name).key_id
        note = NoteSignature(key_id=key_id, signature=signature)
        return KeySignature(signature=note, key_version=1)

    def verifier_key(self, name: str = ORIGIN) -> VerifierKey:
        """Return the public half."""
        return VerifierKey(name=name, key=self._key.public_key().public_bytes_raw(), version=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSeal:
    """What a seal covers, as the database has it."""

    number: int
    sequences: Sequence[int]
    size: int
    is_complete: bool


class SealScene:
    """One database, one key, one file of checkpoints; sealers with connections of their own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.file = folder / "audit" / "checkpoints"
        self.signer = LocalSigner()
        self.clock = SystemClock()
        self._pool = Pool(
            replace(options_of(database.service_dsn), pool_min_size=1, pool_max_size=4),
            login_of(database.service_dsn),
        )
        self.seals = PostgresSealLog(self._pool)

    async def __aenter__(self) -> Self:
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    def sealer(
        self,
        *,
        signer: CheckpointSigner | None = None,
        file: Path | None = None,
        most_rows: int = 10_000,
    ) -> tuple[Sealer, RecordingSealerMetrics]:
        """Build a sealer."""
        metrics = RecordingSealerMetrics()
        carrier = CheckpointCarrier(
            log=self.seals,
            store=CheckpointFile(file or self.file),
            metrics=metrics,
            monotonic=time.monotonic,
            random=random.random,
            backoff=QUICK,
        )
        policy = SealerPolicy(
            origin=ORIGIN, interval_seconds=0.01, most_rows=most_rows, backoff=QUICK
        )
        sealer = Sealer(
            log=self.seals,
            signer=signer or self.signer,
            carrier=carrier,
            policy=policy,
            metrics=metrics,
            clock=self.clock,
            random=random.random,
        )
        return sealer, metrics

    @asynccontextmanager
    async def running(self, *sealers: Sealer) -> AsyncIterator[None]:
        """Run sealers beside the block; at its end each stops as it does on SIGTERM."""
        stopping = asyncio.Event()
        tasks = [asyncio.create_task(sealer.run(stopping)) for sealer in sealers]
        try:
            yield
        finally:
            stopping.set()
            await asyncio.wait_for(asyncio.gather(*tasks), DEADLINE_SECONDS)

    async def seal_all(self, *, most_rows: int = 10_000) -> None:
        """Seal whatever there is, and carry the checkpoints out."""
        sealer, metrics = self.sealer(most_rows=most_rows)
        while await sealer.seal_next():
            pass
        await sealer._carrier.carry()
        assert not metrics.failures

    def verify(self, *, checkpoints: bool = True, workers: int = 1) -> LogReport:
        """Verify the log, with or without a look at the checkpoints outside."""
        keys = KeyRing.of([self.signer.verifier_key()])
        job = VerificationJob(
            options=options_of(self.database.service_dsn),
            login=plain_login_of(self.database.service_dsn),
            trust=Trust(origin=ORIGIN, keys=keys, check=is_signed),
            workers=workers,
            checkpoints=self.file if checkpoints else None,
        )
        return verify_log(job)

    def writer(self) -> psycopg.Connection[Any]:
        """Return a connection of the service's, in a transaction of its own."""
        return psycopg.connect(self.database.service_dsn)

    def write(self, count: int = 1) -> list[int]:
        """Commit rows, each in a transaction of its own; return their numbers."""
        with psycopg.connect(self.database.service_dsn, autocommit=True) as connection:
            return [add_row(connection) for _ in range(count)]

    def admin(self) -> psycopg.Connection[Any]:
        """Return a superuser's connection, for whom no trigger stands in the way."""
        connection = psycopg.connect(self.database.admin_dsn, autocommit=True)
        connection.execute("SET session_replication_role = replica")
        return connection

    def stored(self) -> list[StoredSeal]:
        """Return every seal."""
        with psycopg.connect(self.database.service_dsn) as connection:
            found = connection.execute(
                "SELECT number, sequences, size, is_complete FROM audit_seals ORDER BY number"
            )
            return [
                StoredSeal(number=number, sequences=sequences, size=size, is_complete=complete)
                for number, sequences, size, complete in found
            ]

    def sealed_sequences(self) -> list[int]:
        """Return the numbers of all rows that are sealed, in the order of the tree."""
        return [sequence for seal in self.stored() for sequence in seal.sequences]


def add_row(connection: psycopg.Connection[Any], *, details: str = '{"a": 1}') -> int:
    """Write a row with the right hash; return its number."""
    row = _EXAMPLE._replace(id=str(uuid.uuid4()), details=details)
    row = row._replace(hash=hash_of(row))
    found = connection.execute(
        "INSERT INTO audit_events (id, occurred_at, version, actor_type, actor_id, action,"
        " resource_type, outcome, request_id, trace_id, details, hash) VALUES"
        " (%(id)s, %(occurred_at)s, %(version)s, %(actor_type)s, %(actor_id)s, %(action)s,"
        " %(resource_type)s, %(outcome)s, %(request_id)s, %(trace_id)s, %(details)s::text::jsonb,"
        " %(hash)s) RETURNING sequence",
        row._asdict(),
    ).fetchone()
    assert found is not None
    return int(found[0])


def read_row(connection: psycopg.Connection[Any], sequence: int) -> RowText:
    """Read a row as text."""
    connection.execute("SET timezone = 'UTC'")
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM audit_events WHERE sequence = %s",  # noqa: S608
        [sequence],
    ).fetchone()
    assert found is not None
    return RowText._make(found)


def hash_of(row: RowText) -> str:
    """Return the hash that a row should bear."""
    return hashlib.sha256(canonical_text(row).encode()).hexdigest()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a state that something else brings about."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - it may lie in another process
            await asyncio.sleep(0.01)
