"""Locking the account that a use case is about, and keeping the last administrator.

The order of locks is the same everywhere, so that no two units of work wait for each other:
the administrators, then the person, then a session.
"""

from uuid import UUID

from core.domain.errors import Conflict, LastAdmin, UserNotFound
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.user import Role, User, UserStatus


async def lock_account(unit: UnitOfWork, user_id: UUID) -> User:
    """Hold an account that is to be changed.

    Raises:
        UserNotFound: there is none, or it is deleted.
    """
    user = await unit.users.lock(user_id)
    if user is None or user.deleted_at is not None:
        raise UserNotFound
    return user


async def lock_possible_admin(unit: UnitOfWork, user_id: UUID) -> User:
    """Hold an account that may stop being an active administrator.

    Only a change to an administrator takes the lock that all of these share; all others would
    queue up behind it for nothing.

    Raises:
        UserNotFound: there is none, or it is deleted.
        Conflict: it became an administrator while it was being locked.
    """
    seen = await unit.users.get_by_id(user_id)
    seen_admin = seen is not None and seen.role is Role.ADMIN
    if seen_admin:
        await unit.users.lock_admins()
    user = await lock_account(unit, user_id)
    if user.role is Role.ADMIN and not seen_admin:
        raise Conflict
    return user


async def keep_an_admin(unit: UnitOfWork, user: User) -> None:
    """Let an account stop being an active administrator, or refuse it.

    Raises:
        LastAdmin: there is no other.
    """
    if user.role is not Role.ADMIN or user.status is not UserStatus.ACTIVE:
        return
    if await unit.users.count_active_admins() <= 1:
        raise LastAdmin
