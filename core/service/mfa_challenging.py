"""Asking for the second factor after a right password."""

from dataclasses import dataclass

from core.domain.audit import AuditAction, AuditDetails
from core.domain.errors import UserNotFound
from core.domain.mfa import MfaChallenge, MfaPolicy, challenge_digest, password_mark
from core.domain.ports.mfa import MfaSecretMint
from core.domain.session import LoginChallenge
from core.domain.user import User
from core.service.recording import Record, no_session


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaChallenging:
    """Gives challenges; they are completed by MfaCompletion."""

    mint: MfaSecretMint
    policy: MfaPolicy

    async def challenge(
        self, record: Record, user: User, details: AuditDetails | None = None
    ) -> LoginChallenge:
        """Ask for the second factor, and commit. There is no session and no token of one yet.

        The row of the person is locked, and their password was found right; `details` go into the
        login's row of the audit log.
        """
        unit = record.unit
        # Read again: a login may have replaced the hash by a stronger one of the same password.
        stored = await unit.users.get_credentials_by_id(user.id)
        if stored is None:
            raise UserNotFound
        token = self.mint.challenge_token()
        await unit.mfa_challenges.add(
            MfaChallenge(
                digest=challenge_digest(token),
                user_id=user.id,
                password_mark=password_mark(stored.hashed_password),
                created_at=record.at,
                expires_at=self.policy.challenge_end(record.at),
            )
        )
        await record.success(
            AuditAction.LOGIN,
            no_session(user.id),
            details={"second_factor": "required", **(details or {})},
        )
        await unit.commit()
        return LoginChallenge(challenge_token=token, expires_in=self.policy.challenge_seconds)
