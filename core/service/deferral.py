"""Commits that wait until it is known what the call will be answered.

A use case opens one unit of work and commits once. Where the answer has to be kept in the same
transaction, that commit only says «ready»: whoever made the call adds the answer and commits for
real. Use cases know nothing of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from core.domain.idempotency import KeyedAnswer
from core.domain.ports.clock import Clock
from core.domain.ports.unit_of_work import Database, Repositories, UnitOfWork

Afterwards = Callable[[], Awaitable[None]]


class AlreadyAnswered(Exception):
    """Another process has answered this call meanwhile; nothing of ours may stay."""


class DeferralMisused(RuntimeError):
    """A use case did what leaves no room for keeping its answer: a defect."""


class _Held:
    """A unit of work whose commit is noted, and made later by somebody else."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self.is_ready = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the unit of work has there
        if self.is_ready:
            raise DeferralMisused(f"{name}: the unit of work was committed")
        return getattr(self._unit, name)

    async def commit(self) -> None:
        if self.is_ready:
            raise DeferralMisused("the unit of work was committed")
        self.is_ready = True


class Deferral:
    """Holds the unit of work of one call from the use case's commit to the real one."""

    def __init__(self, database: Database, clock: Clock, digest: str) -> None:
        """Take what opens units of work, and the digest under which the call may be answered."""
        self._database = database
        self._clock = clock
        self._digest = digest
        self._unit: UnitOfWork | None = None
        self._ends = AsyncExitStack()
        self._afterwards: list[Afterwards] = []

    @property
    def pending(self) -> UnitOfWork | None:
        """The unit of work that is ready to be committed."""
        return self._unit

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[UnitOfWork]:
        """Open a unit of work for the use case; left without its commit, it is rolled back.

        Raises:
            AlreadyAnswered: the call has been answered since it was last looked for.
            DeferralMisused: a unit of work of this call is ready to be committed already.
        """
        if self._unit is not None:
            raise DeferralMisused("a call with an idempotency key commits one unit of work")
        async with AsyncExitStack() as ends:
            unit = await ends.enter_async_context(self._database.transaction())
            # What this unit of work will see of the other call's effect, it would misread.
            if await unit.keyed_answers.find(self._digest, at=self._clock.now()) is not None:
                raise AlreadyAnswered
            held = _Held(unit)
            try:
                yield cast("UnitOfWork", held)
            finally:
                if held.is_ready:
                    self._unit, self._ends = unit, ends.pop_all()

    def postpone(self, work: Afterwards) -> None:
        """Do something once the commit has been made."""
        self._afterwards.append(work)

    async def commit(self, answer: KeyedAnswer | None) -> None:
        """Keep an answer and commit, together with what the use case has changed, if anything.

        Raises:
            AlreadyAnswered: there is one already; nothing was stored.
        """
        if self._unit is not None:
            await self._commit(self._unit, answer)
        elif answer is not None:
            async with self._database.transaction() as unit:
                await self._commit(unit, answer)
        await self.abandon()
        for work in self._afterwards:
            await work()

    async def abandon(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        self._unit = None
        await self._ends.aclose()

    async def _commit(self, unit: UnitOfWork, answer: KeyedAnswer | None) -> None:
        if answer is not None and not await unit.keyed_answers.add(answer):
            raise AlreadyAnswered
        await unit.commit()


_CURRENT: ContextVar[Deferral | None] = ContextVar("deferral", default=None)


@asynccontextmanager
async def deferring(database: Database, clock: Clock, digest: str) -> AsyncIterator[Deferral]:
    """Defer the commit of the call that this task makes within the block.

    What is not committed at the end of the block is rolled back.
    """
    deferral = Deferral(database, clock, digest)
    token = _CURRENT.set(deferral)
    try:
        yield deferral
    finally:
        _CURRENT.reset(token)
        await deferral.abandon()


async def after_commit(work: Afterwards) -> None:
    """Do something that must follow the commit which the use case has just asked for."""
    deferral = _CURRENT.get()
    if deferral is None or deferral.pending is None:
        await work()
    else:
        deferral.postpone(work)


@dataclass(frozen=True, slots=True)
class DeferringDatabase:
    """Implements the port Database over another one, which it steps aside for where it may."""

    database: Database

    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        deferral = _CURRENT.get()
        return self.database.transaction() if deferral is None else deferral.unit_of_work()

    def reading(self) -> AbstractAsyncContextManager[Repositories]:
        """Read; what this call is about to commit is seen as if it were committed."""
        deferral = _CURRENT.get()
        if deferral is None or deferral.pending is None:
            return self.database.reading()
        return _reading(deferral.pending)


@asynccontextmanager
async def _reading(unit: UnitOfWork) -> AsyncIterator[Repositories]:
    yield unit
