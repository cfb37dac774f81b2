"""Registration: anybody makes an account of their own."""

from dataclasses import dataclass

from core.domain.caller import Caller
from core.domain.user import Role, User
from core.service.account_opening import AccountOpening


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Registers people."""

    opening: AccountOpening

    async def register(
        self, *, email: str, password: str, full_name: str | None, caller: Caller
    ) -> User:
        """Make an account with the role `user` and KYC pending.

        Raises:
            ValidationFailed: the address has not the shape of one, or the name is no name.
            PasswordTooWeak: the policy refuses the password.
            EmailAlreadyRegistered: an account that is not deleted has this address.
            ServerBusy: too many passwords wait to be hashed.
        """
        return await self.opening.open(
            email=email, password=password, full_name=full_name, role=Role.USER, caller=caller
        )
