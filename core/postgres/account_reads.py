"""Reads of single accounts: most of what other services and people ask for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from core.domain.user import User
from core.postgres import user_rows as rows
from core.postgres.execution import Executor
from core.postgres.shared_read import SharedRead

AccountReader = Callable[[UUID], Awaitable[User | None]]
"""Returns an account, deleted or not, or None where there is none."""


def shared_account_reader(executor: Executor) -> AccountReader:
    """Return a reader whose concurrent reads share a query."""

    async def fetch(user_ids: Sequence[UUID]) -> Mapping[UUID, User]:
        params = rows.UserIdsParams(user_ids=list(user_ids))
        found = await executor.many(rows.GET_USERS_BY_IDS, params)
        return {row.id: rows.to_user(row) for row in found}

    return SharedRead(fetch).get


def direct_account_reader(executor: Executor) -> AccountReader:
    """Return a reader that runs a query for each read, inside its executor's transaction."""

    async def read(user_id: UUID) -> User | None:
        row = await executor.one(rows.GET_USER_BY_ID, rows.UserIdParams(user_id=user_id))
        return None if row is None else rows.to_user(row)

    return read
