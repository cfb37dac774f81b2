"""A person's account."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.domain.kyc import KycStatus


class Role(StrEnum):
    """What a caller may do. `SERVICE` is another service and never an account."""

    USER = "user"
    SUPPORT = "support"
    COMPLIANCE = "compliance"
    ADMIN = "admin"
    SERVICE = "service"


class UserStatus(StrEnum):
    """Whether an account can be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account as everyone may see it who may see it: without hash and without tokens."""

    id: UUID
    email: str = field(repr=False)
    full_name: str | None = field(repr=False)
    role: Role
    kyc_status: KycStatus
    email_verified: bool
    mfa_enabled: bool
    created_at: datetime
    updated_at: datetime
    suspended_at: datetime | None
    deleted_at: datetime | None

    @property
    def status(self) -> UserStatus:
        """Deletion outranks suspension; a restored account is as suspended as it was."""
        return user_status(suspended_at=self.suspended_at, deleted_at=self.deleted_at)


def user_status(*, suspended_at: datetime | None, deleted_at: datetime | None) -> UserStatus:
    """Derive the status of an account from its two time stamps."""
    if deleted_at is not None:
        return UserStatus.DELETED
    if suspended_at is not None:
        return UserStatus.SUSPENDED
    return UserStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """What is stored when an account is made."""

    id: UUID
    email: str = field(repr=False)
    email_key: str = field(repr=False)
    full_name: str | None = field(repr=False)
    hashed_password: str = field(repr=False)
    role: Role
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An account together with its password hash; seen by the login alone."""

    user: User
    hashed_password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Narrows a list of accounts; None does not narrow."""

    query: str | None = field(default=None, repr=False)
    kyc_status: KycStatus | None = None
    role: Role | None = None
    status: UserStatus | None = None
    show_deleted: bool = False
