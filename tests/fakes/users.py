"""Accounts in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.email_address import email_key
from core.domain.errors import EmailAlreadyRegistered, UserNotFound
from core.domain.kyc import KycStatus
from core.domain.user import Credentials, NewUser, Role, User, UserFilter, UserStatus
from tests.fakes.scope import ADMINS, LockKey, Scope, user_row
from tests.fakes.tables import PortMisuse, StoredUser


class FakeUsers:
    """Implements the port UserRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.users

    async def create(self, user: NewUser) -> User:
        await self._scope.write("users.create", user_row(user.id), _address(user.email_key))
        self._refuse_taken(user.email_key)
        return self._add(user)

    async def create_if_free(self, user: NewUser) -> User | None:
        await self._scope.write("users.create_if_free", user_row(user.id), _address(user.email_key))
        return None if self._undeleted(user.email_key) is not None else self._add(user)

    def _add(self, user: NewUser) -> User:
        account = User(
            id=user.id,
            email=user.email,
            full_name=user.full_name,
            role=user.role,
            kyc_status=KycStatus.PENDING,
            email_verified=False,
            mfa_enabled=False,
            created_at=user.created_at,
            updated_at=user.created_at,
            suspended_at=None,
            deleted_at=None,
        )
        row = StoredUser(
            user=account, email_key=user.email_key, hashed_password=user.hashed_password
        )
        self._rows.add(user.id, row)
        return account

    async def get_by_id(self, user_id: UUID) -> User | None:
        await self._scope.read("users.get_by_id")
        row = self._rows.get(user_id)
        return None if row is None else row.user

    async def get_by_email(self, email_key: str) -> User | None:
        await self._scope.read("users.get_by_email")
        row = self._undeleted(email_key)
        return None if row is None else row.user

    async def get_credentials(self, email_key: str) -> Credentials | None:
        await self._scope.read("users.get_credentials")
        row = self._undeleted(email_key)
        if row is None:
            return None
        return Credentials(user=row.user, hashed_password=row.hashed_password)

    async def get_credentials_by_id(self, user_id: UUID) -> Credentials | None:
        await self._scope.read("users.get_credentials_by_id")
        row = self._rows.get(user_id)
        if row is None:
            return None
        return Credentials(user=row.user, hashed_password=row.hashed_password)

    async def get_many(self, user_ids: Sequence[UUID]) -> Sequence[User]:
        await self._scope.read("users.get_many")
        wanted = set(user_ids)
        return [row.user for row in self._rows.values() if row.user.id in wanted]

    async def list_page(
        self, where: UserFilter, *, before: UUID | None, limit: int
    ) -> Sequence[User]:
        await self._scope.read("users.list_page")
        found = [
            row.user
            for row in self._rows.values()
            if (before is None or row.user.id < before) and _matches(row, where)
        ]
        return sorted(found, key=lambda user: user.id, reverse=True)[:limit]

    async def lock(self, user_id: UUID) -> User | None:
        await self._scope.write("users.lock")
        if self._rows.get(user_id) is None:
            return None
        await self._scope.hold(user_row(user_id))
        row = self._rows.get(user_id)
        return None if row is None else row.user

    async def lock_admins(self) -> None:
        await self._scope.write("users.lock_admins")
        if self._scope.holds_anything() and not self._scope.holds(ADMINS):
            raise PortMisuse("lock_admins comes before any row lock")
        await self._scope.hold(ADMINS)

    async def count_active_admins(self) -> int:
        await self._scope.read("users.count_active_admins")
        return sum(
            row.user.role is Role.ADMIN and row.user.status is UserStatus.ACTIVE
            for row in self._rows.values()
        )

    async def update_profile(self, user_id: UUID, *, full_name: str | None, at: datetime) -> User:
        return await self._change(
            "users.update_profile",
            user_id,
            lambda user: replace(user, full_name=full_name, updated_at=at),
        )

    async def set_password(self, user_id: UUID, *, hashed_password: str, at: datetime) -> User:
        await self._scope.write("users.set_password", user_row(user_id))
        row = self._rows.get(user_id)
        if row is None:
            raise UserNotFound
        user = replace(row.user, updated_at=at)
        self._rows.replace(user_id, replace(row, user=user, hashed_password=hashed_password))
        return user

    async def replace_password_hash(self, user_id: UUID, *, old: str, new: str) -> bool:
        await self._scope.write("users.replace_password_hash", user_row(user_id))
        row = self._rows.get(user_id)
        if row is None or row.hashed_password != old:
            return False
        self._rows.replace(user_id, replace(row, hashed_password=new))
        return True

    async def set_email_verified(self, user_id: UUID, *, at: datetime) -> User:
        return await self._change(
            "users.set_email_verified",
            user_id,
            lambda user: replace(user, email_verified=True, updated_at=at),
        )

    async def update_kyc(self, user_id: UUID, *, status: KycStatus, at: datetime) -> User:
        return await self._change(
            "users.update_kyc",
            user_id,
            lambda user: replace(user, kyc_status=status, updated_at=at),
        )

    async def set_mfa_enabled(self, user_id: UUID, *, enabled: bool, at: datetime) -> User:
        return await self._change(
            "users.set_mfa_enabled",
            user_id,
            lambda user: replace(user, mfa_enabled=enabled, updated_at=at),
        )

    async def set_role(self, user_id: UUID, *, role: Role, at: datetime) -> User:
        return await self._change(
            "users.set_role", user_id, lambda user: replace(user, role=role, updated_at=at)
        )

    async def set_suspended(self, user_id: UUID, *, suspended: bool, at: datetime) -> User:
        suspended_at = at if suspended else None
        return await self._change(
            "users.set_suspended",
            user_id,
            lambda user: replace(user, suspended_at=suspended_at, updated_at=at),
        )

    async def soft_delete(self, user_id: UUID, *, at: datetime) -> User:
        await self._hold_address_of("users.soft_delete", user_id)
        return await self._change(
            "users.soft_delete", user_id, lambda user: replace(user, deleted_at=at, updated_at=at)
        )

    async def restore(self, user_id: UUID, *, at: datetime) -> User:
        row = await self._hold_address_of("users.restore", user_id)
        if row is not None:
            self._refuse_taken(row.email_key, by_other_than=user_id)
        return await self._change(
            "users.restore", user_id, lambda user: replace(user, deleted_at=None, updated_at=at)
        )

    async def _hold_address_of(self, operation: str, user_id: UUID) -> StoredUser | None:
        """Wait, as a unique index does, for whoever is about to take or to free the address."""
        await self._scope.write(operation, user_row(user_id))
        row = self._rows.get(user_id)
        if row is not None:
            await self._scope.hold(_address(row.email_key))
        return row

    async def _change(self, operation: str, user_id: UUID, change: Callable[[User], User]) -> User:
        await self._scope.write(operation, user_row(user_id))
        row = self._rows.get(user_id)
        if row is None:
            raise UserNotFound
        changed = replace(row, user=change(row.user))
        self._rows.replace(user_id, changed)
        return changed.user

    def _undeleted(self, key: str) -> StoredUser | None:
        for row in self._rows.values():
            if row.email_key == key and row.user.deleted_at is None:
                return row
        return None

    def _refuse_taken(self, key: str, *, by_other_than: UUID | None = None) -> None:
        holder = self._undeleted(key)
        if holder is not None and holder.user.id != by_other_than:
            self._scope.abort()
            raise EmailAlreadyRegistered


def _address(key: str) -> LockKey:
    return ("address", key)


def _matches(row: StoredUser, where: UserFilter) -> bool:
    user = row.user
    shows_deleted = where.show_deleted or where.status is UserStatus.DELETED
    return (
        (shows_deleted or user.deleted_at is None)
        and where.kyc_status in {None, user.kyc_status}
        and where.role in {None, user.role}
        and where.status in {None, user.status}
        and (where.query is None or _begins(row, where.query))
    )


def _begins(row: StoredUser, query: str) -> bool:
    wanted = email_key(query)
    full_name = row.user.full_name or ""
    return row.email_key.startswith(wanted) or email_key(full_name).startswith(wanted)
