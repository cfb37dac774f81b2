"""Who is calling, and from where."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.domain.access_token import SERVICE_SUBJECT_PREFIX
from core.domain.user import Role, User


class ActorType(StrEnum):
    """What kind of actor does something."""

    USER = "user"
    SERVICE = "service"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a call comes from. Address and user agent are None where they are not known."""

    request_id: str
    trace_id: str
    ip_address: str | None = field(default=None, repr=False)
    user_agent: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An authenticated actor, or nobody (`role` None), together with the origin of the call.

    `authenticated_at` is when a person's session was opened, and `account` what authentication has
    read of the person in this very call; nobody else has either.
    """

    origin: Origin
    actor_type: ActorType = ActorType.USER
    user_id: UUID | None = None
    service_name: str | None = None
    session_id: UUID | None = None
    role: Role | None = None
    authenticated_at: datetime | None = None
    account: User | None = field(default=None, repr=False, compare=False)

    def own_account(self, user_id: UUID) -> User | None:
        """Return the caller's account if that is whose id this is."""
        return self.account if user_id == self.user_id else None

    @property
    def actor_id(self) -> str | None:
        """A user's id, `service:NAME`, or None for nobody and for the system itself."""
        if self.user_id is not None:
            return str(self.user_id)
        if self.service_name is not None:
            return SERVICE_SUBJECT_PREFIX + self.service_name
        return None
