"""Accounts in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core.domain.email_address import email_key as folded
from core.domain.errors import UserNotFound
from core.domain.kyc import KycStatus
from core.domain.user import Credentials, NewUser, Role, User, UserFilter, UserStatus
from core.postgres import user_rows as rows
from core.postgres.account_reads import AccountReader
from core.postgres.execution import Executor
from core.postgres.personal_salts import PersonalSalts
from core.postgres.statements import NoParams, One, ParamsT

ADMINS_LOCK_KEY = 0x61646D696E73
"""The key of the advisory lock on who is an active administrator."""


class PostgresUsers:
    """Implements the port UserRepository."""

    def __init__(
        self, executor: Executor, read_account: AccountReader, salts: PersonalSalts
    ) -> None:
        """Take what runs the statements, how accounts are read, and who is told of their salts."""
        self._run = executor
        self._read_account = read_account
        self._salts = salts

    async def create(self, user: NewUser) -> User:
        """Store an account with KYC pending."""
        created = await self._salted(rows.CREATE_USER, _new_user(user))
        if created is None:
            raise UserNotFound
        return created

    async def create_if_free(self, user: NewUser) -> User | None:
        """Store an account, or nothing where its address is in use."""
        return await self._salted(rows.CREATE_USER_IF_FREE, _new_user(user))

    async def get_by_id(self, user_id: UUID) -> User | None:
        """Return the account, deleted or not."""
        return await self._read_account(user_id)

    async def get_by_email(self, email_key: str) -> User | None:
        """Return the account that is not deleted and has this address."""
        return await self._salted(rows.GET_USER_BY_EMAIL, rows.EmailKeyParams(email_key=email_key))

    async def get_credentials(self, email_key: str) -> Credentials | None:
        """Return the account that is not deleted and has this address, with its hash."""
        params = rows.EmailKeyParams(email_key=email_key)
        record = await self._run.one(rows.GET_CREDENTIALS, params)
        return self._credentials(record)

    async def get_credentials_by_id(self, user_id: UUID) -> Credentials | None:
        """Return the account, deleted or not, with its hash."""
        params = rows.UserIdParams(user_id=user_id)
        record = await self._run.one(rows.GET_CREDENTIALS_BY_ID, params)
        return self._credentials(record)

    async def get_many(self, user_ids: Sequence[UUID]) -> Sequence[User]:
        """Return the accounts that exist."""
        params = rows.UserIdsParams(user_ids=list(user_ids))
        return [rows.to_user(row) for row in await self._run.many(rows.GET_USERS_BY_IDS, params)]

    async def list_page(
        self, where: UserFilter, *, before: UUID | None, limit: int
    ) -> Sequence[User]:
        """Return one page, the newest first."""
        deleted, suspended = _state(where)
        params = rows.ListUsersParams(
            before=before,
            prefix=None if where.query is None else _prefix_pattern(folded(where.query)),
            kyc_status=where.kyc_status,
            role=where.role,
            deleted=deleted,
            suspended=suspended,
            row_limit=limit,
        )
        return [rows.to_user(row) for row in await self._run.many(rows.LIST_USERS, params)]

    async def lock(self, user_id: UUID) -> User | None:
        """Read the account and hold its row."""
        return await self._salted(rows.LOCK_USER, rows.UserIdParams(user_id=user_id))

    async def lock_admins(self) -> None:
        """Hold the right to change who is an active administrator."""
        await self._run.execute(rows.LOCK_ADMINS, rows.LockParams(key=ADMINS_LOCK_KEY))

    async def count_active_admins(self) -> int:
        """Count the active administrators."""
        counted = await self._run.one(rows.COUNT_ACTIVE_ADMINS, NoParams())
        return 0 if counted is None else counted.admins

    async def update_profile(self, user_id: UUID, *, full_name: str | None, at: datetime) -> User:
        """Replace the full name."""
        params = rows.ProfileParams(
            user_id=user_id, full_name=full_name, full_name_key=_search_key(full_name), at=at
        )
        return await self._changed(rows.UPDATE_USER_PROFILE, params)

    async def set_password(self, user_id: UUID, *, hashed_password: str, at: datetime) -> User:
        """Replace the password hash."""
        params = rows.PasswordParams(user_id=user_id, hashed_password=hashed_password, at=at)
        return await self._changed(rows.SET_USER_PASSWORD, params)

    async def replace_password_hash(self, user_id: UUID, *, old: str, new: str) -> bool:
        """Store another hash of the same password, if `old` is still stored."""
        params = rows.PasswordHashParams(user_id=user_id, old=old, new=new)
        return await self._run.execute(rows.REPLACE_USER_PASSWORD_HASH, params) > 0

    async def set_email_verified(self, user_id: UUID, *, at: datetime) -> User:
        """Record that the address is verified."""
        params = rows.EmailVerifiedParams(user_id=user_id, at=at)
        return await self._changed(rows.SET_USER_EMAIL_VERIFIED, params)

    async def update_kyc(self, user_id: UUID, *, status: KycStatus, at: datetime) -> User:
        """Replace the KYC status."""
        params = rows.UserKycParams(user_id=user_id, kyc_status=status.value, at=at)
        return await self._changed(rows.UPDATE_USER_KYC, params)

    async def set_mfa_enabled(self, user_id: UUID, *, enabled: bool, at: datetime) -> User:
        """Record whether a second factor is asked for at logins."""
        params = rows.UserMfaParams(user_id=user_id, mfa_enabled=enabled, at=at)
        return await self._changed(rows.SET_USER_MFA_ENABLED, params)

    async def set_role(self, user_id: UUID, *, role: Role, at: datetime) -> User:
        """Replace the role."""
        params = rows.UserRoleParams(user_id=user_id, role=role.value, at=at)
        return await self._changed(rows.SET_USER_ROLE, params)

    async def set_suspended(self, user_id: UUID, *, suspended: bool, at: datetime) -> User:
        """Suspend, or end the suspension."""
        params = rows.UserSuspendedParams(
            user_id=user_id, suspended_at=at if suspended else None, at=at
        )
        return await self._changed(rows.SET_USER_SUSPENDED, params)

    async def soft_delete(self, user_id: UUID, *, at: datetime) -> User:
        """Delete; the row stays."""
        params = rows.UserDeletedParams(user_id=user_id, deleted_at=at, at=at)
        return await self._changed(rows.SET_USER_DELETED, params)

    async def restore(self, user_id: UUID, *, at: datetime) -> User:
        """End the deletion, unless the address was registered anew."""
        params = rows.UserDeletedParams(user_id=user_id, deleted_at=None, at=at)
        return await self._changed(rows.SET_USER_DELETED, params)

    def _credentials(self, record: rows.CredentialsRecord | None) -> Credentials | None:
        if record is None:
            return None
        self._salts.note(record.id, record.personal_salt)
        return rows.to_credentials(record)

    async def _salted(
        self, statement: One[ParamsT, rows.SaltedUserRecord], params: ParamsT
    ) -> User | None:
        record = await self._run.one(statement, params)
        if record is None:
            return None
        self._salts.note(record.id, record.personal_salt)
        return rows.to_user(record)

    async def _changed(self, statement: One[ParamsT, rows.UserRecord], params: ParamsT) -> User:
        record = await self._run.one(statement, params)
        if record is None:
            raise UserNotFound
        return rows.to_user(record)


def _new_user(user: NewUser) -> rows.NewUserParams:
    return rows.NewUserParams(
        id=user.id,
        email=user.email,
        email_key=user.email_key,
        full_name=user.full_name,
        full_name_key=_search_key(user.full_name),
        hashed_password=user.hashed_password,
        role=user.role.value,
        kyc_status=KycStatus.PENDING.value,
        created_at=user.created_at,
    )


def _search_key(full_name: str | None) -> str | None:
    return None if full_name is None else folded(full_name)


def _prefix_pattern(beginning: str) -> str:
    """Return the LIKE pattern of what begins so; its own wildcards stand for themselves."""
    escaped = beginning.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return escaped + "%"


def _state(where: UserFilter) -> tuple[bool | None, bool | None]:
    """Return what a filter asks of (deleted, suspended); None asks nothing."""
    if where.status is UserStatus.DELETED:
        return True, None
    if where.status is None:
        return (None if where.show_deleted else False), None
    return False, where.status is UserStatus.SUSPENDED
