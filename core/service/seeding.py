"""Mock data for development, made by the same use cases that serve everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.caller import Caller
from core.domain.errors import EmailAlreadyRegistered, UserNotFound
from core.domain.kyc import KycStatus
from core.domain.user import Role, User
from core.service.account_opening import Application
from core.service.seed_people import COMPLIANCE, PEOPLE, SUPPORT, SeedPerson
from core.service.use_cases import UseCases

_REJECTION = "The document cannot be read."


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeding:
    """Makes the first administrator, staff and mock users."""

    use_cases: UseCases

    async def seed(
        self, *, admin_email: str, admin_password: str, user_password: str, caller: Caller
    ) -> int:
        """Make what is missing and return how many accounts that were; existing ones are left.

        Raises:
            ValidationFailed: the administrator's address has not the shape of one.
            PasswordTooWeak: the policy refuses one of the passwords.
        """
        made = int(await self._admin(admin_email, admin_password, caller))
        for staff in (COMPLIANCE, SUPPORT):
            made += await self._person(staff, user_password, caller) is not None
        reviewer = await self.use_cases.accounts.get_by_email(COMPLIANCE.email)
        reviewing = Caller(origin=caller.origin, user_id=reviewer.id, role=Role.COMPLIANCE)
        for person in PEOPLE:
            user = await self._person(person, user_password, caller)
            if user is not None:
                await self._decide(user.id, person.decisions, reviewing)
                made += 1
        return made

    async def _admin(self, email: str, password: str, caller: Caller) -> bool:
        if await self._find(email) is not None:
            return False
        try:
            await self.use_cases.administration.create_admin(
                email=email, password=password, full_name="Administrator", caller=caller
            )
        except EmailAlreadyRegistered:
            return False
        return True

    async def _person(self, person: SeedPerson, password: str, caller: Caller) -> User | None:
        # Asking first spares a repeated run the work of hashing.
        if await self._find(person.email) is not None:
            return None
        try:
            user = await self.use_cases.administration.opening.open(
                Application(
                    email=person.email,
                    password=password,
                    full_name=person.full_name,
                    role=Role.USER,
                ),
                caller,
            )
        except EmailAlreadyRegistered:
            return None
        return await self.use_cases.administration.set_role(
            user.id, role=person.role, caller=caller
        )

    async def _decide(
        self, user_id: UUID, decisions: Sequence[KycStatus], reviewing: Caller
    ) -> None:
        for status in decisions:
            reason = _REJECTION if status is KycStatus.REJECTED else None
            await self.use_cases.kyc.update(user_id, status=status, reason=reason, caller=reviewing)

    async def _find(self, email: str) -> User | None:
        try:
            return await self.use_cases.accounts.get_by_email(email)
        except UserNotFound:
            return None
