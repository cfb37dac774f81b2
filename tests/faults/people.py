"""People as their clients know them, which may be less than the service does."""

from dataclasses import dataclass, field

ACTIVE = "active"
SUSPENDED = "suspended"
DELETED = "deleted"
PENDING = "pending"
VERIFIED = "verified"
REJECTED = "rejected"

NEXT_KYC = {PENDING: (VERIFIED, REJECTED), REJECTED: (PENDING,), VERIFIED: (PENDING,)}


@dataclass(kw_only=True)
class Session:
    """A session's tokens. `attempt` names a refresh whose answer is missing."""

    id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    attempt: str = ""


@dataclass(kw_only=True)
class Person:
    """Somebody about whom one operation at a time is asked for.

    `in_doubt`: something may have happened since; `is_lost`: nobody can say what.
    """

    number: int
    email: str
    password: str = field(repr=False)
    user_id: str = ""
    status: str = ACTIVE
    kyc: str = PENDING
    role: str = "user"
    in_doubt: bool = False
    is_lost: bool = False
    sessions: list[Session] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE
