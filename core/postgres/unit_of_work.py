"""Units of work and reads on PostgreSQL."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.domain.audit import AuditEntry
from core.domain.ports.personal_texts import PersonalTexts
from core.postgres.account_reads import AccountReader, direct_account_reader
from core.postgres.audit_log import PostgresAuditLog
from core.postgres.audit_retirements import PostgresAuditRetirements
from core.postgres.consumed_events import PostgresConsumedEvents
from core.postgres.execution import Executor, OpenExecutor
from core.postgres.keyed_answers import PostgresKeyedAnswers
from core.postgres.known_devices import PostgresKnownDevices
from core.postgres.kyc_reviews import PostgresKycReviews
from core.postgres.legal_holds import PostgresLegalHolds
from core.postgres.login_failures import PostgresLoginFailures
from core.postgres.mail_outbox import PostgresMailOutbox
from core.postgres.mfa_challenges import PostgresMfaChallenges
from core.postgres.one_time_tokens import PostgresOneTimeTokens
from core.postgres.outbox import EventEncoder, PostgresOutbox
from core.postgres.personal_records import PostgresPersonalRecords
from core.postgres.personal_salts import PersonalSalts
from core.postgres.recovery_codes import PostgresRecoveryCodes
from core.postgres.refresh_tokens import PostgresRefreshTokens
from core.postgres.salt_cache import SaltCache
from core.postgres.service_tokens import (
    PostgresServiceTokens,
    ServiceTokenReader,
    direct_token_reader,
)
from core.postgres.session_states import SessionStateReader, direct_reader
from core.postgres.sessions import PostgresSessions
from core.postgres.totp_enrolments import PostgresTotpEnrolments
from core.postgres.users import PostgresUsers

OnCommit = Callable[[Sequence[AuditEntry]], None]
"""Told of the rows of the audit log that a unit of work has made durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """How single rows are read that are asked for most."""

    account: AccountReader
    session_state: SessionStateReader
    service_token: ServiceTokenReader


class PostgresRepositories:
    """Implements the port Repositories for reading outside any transaction."""

    def __init__(
        self,
        executor: Executor,
        reads: Reads,
        salts: PersonalSalts,
        texts: PersonalTexts,
    ) -> None:
        """Take what runs the statements, how single rows are read, and what opens texts."""
        self.users = PostgresUsers(executor, reads.account, salts)
        self.sessions = PostgresSessions(executor, reads.session_state)
        self.refresh_tokens = PostgresRefreshTokens(executor, salts)
        self.service_tokens = PostgresServiceTokens(executor, reads.service_token)
        self.totp_enrolments = PostgresTotpEnrolments(executor)
        self.recovery_codes = PostgresRecoveryCodes(executor)
        self.mfa_challenges = PostgresMfaChallenges(executor)
        self.one_time_tokens = PostgresOneTimeTokens(executor)
        self.login_failures = PostgresLoginFailures(executor)
        self.known_devices = PostgresKnownDevices(executor)
        self.kyc_reviews = PostgresKycReviews(executor)
        self.keyed_answers = PostgresKeyedAnswers(executor)
        self.audit = PostgresAuditLog(executor, salts, texts)
        self.legal_holds = PostgresLegalHolds(executor)


class PostgresUnitOfWork(PostgresRepositories):
    """Implements the port UnitOfWork on the transaction of one connection."""

    def __init__(
        self,
        executor: Executor,
        *,
        salts: SaltCache,
        texts: PersonalTexts,
        commit: Callable[[], Awaitable[None]],
        encode_event: EventEncoder,
        on_commit: OnCommit,
    ) -> None:
        """Take a connection's executor, what seals, and what commits its transaction."""
        self._open = OpenExecutor(executor)
        known = PersonalSalts(self._open, salts)
        reads = Reads(
            account=direct_account_reader(self._open),
            session_state=direct_reader(self._open, known),
            service_token=direct_token_reader(self._open),
        )
        super().__init__(self._open, reads, known, texts)
        self._entries: list[AuditEntry] = []
        self.audit = PostgresAuditLog(self._open, known, texts, self._entries.append)
        self.outbox = PostgresOutbox(self._open, encode_event)
        self.consumed_events = PostgresConsumedEvents(self._open)
        self.mail = PostgresMailOutbox(self._open)
        self.personal_records = PostgresPersonalRecords(self._open)
        self.retirements = PostgresAuditRetirements(self._open)
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
