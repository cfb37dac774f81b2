"""Opening an account: what registration and the making of an administrator have in common."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import ActorType, Caller
from core.domain.email_address import EmailAddress, email_key
from core.domain.errors import Conflict, EmailAlreadyRegistered
from core.domain.events import UserCreated
from core.domain.full_name import parse_full_name
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import PasswordHasher
from core.domain.ports.unit_of_work import Database
from core.domain.user import NewUser, Role, User
from core.service.deferral import after_commit
from core.service.login_throttling import LoginThrottling
from core.service.mailing import Mailing
from core.service.password_vetting import PasswordVetting
from core.service.recording import Record, Recorder, the_user


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Who asks for an account, with the words that they wrote."""

    email: str
    password: str
    full_name: str | None
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """An application that nothing speaks against but perhaps the address's being in use."""

    address: EmailAddress
    full_name: str | None
    hashed_password: str
    role: Role

    def account(self, user_id: UUID, at: datetime) -> NewUser:
        return NewUser(
            id=user_id,
            email=self.address.text,
            email_key=self.address.key,
            full_name=self.full_name,
            hashed_password=self.hashed_password,
            role=self.role,
            created_at=at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpening:
    """Makes accounts of any role."""

    database: Database
    hasher: PasswordHasher
    vetting: PasswordVetting
    mailing: Mailing
    throttling: LoginThrottling
    recorder: Recorder
    ids: IdGenerator

    async def open(self, application: Application, caller: Caller) -> User:
        """Make an account. Whoever registers is the actor of it, unless the system itself acts.

        Raises:
            ValidationFailed: the address has not the shape of one, or the name is no name.
            PasswordTooWeak: the policy refuses the password.
            EmailAlreadyRegistered: an account that is not deleted has this address.
            ServerBusy: too many passwords wait to be hashed.
        """
        draft = await self._draft(application)
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            user = await unit.users.create(draft.account(self.ids.new_id(), record.at))
            await self._opened(record, user)
            await unit.commit()
        await after_commit(partial(self.throttling.reopened, draft.address.key))
        return user

    async def open_silently(self, application: Application, caller: Caller) -> None:
        """Make an account if the address is free; a mail to the address tells, and nothing else.

        Raises:
            ValidationFailed, PasswordTooWeak, ServerBusy: as `open`, whoever has the address.
            Conflict: its holder deleted the account at this moment.
        """
        draft = await self._draft(application)
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            user = await unit.users.create_if_free(draft.account(self.ids.new_id(), record.at))
            if user is None:
                await self._tell_holder(record, draft.address.key)
                return
            await self._opened(record, user)
            await unit.commit()
        await after_commit(partial(self.throttling.reopened, draft.address.key))

    async def _draft(self, application: Application) -> _Draft:
        address = EmailAddress.parse(application.email)
        full_name = parse_full_name(application.full_name)
        await self.vetting.vet(application.password, email=address.text)
        # Hashing takes its time on purpose; neither a connection nor a lock waits for it.
        hashed_password = await self.hasher.hash(application.password)
        return _Draft(
            address=address,
            full_name=full_name,
            hashed_password=hashed_password,
            role=application.role,
        )

    async def _opened(self, record: Record, user: User) -> None:
        # Whoever failed at this address before did not guess at this account.
        await self.throttling.reopen(record.unit, email_key(user.email))
        by_themselves = record.caller.actor_type is not ActorType.SYSTEM
        actor = record.by(user.id) if by_themselves else record
        await actor.success(
            AuditAction.REGISTER, the_user(user.id), details={"role": user.role.value}
        )
        await actor.event(UserCreated(user_id=user.id, role=user.role, kyc_status=user.kyc_status))
        if by_themselves:
            await self.mailing.send_token(
                actor, user.id, TokenPurpose.EMAIL_VERIFICATION, MailTemplate.WELCOME
            )

    async def _tell_holder(self, record: Record, email_key: str) -> None:
        holder = await record.unit.users.get_by_email(email_key)
        if holder is None:
            raise Conflict
        await self.mailing.send(record, holder.id, MailTemplate.ACCOUNT_EXISTS)
        await record.refused(AuditAction.REGISTER, the_user(holder.id), EmailAlreadyRegistered())
