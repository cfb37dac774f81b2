"""The operations that the rest of the platform knows the user service by."""

from typing import Protocol
from uuid import UUID

from core.domain.caller import Caller
from core.domain.kyc import Kyc, KycStatus
from core.domain.session import LoginOutcome
from core.domain.user import User


class UserService(Protocol):
    """Register, log in, read, and record KYC."""

    async def register(
        self, *, email: str, password: str, full_name: str | None, caller: Caller
    ) -> User | None:
        """Make an account; None in the neutral mode, where a mail tells what became of it.

        Raises:
            ValidationFailed: the address has not the shape of one.
            PasswordTooWeak: the policy refuses the password.
            EmailAlreadyRegistered: an account that is not deleted has this address.
        """
        ...

    async def login(self, *, email: str, password: str, caller: Caller) -> LoginOutcome:
        """Open a session, or ask for the second factor where the account has one.

        Raises:
            InvalidCredentials: address unknown, password wrong, or account deleted.
            AccountSuspended: the password is right, but the account is suspended.
            Conflict: the account's password was replaced again and again at this moment.
        """
        ...

    async def get_by_id(self, user_id: UUID) -> User:
        """Read an account, deleted or not.

        Raises:
            UserNotFound: there is none.
        """
        ...

    async def update_kyc(
        self, user_id: UUID, *, status: KycStatus, reason: str | None, caller: Caller
    ) -> Kyc:
        """Record a reviewer's decision.

        Raises:
            UserNotFound: there is no such account, or it is deleted.
            KycTransitionNotAllowed: the status cannot follow the present one.
            KycReasonRequired: a rejection has no reason.
        """
        ...
