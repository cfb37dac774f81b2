"""Registration: anybody makes an account of their own."""

from dataclasses import dataclass

from core.domain.caller import ActorType, Caller
from core.domain.user import Role, User
from core.service.account_opening import AccountOpening, Application
from core.service.answer_floor import no_sooner_than


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Registers people.

    Where it is `neutral`, the answer never tells whether an address has an account already.
    """

    opening: AccountOpening
    neutral: bool
    least_answer_seconds: float

    async def register(
        self, *, email: str, password: str, full_name: str | None, caller: Caller
    ) -> User | None:
        """Make an account with the role `user` and KYC pending.

        In the neutral mode the answer is None in every case, at the same moment, and a mail to the
        address tells whether there is a new account; the system itself is always answered.

        Raises:
            ValidationFailed: the address has not the shape of one, or the name is no name.
            PasswordTooWeak: the policy refuses the password.
            EmailAlreadyRegistered: an account that is not deleted has this address; never in the
                neutral mode.
            ServerBusy: too many passwords wait to be hashed.
        """
        application = Application(
            email=email, password=password, full_name=full_name, role=Role.USER
        )
        if self.neutral and caller.actor_type is not ActorType.SYSTEM:
            async with no_sooner_than(self.least_answer_seconds):
                await self.opening.open_silently(application, caller)
            return None
        return await self.opening.open(application, caller)
