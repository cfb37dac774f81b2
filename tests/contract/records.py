"""Makes what is stored: one of everything, each different from the one before."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID

from core.domain.access_token import ServiceToken
from core.domain.audit import AuditAction, AuditDetails, AuditEntry, AuditOutcome, ResourceType
from core.domain.caller import ActorType
from core.domain.email_address import email_key
from core.domain.events import DomainEvent, RecordedEvent
from core.domain.kyc import KycReview, KycStatus
from core.domain.mail import MailTemplate, NewMail
from core.domain.mfa import MfaChallenge, TotpEnrolment
from core.domain.one_time_token import OneTimeToken, TokenPurpose
from core.domain.refresh_token import RefreshToken
from core.domain.session import Session
from core.domain.user import NewUser, Role
from tests.fakes.clock import FakeClock
from tests.fakes.ids import FakeIds

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class Records:
    """Time moves by a second from record to record."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ids = FakeIds(self.clock)
        self._numbers = count(1)

    def now(self) -> datetime:
        return self.clock.now()

    def later(self, seconds: float = 1) -> datetime:
        self.clock.advance(seconds)
        return self.clock.now()

    def new_user(
        self,
        email: str | None = None,
        *,
        full_name: str | None = "Ada Lovelace",
        role: Role = Role.USER,
    ) -> NewUser:
        address = email or f"person{next(self._numbers)}@example.com"
        return NewUser(
            id=self.ids.new_id(),
            email=address,
            email_key=email_key(address),
            full_name=full_name,
            hashed_password=f"$argon2id$v=19$m=8,t=1,p=1$c2FsdA${next(self._numbers)}",
            role=role,
            created_at=self.later(),
        )

    def session(self, user_id: UUID, *, idle_seconds: float = 3600) -> Session:
        now = self.later()
        return Session(
            id=self.ids.new_id(),
            user_id=user_id,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(seconds=idle_seconds),
            absolute_expires_at=now + timedelta(days=30),
            amr=("pwd", "otp"),
            ip_address="203.0.113.7",
            user_agent="browser/1.0",
        )

    def refresh_token(self, session: Session) -> RefreshToken:
        now = self.later()
        return RefreshToken(
            digest=sha256(str(next(self._numbers)).encode()).hexdigest(),
            user_id=session.user_id,
            session_id=session.id,
            created_at=now,
            expires_at=now + timedelta(days=7),
        )

    def successor(self, token: RefreshToken) -> RefreshToken:
        """Make what follows a token in the same session."""
        digest = sha256(str(next(self._numbers)).encode()).hexdigest()
        return replace(token, digest=digest, created_at=self.later())

    def one_time_token(
        self,
        user_id: UUID,
        purpose: TokenPurpose = TokenPurpose.PASSWORD_RESET,
        *,
        lifetime_seconds: float = 1800,
    ) -> OneTimeToken:
        now = self.later()
        return OneTimeToken(
            id=self.ids.new_id(),
            digest=sha256(str(next(self._numbers)).encode()).hexdigest(),
            purpose=purpose,
            user_id=user_id,
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_seconds),
        )

    def mail(
        self,
        user_id: UUID,
        template: MailTemplate = MailTemplate.PASSWORD_CHANGED,
        *,
        token: OneTimeToken | None = None,
    ) -> NewMail:
        return NewMail(
            id=self.ids.new_id(),
            user_id=user_id,
            template=template,
            token_id=None if token is None else token.id,
            created_at=self.later(),
        )

    def service_token(self, name: str, *, lifetime_seconds: float = 3600) -> ServiceToken:
        now = self.later()
        return ServiceToken(
            id=self.ids.new_id(),
            service_name=name,
            issued_at=now,
            expires_at=now + timedelta(seconds=lifetime_seconds),
        )

    def totp_enrolment(self, user_id: UUID) -> TotpEnrolment:
        return TotpEnrolment(
            user_id=user_id,
            sealed_secret=f"vault:v1:{next(self._numbers)}",
            created_at=self.later(),
        )

    def mfa_challenge(self, user_id: UUID, *, lifetime_seconds: float = 300) -> MfaChallenge:
        now = self.later()
        return MfaChallenge(
            digest=self.digest(),
            user_id=user_id,
            password_mark=self.digest(),
            created_at=now,
            expires_at=now + timedelta(seconds=lifetime_seconds),
        )

    def digest(self) -> str:
        return sha256(str(next(self._numbers)).encode()).hexdigest()

    def kyc_review(
        self,
        user_id: UUID,
        status: KycStatus = KycStatus.VERIFIED,
        *,
        previous: KycStatus = KycStatus.PENDING,
        reason: str | None = None,
    ) -> KycReview:
        return KycReview(
            id=self.ids.new_id(),
            user_id=user_id,
            previous_status=previous,
            status=status,
            reason=reason,
            reviewer_id="service:compliance",
            created_at=self.later(),
        )

    def audit_entry(
        self,
        *,
        user_id: UUID | None = None,
        actor_id: str | None = None,
        action: AuditAction = AuditAction.LOGIN,
        outcome: AuditOutcome = AuditOutcome.SUCCESS,
        occurred_at: datetime | None = None,
        details: AuditDetails | None = None,
    ) -> AuditEntry:
        number = next(self._numbers)
        return AuditEntry(
            id=self.ids.new_id(),
            occurred_at=occurred_at or self.later(),
            actor_type=_actor_type(actor_id),
            actor_id=actor_id,
            action=action,
            resource_type=ResourceType.SESSION,
            resource_id=f"resource {number}",
            user_id=user_id,
            outcome=outcome,
            reason=None if outcome is AuditOutcome.SUCCESS else "INVALID_CREDENTIALS",
            ip_address="2001:db8::7",
            user_agent="browser/1.0 «ünïcode»",
            request_id=f"request-{number}",
            trace_id=TRACE_ID,
            details=details if details is not None else {},
        )

    def event(self, event: DomainEvent) -> RecordedEvent:
        return RecordedEvent(
            id=self.ids.new_id(), occurred_at=self.later(), trace_id=TRACE_ID, event=event
        )


def _actor_type(actor_id: str | None) -> ActorType:
    is_service = actor_id is not None and actor_id.startswith("service:")
    return ActorType.SERVICE if is_service else ActorType.USER
