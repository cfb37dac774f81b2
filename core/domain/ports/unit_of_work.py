"""One transaction, and all that can be done in it."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.domain.ports.audit_log import AuditLog
from core.domain.ports.kyc_reviews import KycReviewRepository
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
    def kyc_reviews(self) -> KycReviewRepository:
        """KYC changes."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The audit log."""
        ...


class UnitOfWork(Repositories, Protocol):
    """A transaction. Leaving it without `commit` rolls everything back."""

    @property
    def outbox(self) -> Outbox:
        """Events that are published once the transaction is committed."""
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
