"""What one unit of work of the fake database sees, holds, and may still do."""

import asyncio
from collections import defaultdict
from collections.abc import Hashable
from itertools import count

from core.domain.errors import DependencyUnavailable
from tests.fakes.tables import PortMisuse, Tables, View

LockKey = tuple[str, Hashable]

ADMINS: LockKey = ("admins", None)


def user_row(user_id: Hashable) -> LockKey:
    """Name the lock of a user's row."""
    return ("user", user_id)


class SharedState:
    """What all units of work of one fake database share."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.locks: defaultdict[LockKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.faults: dict[str, Exception] = {}
        self.steps: list[str] = []
        self.arrivals: dict[str, asyncio.Event] = {}
        self.reachable = True
        self.open_units = 0
        self.audit_sequence = count(1)
        self.outbox_sequence = count(1)

    async def step(self, operation: str) -> None:
        """Let others run, as a round trip would, then fail where a test asked for it.

        Raises:
            DependencyUnavailable: the database is out of reach.
        """
        await asyncio.sleep(0)
        self.steps.append(operation)
        if operation in self.arrivals:
            self.arrivals.pop(operation).set()
        if not self.reachable:
            raise DependencyUnavailable("postgresql")
        if operation in self.faults:
            raise self.faults[operation]


class Scope:
    """One unit of work, or one read outside any."""

    def __init__(self, shared: SharedState, *, writable: bool) -> None:
        self.shared = shared
        self.view = View.of(shared.tables)
        self._writable = writable
        self._held: list[LockKey] = []
        self._end: str | None = None

    async def read(self, operation: str) -> None:
        """Begin a read.

        Raises:
            PortMisuse: the unit of work has ended.
        """
        if self._end is not None:
            raise PortMisuse(f"{operation}: the unit of work {self._end}")
        await self.shared.step(operation)

    async def write(self, operation: str, *locks: LockKey) -> None:
        """Begin a write, which holds the rows that it touches until the end, as an UPDATE does.

        Raises:
            PortMisuse: this is no unit of work, or it has ended.
        """
        if not self._writable:
            raise PortMisuse(f"{operation}: only a unit of work can do this")
        await self.read(operation)
        for key in locks:
            await self.hold(key)

    async def hold(self, key: LockKey) -> None:
        """Wait for a lock and keep it; what is held already is not waited for."""
        if key not in self._held:
            await self.shared.locks[key].acquire()
            self._held.append(key)

    def holds(self, key: LockKey) -> bool:
        """Tell whether this unit of work has the lock."""
        return key in self._held

    def holds_anything(self) -> bool:
        """Tell whether this unit of work has any lock."""
        return bool(self._held)

    def abort(self) -> None:
        """Refuse whatever comes next, as PostgreSQL does after a statement that failed."""
        self._end = "was aborted by a failed statement"

    async def commit(self) -> None:
        """Publish everything at once and release the locks."""
        await self.write("commit")
        self.view.publish()
        self.close("was committed")

    def close(self, end: str) -> None:
        """End the unit of work; without a commit before, nothing of it stays."""
        self._end = end
        while self._held:
            self.shared.locks[self._held.pop()].release()
