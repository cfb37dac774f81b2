"""Login with an address and a password."""

from dataclasses import dataclass

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.email_address import EmailAddress
from core.domain.errors import AccountSuspended, InvalidCredentials, ValidationFailed
from core.domain.events import SessionCreated
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import PasswordHasher
from core.domain.ports.unit_of_work import Database, UnitOfWork
from core.domain.session import LoginResult, Session
from core.domain.user import Credentials, User, UserStatus
from core.service.recording import Record, Recorder, no_session, the_session
from core.service.session_tokens import SessionTokens

_PASSWORD = ("pwd",)
"""How a session was authenticated: by password (RFC 8176)."""

_NOBODY_S_KEY = ""
"""Looked up in place of what is no address, so that such an attempt costs the same work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Opens sessions. What is refused is refused with the same work, whatever the cause."""

    database: Database
    hasher: PasswordHasher
    tokens: SessionTokens
    recorder: Recorder
    ids: IdGenerator

    async def login(self, *, email: str, password: str, caller: Caller) -> LoginResult:
        """Open a session.

        Raises:
            InvalidCredentials: address unknown or none at all, password wrong, account deleted.
            AccountSuspended: the password is right, but the account is suspended.
            ServerBusy: too many passwords wait to be verified.
        """
        key = _email_key(email)
        async with self.database.reading() as stored:
            credentials = await stored.users.get_credentials(key)
        # Verifying takes its time on purpose; neither a connection nor a lock waits for it.
        hashed_password = None if credentials is None else credentials.hashed_password
        right = await self.hasher.verify(hashed_password, password)
        async with self.database.transaction() as unit:
            if credentials is None or not right:
                user_id = None if credentials is None else credentials.user.id
                raise await self.recorder.begin(unit, caller).refused(
                    AuditAction.LOGIN, no_session(user_id), InvalidCredentials()
                )
            return await self._enter(unit, key, credentials, caller)

    async def _enter(
        self, unit: UnitOfWork, key: str, verified: Credentials, caller: Caller
    ) -> LoginResult:
        """Let in whoever knew the password, if the account is still what it was before."""
        user_id = verified.user.id
        await unit.users.lock(user_id)
        current = await unit.users.get_credentials(key)
        record = self.recorder.begin(unit, caller)
        if current is None or current.hashed_password != verified.hashed_password:
            raise await record.refused(AuditAction.LOGIN, no_session(user_id), InvalidCredentials())
        if current.user.status is UserStatus.SUSPENDED:
            raise await record.refused(AuditAction.LOGIN, no_session(user_id), AccountSuspended())
        return await self._open_session(record.by(user_id), current.user)

    async def _open_session(self, record: Record, user: User) -> LoginResult:
        session = self._new_session(record, user)
        await record.unit.sessions.create(session)
        tokens = await self.tokens.issue(record.unit, user=user, session=session, now=record.at)
        await record.success(AuditAction.LOGIN, the_session(session.id, user.id))
        await record.event(SessionCreated(user_id=user.id, session_id=session.id))
        await record.unit.commit()
        return LoginResult(user=user, tokens=tokens)

    def _new_session(self, record: Record, user: User) -> Session:
        absolute_end = self.tokens.absolute_end(record.at)
        return Session(
            id=self.ids.new_id(),
            user_id=user.id,
            created_at=record.at,
            last_used_at=record.at,
            expires_at=self.tokens.idle_end(record.at, absolute_end),
            absolute_expires_at=absolute_end,
            amr=_PASSWORD,
            ip_address=record.caller.origin.ip_address,
            user_agent=record.caller.origin.user_agent,
        )


def _email_key(email: str) -> str:
    """Return the key of an address; of what is none, a key that nobody has.

    A violation would tell that the address was not even looked for.
    """
    try:
        return EmailAddress.parse(email).key
    except ValidationFailed:
        return _NOBODY_S_KEY
