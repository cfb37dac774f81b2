"""Sessions of made-up people: when each began, was refreshed, and ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from core.data.synthesis.curve import DAY, HOUR, SECOND, within_a_day
from core.data.synthesis.devices import Device
from core.data.synthesis.people import Person, uuid7

IDLE: Final = 7 * DAY
ABSOLUTE: Final = 30 * DAY

_MOST: Final = (0, 1, 1, 1, 1, 1, 1, 1, 2, 5)
"""How often somebody comes at most, one person in ten each: most of all come once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One session. Times are microseconds; what did not happen is None."""

    id: str
    device: Device = field(repr=False)
    is_new_device: bool
    created_at: int
    refreshed_at: int | None
    logged_out_at: int | None
    with_mfa: bool

    @property
    def last_used_at(self) -> int:
        """When the session last got tokens."""
        return self.created_at if self.refreshed_at is None else self.refreshed_at

    @property
    def absolute_end(self) -> int:
        """When it is over in any case."""
        return self.created_at + ABSOLUTE

    @property
    def idle_end(self) -> int:
        """When it is over if nobody uses it any more."""
        return min(self.last_used_at + IDLE, self.absolute_end)

    def is_alive(self, at: int) -> bool:
        """Tell whether it could be used at a time after it began."""
        return self.logged_out_at is None and at < self.idle_end


def draw_visits(
    person: Person, chance: Random, devices: Sequence[Device], *, end: int, mfa_at: int | None
) -> list[Visit]:
    """Return somebody's sessions up to a time, by rising time; the first follows the sign-up."""
    moments = [person.created_at + 90 * SECOND + int(chance.random() * HOUR)]
    most = _MOST[int(chance.random() * len(_MOST))]
    if not most:
        return []
    span = end - person.created_at
    for _ in range(most - 1):
        near = person.created_at + int(span * chance.random() ** 1.5)
        moments.append(within_a_day(chance, near))
    visits: list[Visit] = []
    seen: set[str] = set()
    for created_at in sorted(moments):
        # A minute between two logins leaves room for what belongs to one of them.
        if created_at >= end or (visits and created_at < visits[-1].created_at + 60 * SECOND):
            continue
        if created_at < moments[0]:
            continue
        device = devices[0] if chance.random() < 0.8 else devices[-1]  # noqa: PLR2004 - a share
        is_new = bool(seen) and device.digest not in seen
        seen.add(device.digest)
        visits.append(_visit(chance, created_at, device, is_new=is_new, end=end, mfa_at=mfa_at))
    return visits


def _visit(
    chance: Random, created_at: int, device: Device, *, is_new: bool, end: int, mfa_at: int | None
) -> Visit:
    refreshed_at = None
    if chance.random() < 0.1:  # noqa: PLR2004 - a share
        refreshed_at = _before(end, created_at + HOUR + int(chance.random() * 3 * DAY))
    last_used_at = created_at if refreshed_at is None else refreshed_at
    logged_out_at = None
    if chance.random() < 0.15:  # noqa: PLR2004 - a share
        logged_out_at = _before(end, last_used_at + 5 * SECOND + int(chance.random() * HOUR))
    return Visit(
        id=uuid7(created_at, chance.getrandbits(74)),
        device=device,
        is_new_device=is_new,
        created_at=created_at,
        refreshed_at=refreshed_at,
        logged_out_at=logged_out_at,
        with_mfa=mfa_at is not None and mfa_at < created_at,
    )


def _before(end: int, at: int) -> int | None:
    return at if at < end else None
