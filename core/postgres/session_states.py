"""Reads of session states: authentication asks for one at every call."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from core.domain.session import SessionState
from core.postgres.execution import Executor
from core.postgres.personal_salts import PersonalSalts
from core.postgres.session_rows import GET_SESSION_STATES, SessionIdsParams, to_session_state
from core.postgres.shared_read import SharedRead

SessionStateReader = Callable[[UUID], Awaitable[SessionState | None]]
"""Returns the state of a session, or None where there is no such session."""


def shared_reader(executor: Executor, salts: PersonalSalts) -> SessionStateReader:
    """Return a reader whose concurrent reads share a query."""

    async def fetch(session_ids: Sequence[UUID]) -> Mapping[UUID, SessionState]:
        return await _fetch(executor, salts, session_ids)

    return SharedRead(fetch).get


def direct_reader(executor: Executor, salts: PersonalSalts) -> SessionStateReader:
    """Return a reader that runs a query for each read, inside its executor's transaction."""

    async def read(session_id: UUID) -> SessionState | None:
        found = await _fetch(executor, salts, [session_id])
        return found.get(session_id)

    return read


async def _fetch(
    executor: Executor, salts: PersonalSalts, session_ids: Sequence[UUID]
) -> Mapping[UUID, SessionState]:
    params = SessionIdsParams(session_ids=list(session_ids))
    found = await executor.many(GET_SESSION_STATES, params)
    for row in found:
        salts.note(row.id, row.personal_salt)
    return {row.session_id: to_session_state(row) for row in found}
