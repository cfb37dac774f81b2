"""Opening an account: what registration and the making of an administrator have in common."""

from dataclasses import dataclass

from core.domain.audit import AuditAction
from core.domain.caller import ActorType, Caller
from core.domain.email_address import EmailAddress
from core.domain.events import UserCreated
from core.domain.full_name import parse_full_name
from core.domain.password import PasswordPolicy
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import PasswordHasher
from core.domain.ports.unit_of_work import Database
from core.domain.user import NewUser, Role, User
from core.service.recording import Recorder, the_user


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpening:
    """Makes accounts of any role."""

    database: Database
    hasher: PasswordHasher
    policy: PasswordPolicy
    recorder: Recorder
    ids: IdGenerator

    async def open(
        self, *, email: str, password: str, full_name: str | None, role: Role, caller: Caller
    ) -> User:
        """Make an account. Whoever registers is the actor of it, unless the system itself acts.

        Raises:
            ValidationFailed: the address has not the shape of one, or the name is no name.
            PasswordTooWeak: the policy refuses the password.
            EmailAlreadyRegistered: an account that is not deleted has this address.
            ServerBusy: too many passwords wait to be hashed.
        """
        address = EmailAddress.parse(email)
        name = parse_full_name(full_name)
        self.policy.check(password)
        # Hashing takes its time on purpose; neither a connection nor a lock waits for it.
        hashed_password = await self.hasher.hash(password)
        user_id = self.ids.new_id()
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            if caller.actor_type is not ActorType.SYSTEM:
                record = record.by(user_id)
            user = await unit.users.create(
                NewUser(
                    id=user_id,
                    email=address.text,
                    email_key=address.key,
                    full_name=name,
                    hashed_password=hashed_password,
                    role=role,
                    created_at=record.at,
                )
            )
            await record.success(
                AuditAction.REGISTER, the_user(user_id), details={"role": role.value}
            )
            await record.event(UserCreated(user_id=user_id, role=role, kyc_status=user.kyc_status))
            await unit.commit()
            return user
