"""Storage of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.kyc import KycStatus
from core.domain.user import Credentials, NewUser, Role, User, UserFilter


class UserRepository(Protocol):
    """Accounts. Reads return None (or leave out) what is absent; deleted accounts are found by id.

    Every change sets `updated_at` to the `at` that it is given and returns the account after it;
    it raises UserNotFound where there is no such account. DependencyUnavailable comes from any
    method when the storage is out of reach.
    """

    async def create(self, user: NewUser) -> User:
        """Store an account with KYC pending.

        Raises:
            EmailAlreadyRegistered: an account that is not deleted has the same `email_key`.
        """
        ...

    async def create_if_free(self, user: NewUser) -> User | None:
        """As `create`, but return None where the address is in use; the unit of work goes on."""
        ...

    async def get_by_id(self, user_id: UUID) -> User | None:
        """Return the account, deleted or not."""
        ...

    async def get_by_email(self, email_key: str) -> User | None:
        """Return the account that is not deleted and has this address."""
        ...

    async def get_credentials(self, email_key: str) -> Credentials | None:
        """Return the account that is not deleted and has this address, with its password hash."""
        ...

    async def get_credentials_by_id(self, user_id: UUID) -> Credentials | None:
        """Return the account, deleted or not, with its password hash."""
        ...

    async def get_many(self, user_ids: Sequence[UUID]) -> Sequence[User]:
        """Return the accounts that exist, deleted or not, in any order."""
        ...

    async def list_page(
        self, where: UserFilter, *, before: UUID | None, limit: int
    ) -> Sequence[User]:
        """Return at most `limit` accounts with ids below `before`, the newest (greatest) first."""
        ...

    async def lock(self, user_id: UUID) -> User | None:
        """Read the account and hold its row until the unit of work ends.

        Whoever changes an account or writes an event about it takes this lock first, so that
        events of one person are committed in the order of their numbers.
        """
        ...

    async def lock_admins(self) -> None:
        """Hold the right to change who is an active administrator until the unit of work ends.

        Taken before any row lock.
        """
        ...

    async def count_active_admins(self) -> int:
        """Count the administrators that are neither suspended nor deleted."""
        ...

    async def update_profile(self, user_id: UUID, *, full_name: str | None, at: datetime) -> User:
        """Replace the full name; None removes it."""
        ...

    async def set_password(self, user_id: UUID, *, hashed_password: str, at: datetime) -> User:
        """Replace the password hash because the person has chosen another password."""
        ...

    async def replace_password_hash(self, user_id: UUID, *, old: str, new: str) -> bool:
        """Store another hash of the same password; return False where `old` is not stored any more.

        The person has changed nothing, so `updated_at` stays as it is.
        """
        ...

    async def set_email_verified(self, user_id: UUID, *, at: datetime) -> User:
        """Record that the address is its person's."""
        ...

    async def set_mfa_enabled(self, user_id: UUID, *, enabled: bool, at: datetime) -> User:
        """Record whether a second factor is asked for at logins."""
        ...

    async def update_kyc(self, user_id: UUID, *, status: KycStatus, at: datetime) -> User:
        """Replace the KYC status; whether it may follow the present one is the caller's duty."""
        ...

    async def set_role(self, user_id: UUID, *, role: Role, at: datetime) -> User:
        """Replace the role."""
        ...

    async def set_suspended(self, user_id: UUID, *, suspended: bool, at: datetime) -> User:
        """Set `suspended_at` to `at`, or clear it."""
        ...

    async def soft_delete(self, user_id: UUID, *, at: datetime) -> User:
        """Set `deleted_at`; the address is free from then on."""
        ...

    async def restore(self, user_id: UUID, *, at: datetime) -> User:
        """Clear `deleted_at`.

        Raises:
            EmailAlreadyRegistered: the address was registered anew.
        """
        ...
