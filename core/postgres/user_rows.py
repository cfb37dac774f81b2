"""Statements on accounts, their parameters, and their rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.kyc import KycStatus
from core.domain.user import Credentials, Role, User
from core.postgres.statements import Exec, Many, NoParams, One


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """The columns of an account that everyone may see who may see it."""

    id: UUID
    email: str = field(repr=False)
    full_name: str | None = field(repr=False)
    role: str
    kyc_status: str
    email_verified: bool
    mfa_enabled: bool
    created_at: datetime
    updated_at: datetime
    suspended_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaltedUserRecord(UserRecord):
    """An account with what seals its person's data in the audit log; null once erased."""

    personal_salt: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsRecord(SaltedUserRecord):
    """An account with its password hash."""

    hashed_password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminCount:
    """How many administrators are active."""

    admins: int


class NewUserParams(TypedDict):
    """All that is stored of a new account."""

    id: UUID
    email: str
    email_key: str
    full_name: str | None
    full_name_key: str | None
    hashed_password: str
    role: str
    kyc_status: str
    created_at: datetime


class UserIdParams(TypedDict):
    """Names an account."""

    user_id: UUID


class UserIdsParams(TypedDict):
    """Names accounts."""

    user_ids: list[UUID]


class EmailKeyParams(TypedDict):
    """Names the account that has an address now."""

    email_key: str


class ListUsersParams(TypedDict):
    """A page and its filter. `prefix` is a pattern of LIKE."""

    before: UUID | None
    prefix: str | None
    kyc_status: str | None
    role: str | None
    deleted: bool | None
    suspended: bool | None
    row_limit: int


class LockParams(TypedDict):
    """The key of an advisory lock."""

    key: int


class ProfileParams(TypedDict):
    """A new full name."""

    user_id: UUID
    full_name: str | None
    full_name_key: str | None
    at: datetime


class PasswordParams(TypedDict):
    """A new password hash."""

    user_id: UUID
    hashed_password: str
    at: datetime


class PasswordHashParams(TypedDict):
    """A hash that takes another one's place."""

    user_id: UUID
    old: str
    new: str


class EmailVerifiedParams(TypedDict):
    """An address that is verified now."""

    user_id: UUID
    at: datetime


class UserKycParams(TypedDict):
    """A new KYC status."""

    user_id: UUID
    kyc_status: str
    at: datetime


class UserMfaParams(TypedDict):
    """Whether a second factor is asked for."""

    user_id: UUID
    mfa_enabled: bool
    at: datetime


class UserRoleParams(TypedDict):
    """A new role."""

    user_id: UUID
    role: str
    at: datetime


class UserSuspendedParams(TypedDict):
    """Since when an account is suspended."""

    user_id: UUID
    suspended_at: datetime | None
    at: datetime


class UserDeletedParams(TypedDict):
    """Since when an account is deleted."""

    user_id: UUID
    deleted_at: datetime | None
    at: datetime


CREATE_USER = One("users", "create_user", NewUserParams, SaltedUserRecord)
CREATE_USER_IF_FREE = One("users", "create_user_if_free", NewUserParams, SaltedUserRecord)
GET_USER_BY_ID = One("users", "get_user_by_id", UserIdParams, UserRecord)
GET_USER_BY_EMAIL = One("users", "get_user_by_email", EmailKeyParams, SaltedUserRecord)
GET_CREDENTIALS = One("users", "get_credentials_by_email", EmailKeyParams, CredentialsRecord)
GET_CREDENTIALS_BY_ID = One("users", "get_credentials_by_id", UserIdParams, CredentialsRecord)
GET_USERS_BY_IDS = Many("users", "get_users_by_ids", UserIdsParams, UserRecord)
LIST_USERS = Many("users", "list_users", ListUsersParams, UserRecord, prepared=False)
LOCK_USER = One("users", "lock_user", UserIdParams, SaltedUserRecord)
LOCK_ADMINS = Exec("users", "lock_admins", LockParams)
COUNT_ACTIVE_ADMINS = One("users", "count_active_admins", NoParams, AdminCount)
UPDATE_USER_PROFILE = One("users", "update_user_profile", ProfileParams, UserRecord)
SET_USER_PASSWORD = One("users", "set_user_password", PasswordParams, UserRecord)
REPLACE_USER_PASSWORD_HASH = Exec("users", "replace_user_password_hash", PasswordHashParams)
SET_USER_EMAIL_VERIFIED = One("users", "set_user_email_verified", EmailVerifiedParams, UserRecord)
UPDATE_USER_KYC = One("users", "update_user_kyc", UserKycParams, UserRecord)
SET_USER_MFA_ENABLED = One("users", "set_user_mfa_enabled", UserMfaParams, UserRecord)
SET_USER_ROLE = One("users", "set_user_role", UserRoleParams, UserRecord)
SET_USER_SUSPENDED = One("users", "set_user_suspended", UserSuspendedParams, UserRecord)
SET_USER_DELETED = One("users", "set_user_deleted", UserDeletedParams, UserRecord)


def to_user(record: UserRecord) -> User:
    """Return the account that a row stands for."""
    return User(
        id=record.id,
        email=record.email,
        full_name=record.full_name,
        role=Role(record.role),
        kyc_status=KycStatus(record.kyc_status),
        email_verified=record.email_verified,
        mfa_enabled=record.mfa_enabled,
        created_at=record.created_at,
        updated_at=record.updated_at,
        suspended_at=record.suspended_at,
        deleted_at=record.deleted_at,
    )


def to_credentials(record: CredentialsRecord) -> Credentials:
    """Return the account with its password hash."""
    return Credentials(user=to_user(record), hashed_password=record.hashed_password)
