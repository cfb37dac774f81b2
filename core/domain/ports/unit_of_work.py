"""One transaction, and all that can be done in it."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.domain.ports.audit_log import AuditLog
from core.domain.ports.consumed_events import ConsumedEvents
from core.domain.ports.idempotency import KeyedAnswerRepository
from core.domain.ports.known_devices import KnownDeviceRepository
from core.domain.ports.kyc_reviews import KycReviewRepository
from core.domain.ports.legal_holds import LegalHolds
from core.domain.ports.login_failures import LoginFailureRepository
from core.domain.ports.mail import MailOutbox
from core.domain.ports.mfa import (
    MfaChallengeRepository,
    RecoveryCodeRepository,
    TotpEnrolmentRepository,
)
from core.domain.ports.one_time_tokens import OneTimeTokenRepository
from core.domain.ports.outbox import Outbox
from core.domain.ports.sessions import (
    RefreshTokenRepository,
    ServiceTokenRepository,
    SessionRepository,
)
from core.domain.ports.users import UserRepository


class Repositories(Protocol):
    """Everything that is stored."""

    @property
    def users(self) -> UserRepository:
        """Accounts."""
        ...

    @property
    def sessions(self) -> SessionRepository:
        """Sessions."""
        ...

    @property
    def refresh_tokens(self) -> RefreshTokenRepository:
        """Refresh tokens."""
        ...

    @property
    def service_tokens(self) -> ServiceTokenRepository:
        """Records of service tokens."""
        ...

    @property
    def one_time_tokens(self) -> OneTimeTokenRepository:
        """One-time tokens."""
        ...

    @property
    def totp_enrolments(self) -> TotpEnrolmentRepository:
        """TOTP secrets, sealed."""
        ...

    @property
    def recovery_codes(self) -> RecoveryCodeRepository:
        """Recovery codes."""
        ...

    @property
    def mfa_challenges(self) -> MfaChallengeRepository:
        """Challenges of logins under way."""
        ...

    @property
    def login_failures(self) -> LoginFailureRepository:
        """Consecutive failures to log in."""
        ...

    @property
    def known_devices(self) -> KnownDeviceRepository:
        """The devices that people have logged in from."""
        ...

    @property
    def kyc_reviews(self) -> KycReviewRepository:
        """KYC changes."""
        ...

    @property
    def keyed_answers(self) -> KeyedAnswerRepository:
        """Answers that are kept for whoever repeats a call."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        ...

    @property
    def legal_holds(self) -> LegalHolds:
        """What is neither erased nor dropped."""
        ...


class UnitOfWork(Repositories, Protocol):
    """A transaction. Leaving it without `commit` rolls everything back."""

    @property
    def outbox(self) -> Outbox:
        """Events that are published once the transaction is committed."""
        ...

    @property
    def consumed_events(self) -> ConsumedEvents:
        """Which events of other services take effect in this transaction."""
        ...

    @property
    def mail(self) -> MailOutbox:
        """Mail that is sent once the transaction is committed."""
        ...

    async def commit(self) -> None:
        """Make everything durable, once.

        Raises:
            DependencyUnavailable: the storage did not confirm; the outcome is not known.
            Conflict: another transaction came between; nothing was stored.
        """
        ...


class Database(Protocol):
    """Where units of work come from. Both raise DependencyUnavailable when it is out of reach."""

    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Repositories]:
        """Read outside any transaction: each read sees what is committed when it runs."""
        ...
