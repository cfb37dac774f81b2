"""PostgreSQL as the domain's port Database."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from opentelemetry import trace

from core.domain.audit import AuditEntry
from core.domain.personal_key import KeylessTexts
from core.domain.ports.mail import MailQueue
from core.domain.ports.maintenance import AuditPartitions, ServedRows
from core.domain.ports.personal_export import PersonalData
from core.domain.ports.personal_texts import PersonalTexts
from core.domain.ports.unit_of_work import Repositories
from core.postgres.account_reads import shared_account_reader
from core.postgres.audit_partitions import PostgresAuditPartitions
from core.postgres.connection import LoginSource, PostgresOptions
from core.postgres.database_origin import OriginRecord
from core.postgres.execution import ReadExecutor
from core.postgres.mail_queue import PostgresMailQueue
from core.postgres.outbox import EventEncoder
from core.postgres.personal_export import PostgresPersonalData
from core.postgres.personal_salts import PersonalSalts
from core.postgres.pool import Pool
from core.postgres.pooled_database import read_origin
from core.postgres.probe import Probe
from core.postgres.salt_cache import SaltCache
from core.postgres.schema import require_schema
from core.postgres.served_rows import PostgresServedRows
from core.postgres.service_tokens import shared_token_reader
from core.postgres.session_states import shared_reader
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import begin
from core.postgres.unit_of_work import (
    OnCommit,
    PostgresRepositories,
    PostgresUnitOfWork,
    Reads,
)

KEYLESS: Final = KeylessTexts()


def ignore_entries(entries: Sequence[AuditEntry]) -> None:
    """Take note of nothing."""


class PostgresDatabase:
    """Implements the port Database. Open it before use, and close it afterwards."""

    def __init__(
        self,
        options: PostgresOptions,
        login_source: LoginSource,
        *,
        encode_event: EventEncoder,
        personal_texts: PersonalTexts = KEYLESS,
        on_commit: OnCommit = ignore_entries,
        tracer: trace.Tracer | None = None,
    ) -> None:
        """Take where the server is, whom to log in as, what seals, and who is told of commits."""
        self._spans = StatementSpans(
            tracer or trace.get_tracer("core.postgres"), database=options.database
        )
        self._pool = Pool(options, login_source)
        self._probe = Probe(options, login_source)
        self._encode_event = encode_event
        self._on_commit = on_commit
        self._executor = ReadExecutor(self._pool, self._spans)
        self._salts = SaltCache()
        self._texts = personal_texts
        salts = PersonalSalts(self._executor, self._salts)
        reads = Reads(
            account=shared_account_reader(self._executor),
            session_state=shared_reader(self._executor, salts),
            service_token=shared_token_reader(self._executor),
        )
        self._repositories = PostgresRepositories(self._executor, reads, salts, personal_texts)

    async def open(self) -> None:
        """Connect.

        Raises:
            DependencyUnavailable: the first connection failed; its cause says why.
        """
        await self._pool.open()

    async def require_schema(self) -> None:
        """Return if the schema is new enough for this version of the service.

        Raises:
            SchemaBehind: it is not.
        """
        await require_schema(self._executor)

    async def origin(self) -> OriginRecord | None:
        """Return what the database says of its rows; None: they are original."""
        return await read_origin(self._executor)

    async def close(self) -> None:
        """Close every connection; units of work that are open may still end well."""
        await self._probe.close()
        await self._pool.close()

    async def ping(self, timeout_seconds: float) -> None:
        """Return when the server has answered that it takes writes.

        Raises:
            DependencyUnavailable: it has not within the time given.
        """
        await self._probe.ping(timeout_seconds)

    async def renew_connections(self) -> None:
        """Replace every connection, for example because the password was rotated."""
        await self._probe.renew()
        await self._pool.renew()

    def pool_measures(self) -> Mapping[str, int]:
        """Return counters and gauges of the pool by psycopg_pool's names."""
        return self._pool.measures()

    def personal_data(self) -> PersonalData:
        """Return all that is stored of persons, as whoever exports it sees it."""
        return PostgresPersonalData(self._pool, self._spans, self._texts)

    def audit_partitions(self) -> AuditPartitions:
        """Return the partitions of the audit log, as the maintainer sees them."""
        return PostgresAuditPartitions(self._pool, self._spans)

    def served_rows(self) -> ServedRows:
        """Return what has served, as the maintainer sees it."""
        return PostgresServedRows(self._pool, self._spans)

    def mail_queue(self) -> MailQueue:
        """Return the mail as the sender sees it, on this database's pool."""
        return PostgresMailQueue(self._pool)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Repositories]:
        """Read outside any transaction; each read borrows a connection for itself."""
        yield self._repositories

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresUnitOfWork]:
        """Open a unit of work; leaving it without a commit rolls back."""
        async with begin(self._pool, self._spans) as transaction:
            unit = PostgresUnitOfWork(
                transaction.executor,
                salts=self._salts,
                texts=self._texts,
                commit=transaction.commit,
                encode_event=self._encode_event,
                on_commit=self._on_commit,
            )
            try:
                yield unit
            finally:
                unit.leave()
