"""Erasing people for good who have been deleted, and telling them before what is stored of them."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import DependencyUnavailable, UserNotFound
from core.domain.ports.crypto import KeyedDigests
from core.domain.ports.erasure import ErasingDatabase, ErasingUnitOfWork, StreamSweep
from core.domain.ports.personal_export import PersonalData, PersonalDocument
from core.domain.ports.unit_of_work import Database
from core.service.login_throttling import failures_account
from core.service.recording import Recorder, the_user


class ErasureRefused(Exception):
    """A person is not erased, or not wholly; the message says why and what to do."""


class Erased(StrEnum):
    """What an erasure has found."""

    NOW = "now"
    BEFORE = "before"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalExport:
    """Tells a person what is stored of them."""

    database: Database
    data: PersonalData
    digests: KeyedDigests
    recorder: Recorder

    async def export(self, user_id: UUID, *, caller: Caller) -> PersonalDocument:
        """Return all that is stored of a person, once it is recorded that it was asked for.

        Raises:
            UserNotFound: there is no such person, or they were erased.
        """
        document = await self.data.collect(
            user_id, account_of=lambda key: failures_account(self.digests, key)
        )
        if document is None:
            raise UserNotFound("There is no such user, or the person was erased.")
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            await record.success(AuditAction.USER_EXPORT, the_user(user_id))
            await unit.commit()
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Erases people. What was interrupted is completed by doing it again."""

    database: ErasingDatabase
    streams: StreamSweep
    digests: KeyedDigests
    recorder: Recorder

    async def erase(self, user_id: UUID, *, caller: Caller) -> Erased:
        """Erase a person; of one who was erased before, only the streams are swept again.

        Raises:
            UserNotFound: there is no such person.
            ErasureRefused: they are not deleted, or held, or only the last sweep has failed.
            DependencyUnavailable: something is out of reach; in the database nothing was changed.
            Conflict: their row, or their events, are held by somebody else at this moment.
        """
        await self._check(user_id)
        # Before the database: without the streams nothing is begun.
        await self.streams.sweep(user_id)
        async with self.database.transaction() as unit:
            outcome = await self._erase(unit, user_id, caller)
        try:
            # After it: a relay may have published a free text in between. None can from now on.
            await self.streams.sweep(user_id)
        except DependencyUnavailable as error:
            raise ErasureRefused(
                f"erased in the database; {error.dependency} was lost on the way, and a stream may"
                " still hold a reason: run the command again"
            ) from error
        return outcome

    async def left_over(self, user_id: UUID) -> int:
        """Return how many rows of the audit log still hold texts of a person: they are too old."""
        async with self.database.transaction() as unit:
            return await unit.personal_records.count_unsealed(user_id)

    async def _check(self, user_id: UUID) -> None:
        async with self.database.transaction() as unit:
            await _require_erasable(unit, user_id)

    async def _erase(self, unit: ErasingUnitOfWork, user_id: UUID, caller: Caller) -> Erased:
        if (key := await _require_erasable(unit, user_id)) is None:
            return Erased.BEFORE
        record = self.recorder.begin(unit, caller)
        await unit.personal_records.erase(user_id, at=record.at)
        # An address that was registered anew has the failures of its new holder.
        if await unit.users.get_by_email(key) is None:
            await unit.login_failures.clear_account(failures_account(self.digests, key))
        await record.success(AuditAction.USER_ERASE, the_user(user_id))
        await unit.commit()
        return Erased.NOW


async def _require_erasable(unit: ErasingUnitOfWork, user_id: UUID) -> str | None:
    """Hold a person who may be erased; return their address's key, None if they were erased."""
    standing = await unit.personal_records.hold(user_id)
    if standing is None:
        raise UserNotFound
    if standing.is_erased:
        return None
    if not standing.is_deleted:
        raise ErasureRefused("the account is in use: delete it first")
    if await unit.legal_holds.is_held(user_id):
        raise ErasureRefused("a legal hold covers the person or rows of theirs in the audit log")
    return standing.email_key
