"""Completing a login with the second factor."""

from dataclasses import dataclass
from datetime import datetime

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import AccountSuspended, DomainError, MfaCodeInvalid, OneTimeTokenInvalid
from core.domain.mfa import MfaChallenge, MfaPolicy, Proof, TotpEnrolment, challenge_digest
from core.domain.ports.unit_of_work import Database, UnitOfWork
from core.domain.session import LoginResult
from core.domain.throttling import Attempt, Standing
from core.domain.user import Credentials, User, UserStatus
from core.service.login_throttling import LoginThrottling
from core.service.recording import Record, Recorder, no_session
from core.service.second_factor import OpenedEnrolment, SecondFactor
from core.service.session_opening import SessionOpening

_ACTION = AuditAction.MFA_COMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Presented:
    """A challenge that was given once, with its person, both held by this unit."""

    challenge: MfaChallenge
    credentials: Credentials

    @property
    def user(self) -> User:
        return self.credentials.user


@dataclass(frozen=True, slots=True, kw_only=True)
class _Awaited:
    """What a proof will be compared with, and what a failure will be held against."""

    enrolment: TotpEnrolment | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaCompletion:
    """Opens the session that a challenge stands for."""

    database: Database
    second_factor: SecondFactor
    sessions: SessionOpening
    throttling: LoginThrottling
    policy: MfaPolicy
    recorder: Recorder

    async def complete(self, *, challenge_token: str, proof: Proof, caller: Caller) -> LoginResult:
        """Exchange a challenge and a proof of the second factor for a session.

        Raises:
            OneTimeTokenInvalid: the challenge was never given, has run out, was used, has seen too
                many wrong codes, or its account is deleted, has another password or no second
                factor any more.
            AccountSuspended: the account was suspended since.
            MfaCodeInvalid: the code is wrong or was used before; the challenge stays open.
            LoginThrottled: there were too many failures; the code was not looked at.
            DependencyUnavailable: the code is one of an authenticator, and Vault is out of reach.
        """
        digest = challenge_digest(challenge_token)
        awaited = await self._awaited(digest, caller)
        if awaited is None:
            raise await self._refuse(digest, caller)
        attempt = await self.throttling.admit(
            awaited.standing,
            action=_ACTION,
            affected=no_session(awaited.standing.user_id),
            caller=caller,
        )
        async with self.throttling.judging(attempt):
            opened = await self.second_factor.open_for(proof, awaited.enrolment)
            result = await self._complete(digest, proof, opened, attempt, caller)
        await self.throttling.succeed(attempt)
        return result

    async def _awaited(self, digest: str, caller: Caller) -> _Awaited | None:
        """Read what a proof is compared with; a challenge that is closed is not worth it."""
        async with self.database.reading() as stored:
            challenge = await stored.mfa_challenges.get(digest)
            if challenge is None or not self._is_open(challenge, self.recorder.clock.now()):
                return None
            user = await stored.users.get_by_id(challenge.user_id)
            if user is None:
                return None
            return _Awaited(
                enrolment=await stored.totp_enrolments.get(user.id),
                standing=await self.throttling.standing_of(stored, user, caller.origin),
            )

    async def _refuse(self, digest: str, caller: Caller) -> OneTimeTokenInvalid:
        async with self.database.transaction() as unit:
            presented = await _hold(unit, digest)
            user_id = None if presented is None else presented.user.id
            record = self.recorder.begin(unit, caller)
            return await record.refused(_ACTION, no_session(user_id), OneTimeTokenInvalid())

    async def _complete(
        self,
        digest: str,
        proof: Proof,
        opened: OpenedEnrolment | None,
        attempt: Attempt,
        caller: Caller,
    ) -> LoginResult:
        async with self.database.transaction() as unit:
            presented = await _hold(unit, digest)
            record = self.recorder.begin(unit, caller)
            if presented is None:
                raise await record.refused(_ACTION, no_session(), OneTimeTokenInvalid())
            error = self._judge(presented, record.at)
            if error is None and await self.throttling.is_closed(unit, attempt):
                error = self.throttling.closed()
            if error is None and not await self._accept(record, presented, proof, opened):
                await self.throttling.fail(record, await self.throttling.strike(attempt))
                error = MfaCodeInvalid()
            if error is not None:
                raise await record.refused(_ACTION, no_session(presented.user.id), error)
            await self.throttling.clear(unit, attempt)
            return await self._open_session(record, presented, proof)

    def _judge(self, presented: _Presented, now: datetime) -> DomainError | None:
        """Say why a challenge is refused, whatever code comes with it."""
        challenge, user = presented.challenge, presented.user
        if not self._is_open(challenge, now):
            return OneTimeTokenInvalid()
        if user.deleted_at is not None or not user.mfa_enabled:
            return OneTimeTokenInvalid()
        if not challenge.fits(presented.credentials.hashed_password):
            return OneTimeTokenInvalid()
        return AccountSuspended() if user.status is UserStatus.SUSPENDED else None

    def _is_open(self, challenge: MfaChallenge, now: datetime) -> bool:
        return challenge.is_open(now, max_failures=self.policy.max_failures)

    async def _accept(
        self,
        record: Record,
        presented: _Presented,
        proof: Proof,
        opened: OpenedEnrolment | None,
    ) -> bool:
        """Use the proof up, or count it as wrong."""
        enrolment = await record.unit.totp_enrolments.get(presented.user.id)
        if await self.second_factor.accept(record, proof, enrolment, opened):
            return True
        await record.unit.mfa_challenges.count_failure(presented.challenge.digest)
        return False

    async def _open_session(
        self, record: Record, presented: _Presented, proof: Proof
    ) -> LoginResult:
        await record.unit.mfa_challenges.mark_used(presented.challenge.digest, at=record.at)
        return await self.sessions.open(
            record.by(presented.user.id),
            presented.user,
            amr=proof.amr,
            action=_ACTION,
            details={"method": proof.method},
        )


async def _hold(unit: UnitOfWork, digest: str) -> _Presented | None:
    """Lock the challenge's person, then read both again: either may have changed."""
    known = await unit.mfa_challenges.get(digest)
    if known is None:
        return None
    await unit.users.lock(known.user_id)
    challenge = await unit.mfa_challenges.get(digest)
    credentials = await unit.users.get_credentials_by_id(known.user_id)
    if challenge is None or credentials is None:
        return None
    return _Presented(challenge=challenge, credentials=credentials)
