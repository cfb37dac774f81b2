"""Login with an address and a password."""

from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.audit import AuditAction, AuditDetails
from core.domain.caller import Caller
from core.domain.email_address import presented_key
from core.domain.errors import AccountSuspended, Conflict, InvalidCredentials
from core.domain.mfa import PASSWORD_ONLY
from core.domain.ports.unit_of_work import Database, UnitOfWork
from core.domain.session import LoginChallenge, LoginOutcome
from core.domain.throttling import Attempt
from core.domain.user import Credentials, User, UserStatus
from core.service.login_throttling import LoginThrottling
from core.service.mfa_challenging import MfaChallenging
from core.service.password_judgement import JudgedPassword, PasswordJudgement
from core.service.recording import Record, Recorder, no_session
from core.service.session_opening import SessionOpening

_READINGS = 3
"""How often a login looks at an account whose hash is replaced while it is being compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Presented:
    """An address that somebody presents, and the account behind it, if there is one."""

    key: str
    credentials: Credentials | None
    caller: Caller

    @property
    def user_id(self) -> UUID | None:
        return None if self.credentials is None else self.credentials.user.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Opens sessions. What is refused is refused with the same work, whatever the cause."""

    database: Database
    passwords: PasswordJudgement
    sessions: SessionOpening
    second_factor: MfaChallenging
    throttling: LoginThrottling
    recorder: Recorder

    async def login(self, *, email: str, password: str, caller: Caller) -> LoginOutcome:
        """Open a session, or ask for the second factor where the account has one.

        Raises:
            InvalidCredentials: address unknown or none at all, password wrong, account deleted.
            AccountSuspended: the password is right, but the account is suspended.
            LoginThrottled: there were too many failures; the password was not looked at.
            ServerBusy: the password could not be verified in time.
            Conflict: the account's password was replaced again and again at this moment.
        """
        # Before anything is looked up: a refusal costs next to nothing, and the same for everybody.
        self.passwords.ensure_capacity()
        key = presented_key(email)
        async with self.database.reading() as stored:
            credentials = await stored.users.get_credentials(key)
            presented = _Presented(key=key, credentials=credentials, caller=caller)
            standing = await self.throttling.standing(
                stored,
                # What is no address is counted by itself, not with all else that is none.
                key=key or email,
                user_id=presented.user_id,
                origin=caller.origin,
            )
        attempt = await self.throttling.admit(
            standing,
            action=AuditAction.LOGIN,
            affected=no_session(presented.user_id),
            caller=caller,
        )
        async with self.throttling.judging(attempt):
            outcome = await self._judge(presented, password, attempt)
        await self._settle(attempt, outcome)
        return outcome

    async def _judge(self, presented: _Presented, password: str, attempt: Attempt) -> LoginOutcome:
        for _ in range(_READINGS):
            # Verifying takes its time on purpose; neither a connection nor a lock waits for it.
            judged = await self.passwords.judge(presented.credentials, password)
            verified = judged.accepted
            if verified is None:
                raise await self._refuse(presented, judged, attempt)
            async with self.database.transaction() as unit:
                outcome = await self._enter(unit, presented, verified, judged, attempt)
            if outcome is not None:
                return outcome
            presented = await self._look_again(presented)
        raise Conflict

    async def _look_again(self, presented: _Presented) -> _Presented:
        """Read what took the compared hash's place.

        Another password may stand there, or a better hash of the same one, from a login beside us.
        """
        async with self.database.reading() as stored:
            return replace(presented, credentials=await stored.users.get_credentials(presented.key))

    async def _enter(
        self,
        unit: UnitOfWork,
        presented: _Presented,
        verified: Credentials,
        judged: JudgedPassword,
        attempt: Attempt,
    ) -> LoginOutcome | None:
        """Let in whoever knew the password; None where it was compared with what is gone since."""
        user_id = verified.user.id
        await unit.users.lock(user_id)
        current = await unit.users.get_credentials(presented.key)
        if current is None or current.hashed_password != verified.hashed_password:
            return None
        record = self.recorder.begin(unit, presented.caller)
        if await self.throttling.is_closed(unit, attempt):
            error = self.throttling.closed()
            raise await record.refused(AuditAction.LOGIN, no_session(user_id), error)
        if current.user.status is UserStatus.SUSPENDED:
            raise await record.refused(AuditAction.LOGIN, no_session(user_id), AccountSuspended())
        details = await self.passwords.renew(record, judged)
        return await self._admit(record.by(user_id), current.user, attempt, details)

    async def _admit(
        self, record: Record, user: User, attempt: Attempt, details: AuditDetails
    ) -> LoginOutcome:
        if user.mfa_enabled:
            return await self.second_factor.challenge(record, user, details)
        await self.throttling.clear(record.unit, attempt)
        return await self.sessions.open(
            record, user, amr=PASSWORD_ONLY, action=AuditAction.LOGIN, details=details
        )

    async def _refuse(
        self, presented: _Presented, judged: JudgedPassword, attempt: Attempt
    ) -> InvalidCredentials:
        strike = await self.throttling.strike(attempt)
        async with self.database.transaction() as unit:
            await self.throttling.hold(unit, strike)
            record = self.recorder.begin(unit, presented.caller)
            details = await self.passwords.lead_to_reset(record, judged)
            await self.throttling.fail(record, strike)
            affected = no_session(presented.user_id)
            return await record.refused(
                AuditAction.LOGIN, affected, InvalidCredentials(), details=details
            )

    async def _settle(self, attempt: Attempt, outcome: LoginOutcome) -> None:
        if isinstance(outcome, LoginChallenge):
            # Only the second factor makes a success of it: to whoever knows the password, codes
            # would otherwise be free.
            await self.throttling.give_back(attempt)
        else:
            await self.throttling.succeed(attempt)
