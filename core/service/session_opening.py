"""Opening a session: how every way of logging in ends that ends well."""

from dataclasses import dataclass

from core.domain.audit import AuditAction, AuditDetails
from core.domain.events import SessionCreated
from core.domain.ports.clock import IdGenerator
from core.domain.session import LoginResult, Session
from core.domain.user import User
from core.service.device_recognition import DeviceRecognition
from core.service.recording import Record, the_session
from core.service.session_tokens import SessionTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpening:
    """Opens sessions; whether somebody may have one has been decided before."""

    tokens: SessionTokens
    devices: DeviceRecognition
    ids: IdGenerator

    async def open(
        self,
        record: Record,
        user: User,
        *,
        amr: tuple[str, ...],
        action: AuditAction,
        details: AuditDetails | None = None,
    ) -> LoginResult:
        """Open a session, write its row of the audit log and its event, and commit.

        `amr` says how the person was authenticated (RFC 8176). The row of the person is locked.
        """
        session = self._new_session(record, user, amr)
        await record.unit.sessions.create(session)
        tokens = await self.tokens.issue(record.unit, user=user, session=session, now=record.at)
        await record.success(action, the_session(session.id, user.id), details=details)
        await record.event(SessionCreated(user_id=user.id, session_id=session.id))
        await self.devices.note(record, session)
        await record.unit.commit()
        return LoginResult(user=user, tokens=tokens)

    def _new_session(self, record: Record, user: User, amr: tuple[str, ...]) -> Session:
        absolute_end = self.tokens.absolute_end(record.at)
        return Session(
            id=self.ids.new_id(),
            user_id=user.id,
            created_at=record.at,
            last_used_at=record.at,
            expires_at=self.tokens.idle_end(record.at, absolute_end),
            absolute_expires_at=absolute_end,
            amr=amr,
            ip_address=record.caller.origin.ip_address,
            user_agent=record.caller.origin.user_agent,
        )
