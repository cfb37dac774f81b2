"""Mail in PostgreSQL, as the sender sees it."""

from datetime import datetime
from uuid import UUID

from opentelemetry.trace import NoOpTracer

from core.domain.mail import WaitingMail
from core.domain.ports.outbox_relay import Backlog
from core.postgres import mail_rows as rows
from core.postgres.execution import ReadExecutor
from core.postgres.pool import Pool
from core.postgres.statements import Exec, ParamsT
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import begin

BACKLOG_BOUND = 100_000
"""Where counting the backlog stops."""


class PostgresMailQueue:
    """Implements the port MailQueue; each change is a transaction of its own.

    A mail is claimed by moving the time at which it is due: no transaction stays open, and no
    connection is kept, while a mail server takes its time.
    """

    def __init__(self, pool: Pool) -> None:
        """Take the pool to borrow from."""
        self._pool = pool
        # Spans of a few polls a second, most of which find nothing, would bury all others.
        self._spans = StatementSpans(NoOpTracer(), database=pool.options.database)
        self._reader = ReadExecutor(pool, self._spans)

    async def claim(self, *, now: datetime, until: datetime) -> WaitingMail | None:
        """Take the mail that has been due for longest; senders pass over each other's."""
        params = rows.ClaimMailParams(now=now, until=until)
        async with begin(self._pool, self._spans) as transaction:
            record = await transaction.executor.one(rows.CLAIM_MAIL, params)
            await transaction.commit()
        return None if record is None else rows.to_waiting_mail(record)

    async def mark_sent(self, mail_id: UUID, *, at: datetime) -> None:
        """Record that a mail server has taken it."""
        await self._change(rows.MARK_MAIL_SENT, rows.MailSentParams(mail_id=mail_id, at=at))

    async def postpone(self, mail_id: UUID, *, cause: str, until: datetime, refused: bool) -> None:
        """Record why it was not sent, and when to try again."""
        params = rows.PostponeMailParams(mail_id=mail_id, cause=cause, until=until, refused=refused)
        await self._change(rows.POSTPONE_MAIL, params)

    async def abandon(self, mail_id: UUID, *, cause: str, at: datetime, refused: bool) -> None:
        """Record that it will not be sent, and why."""
        params = rows.AbandonMailParams(mail_id=mail_id, cause=cause, at=at, refused=refused)
        await self._change(rows.ABANDON_MAIL, params)

    async def backlog(self) -> Backlog:
        """Count the mails that wait, up to `BACKLOG_BOUND`."""
        params = rows.MailBacklogParams(bound=BACKLOG_BOUND)
        measured = await self._reader.one(rows.MEASURE_MAIL_BACKLOG, params)
        return Backlog(
            count=(measured and measured.waiting_count) or 0,
            oldest_occurred_at=measured.oldest_created_at if measured else None,
        )

    async def _change(self, statement: Exec[ParamsT], params: ParamsT) -> None:
        async with begin(self._pool, self._spans) as transaction:
            await transaction.executor.execute(statement, params)
            await transaction.commit()
