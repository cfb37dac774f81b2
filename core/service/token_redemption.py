"""Presenting a one-time token: what it takes for one to be worth something."""

from uuid import UUID

from core.domain.one_time_token import OneTimeToken, TokenPurpose
from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.user import User
from core.service.recording import Record


async def hold_holder(unit: UnitOfWork, token: OneTimeToken | None) -> User | None:
    """Hold the person whose token this is; None where there is none, or the account is deleted.

    A newer token is made under the same lock, so either this one ends first, or that one does.
    """
    holder = None if token is None else await unit.users.lock(token.user_id)
    return None if holder is None or holder.deleted_at is not None else holder


async def redeem(record: Record, token: OneTimeToken, purpose: TokenPurpose) -> bool:
    """Use a token whose holder is held; return False where it does not serve (any more)."""
    if not token.serves(purpose, record.at):
        return False
    # The token may have been read before its holder was locked: the storage has the last word.
    return await record.unit.one_time_tokens.mark_used(token.id, at=record.at)


def holder_id(token: OneTimeToken | None) -> UUID | None:
    """Return whom a token concerns, whether it serves or not."""
    return None if token is None else token.user_id
