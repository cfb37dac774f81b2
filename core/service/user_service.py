"""The user service as the rest of the platform knows it."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.caller import Caller
from core.domain.kyc import Kyc, KycStatus
from core.domain.session import LoginOutcome
from core.domain.user import User
from core.service.accounts import Accounts
from core.service.kyc_review import KycReviewing
from core.service.login import Login
from core.service.registration import Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformUserService:
    """Implements the port UserService by handing each operation to its use case."""

    registration: Registration
    logins: Login
    accounts: Accounts
    kyc: KycReviewing

    async def register(
        self, *, email: str, password: str, full_name: str | None, caller: Caller
    ) -> User | None:
        """Make an account; see Registration."""
        return await self.registration.register(
            email=email, password=password, full_name=full_name, caller=caller
        )

    async def login(self, *, email: str, password: str, caller: Caller) -> LoginOutcome:
        """Open a session or ask for the second factor; see Login."""
        return await self.logins.login(email=email, password=password, caller=caller)

    async def get_by_id(self, user_id: UUID) -> User:
        """Read an account; see Accounts."""
        return await self.accounts.get(user_id)

    async def update_kyc(
        self, user_id: UUID, *, status: KycStatus, reason: str | None, caller: Caller
    ) -> Kyc:
        """Record a reviewer's decision; see KycReviewing."""
        return await self.kyc.update(user_id, status=status, reason=reason, caller=caller)
