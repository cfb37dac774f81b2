"""Units of work and reads on PostgreSQL."""

from collections.abc import Awaitable, Callable, Sequence

from core.domain.audit import AuditEntry
from core.postgres.audit_log import PostgresAuditLog
from core.postgres.execution import Executor, OpenExecutor
from core.postgres.keyed_answers import PostgresKeyedAnswers
from core.postgres.known_devices import PostgresKnownDevices
from core.postgres.kyc_reviews import PostgresKycReviews
from core.postgres.login_failures import PostgresLoginFailures
from core.postgres.mail_outbox import PostgresMailOutbox
from core.postgres.mfa_challenges import PostgresMfaChallenges
from core.postgres.one_time_tokens import PostgresOneTimeTokens
from core.postgres.outbox import EventEncoder, PostgresOutbox
from core.postgres.recovery_codes import PostgresRecoveryCodes
from core.postgres.refresh_tokens import PostgresRefreshTokens
from core.postgres.service_tokens import PostgresServiceTokens
from core.postgres.session_states import SessionStateReader, direct_reader
from core.postgres.sessions import PostgresSessions
from core.postgres.totp_enrolments import PostgresTotpEnrolments
from core.postgres.users import PostgresUsers

OnCommit = Callable[[Sequence[AuditEntry]], None]
"""Told of the rows of the audit log that a unit of work has made durable."""


class PostgresRepositories:
    """Implements the port Repositories for reading outside any transaction."""

    def __init__(self, executor: Executor, states: SessionStateReader) -> None:
        """Take what runs the statements, and the shared way of reading session states."""
        self.users = PostgresUsers(executor)
        self.sessions = PostgresSessions(executor, states)
        self.refresh_tokens = PostgresRefreshTokens(executor)
        self.service_tokens = PostgresServiceTokens(executor)
        self.totp_enrolments = PostgresTotpEnrolments(executor)
        self.recovery_codes = PostgresRecoveryCodes(executor)
        self.mfa_challenges = PostgresMfaChallenges(executor)
        self.one_time_tokens = PostgresOneTimeTokens(executor)
        self.login_failures = PostgresLoginFailures(executor)
        self.known_devices = PostgresKnownDevices(executor)
        self.kyc_reviews = PostgresKycReviews(executor)
        self.keyed_answers = PostgresKeyedAnswers(executor)
        self.audit = PostgresAuditLog(executor)


class PostgresUnitOfWork(PostgresRepositories):
    """Implements the port UnitOfWork on the transaction of one connection."""

    def __init__(
        self,
        executor: Executor,
        *,
        commit: Callable[[], Awaitable[None]],
        encode_event: EventEncoder,
        on_commit: OnCommit,
    ) -> None:
        """Take a connection's executor, and what commits its transaction."""
        self._open = OpenExecutor(executor)
        super().__init__(self._open, direct_reader(self._open))
        self._entries: list[AuditEntry] = []
        self.audit = PostgresAuditLog(self._open, self._entries.append)
        self.outbox = PostgresOutbox(self._open, encode_event)
        self.mail = PostgresMailOutbox(self._open)
        self._commit = commit
        self._on_commit = on_commit

    async def commit(self) -> None:
        """Make everything durable, once."""
        self._open.require_open()
        self._open.end("was committed")
        await self._commit()
        self._on_commit(tuple(self._entries))

    def leave(self) -> None:
        """Refuse whatever comes after the unit of work's block."""
        self._open.end("was left")
