"""Failures to log in and known devices in memory, and countries that a test makes up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.known_device import Familiarity, SeenDevice
from core.domain.ports.clock import Clock
from core.domain.throttling import Lane, ThrottlePolicy
from core.redis.local import LocalAttempts
from tests.fakes.scope import LockKey, Scope, user_row
from tests.fakes.tables import PortMisuse, StoredFailures

_STALE_AT_ONCE = 10


class FakeLoginFailures:
    """Implements the port LoginFailureRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.login_failures

    async def count(self, digest: str) -> int:
        await self._scope.read("login_failures.count")
        row = self._rows.get(digest)
        return 0 if row is None else row.failures

    async def add(self, lane: Lane, *, at: datetime) -> int:
        await self._scope.write("login_failures.add", _lane(lane.digest))
        row = self._rows.get(lane.digest) or StoredFailures(
            digest=lane.digest, account=lane.account, failures=0, last_failed_at=at
        )
        counted = replace(
            row, failures=row.failures + 1, last_failed_at=max(at, row.last_failed_at)
        )
        self._rows.replace(lane.digest, counted)
        return counted.failures

    async def drop_stale(self, *, below: int, before: datetime) -> None:
        await self._scope.write("login_failures.drop_stale")
        stale = [
            row
            for row in self._rows.values()
            if row.failures < below and row.last_failed_at < before
        ]
        for row in sorted(stale, key=lambda row: row.last_failed_at)[:_STALE_AT_ONCE]:
            self._rows.remove(row.digest)

    async def clear(self, digests: Sequence[str], *, below: int) -> None:
        await self._scope.write("login_failures.clear", *map(_lane, digests))
        for digest in digests:
            row = self._rows.get(digest)
            if row is not None and row.failures < below:
                self._rows.remove(digest)

    async def clear_account(self, account: str) -> None:
        await self._scope.write("login_failures.clear_account")
        for row in self._rows.values():
            if row.account == account:
                self._rows.remove(row.digest)


class FakeKnownDevices:
    """Implements the port KnownDeviceRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.known_devices

    async def is_known(self, user_id: UUID, digest: str, *, since: datetime) -> bool:
        await self._scope.read("known_devices.is_known")
        row = self._rows.get((user_id, digest))
        return row is not None and row.at >= since

    async def familiarity(self, device: SeenDevice, *, since: datetime) -> Familiarity:
        await self._scope.read("known_devices.familiarity")
        seen = [row for row in self._of(device.user_id) if row.at >= since]
        return Familiarity(
            any_device=bool(seen),
            this_device=any(row.digest == device.digest for row in seen),
            any_country=any(row.country is not None for row in seen),
            this_country=device.country is not None
            and any(row.country == device.country for row in seen),
        )

    async def remember(self, device: SeenDevice, *, since: datetime) -> None:
        await self._scope.write("known_devices.remember")
        if not self._scope.holds(user_row(device.user_id)):
            raise PortMisuse("a device is remembered under the lock of its person")
        key = (device.user_id, device.digest)
        before = self._rows.get(key)
        if before is not None:
            country = device.country or before.country
            device = replace(device, country=country, at=max(before.at, device.at))
        self._rows.replace(key, device)
        for row in self._of(device.user_id):
            if row.at < since:
                self._rows.remove((row.user_id, row.digest))

    def _of(self, user_id: UUID) -> list[SeenDevice]:
        return [row for row in self._rows.values() if row.user_id == user_id]


class FakeAttempts(LocalAttempts):
    """The limiter of one process, on a test's clock; it may forget, as Redis may."""

    def __init__(self, policy: ThrottlePolicy, clock: Clock) -> None:
        super().__init__(policy, lambda: clock.now().timestamp())
        self._beginning = (policy, clock)

    def lose_everything(self) -> None:
        """Begin anew."""
        self.__init__(*self._beginning)  # type: ignore[misc] # on purpose


class FakeCountries:
    """Implements the port Countries: a test says which address is where."""

    def __init__(self) -> None:
        self.by_address: dict[str, str] = {}

    def country_of(self, address: str) -> str | None:
        return self.by_address.get(address)


def _lane(digest: str) -> LockKey:
    return ("login failures", digest)
