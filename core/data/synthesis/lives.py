"""What happens to made-up people, in the order in which it happens; nothing is written here.

Every share and every delay is a guess at what a young exchange sees: half of the people come once,
two in three pass KYC, few are ever suspended.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random
from typing import Final

from core.data.synthesis.curve import DAY, HOUR, SECOND, within_a_day
from core.data.synthesis.devices import Device, draw_device
from core.data.synthesis.people import Person
from core.data.synthesis.visits import Visit, draw_visits
from core.domain.kyc import KycStatus
from core.domain.user import Role

_MINUTE: Final = 60 * SECOND


class Deed(Enum):
    """What happened. Each is one audit row."""

    REGISTERED = auto()
    GIVEN_ROLE = auto()
    VERIFIED_EMAIL = auto()
    ENROLLED_MFA = auto()
    ENABLED_MFA = auto()
    FAILED_LOGIN = auto()
    CHALLENGED = auto()
    LOGGED_IN = auto()
    REFRESHED = auto()
    LOGGED_OUT = auto()
    REVIEWED_KYC = auto()
    SUBMITTED_KYC = auto()
    SUSPENDED = auto()
    DELETED = auto()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one person; `visit` is the session that it belongs to."""

    at: int
    deed: Deed
    visit: Visit | None = None
    status: KycStatus | None = None
    device: Device | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """All that happened to somebody up to the end of the run, by rising time."""

    person: Person
    events: list[Event] = field(repr=False)
    visits: list[Visit] = field(repr=False)


def live(person: Person, chance: Random, until: int) -> Life:
    """Draw a life. Nothing happens after a suspension or a deletion, nor after `until`."""
    end, leaving = _leaving(person, chance, until)
    devices = [draw_device(chance)]
    if chance.random() < 0.2:  # noqa: PLR2004 - a share
        devices.append(draw_device(chance))
    mfa_at = _mfa_at(person, chance)
    visits = draw_visits(person, chance, devices, end=end, mfa_at=mfa_at)
    events = [Event(person.created_at, Deed.REGISTERED, device=devices[0])]
    events += _formalities(person, chance, devices[0])
    events += _kyc(person, chance, devices[0])
    if mfa_at is not None:
        events.append(Event(mfa_at - 40 * SECOND, Deed.ENROLLED_MFA, device=devices[0]))
        events.append(Event(mfa_at, Deed.ENABLED_MFA, device=devices[0]))
    for visit in visits:
        events += _visit(visit, chance)
    events = [event for event in events if event.at < end]
    if leaving is not None:
        events.append(Event(end, leaving, device=devices[0]))
    events.sort(key=_at)
    return Life(person=person, events=events, visits=visits)


def _at(event: Event) -> int:
    return event.at


def _leaving(person: Person, chance: Random, until: int) -> tuple[int, Deed | None]:
    """Return when the person is gone, and how; at the end of the run most are not."""
    draw, late = chance.random(), chance.random()
    deed = Deed.SUSPENDED if draw < 0.004 else Deed.DELETED if draw < 0.02 else None  # noqa: PLR2004
    begin = person.created_at + 2 * DAY
    if deed is None or person.role is not Role.USER or begin >= until:
        return until, None
    return begin + int((until - begin) * late), deed


def _formalities(person: Person, chance: Random, device: Device) -> Iterator[Event]:
    if person.role is not Role.USER:
        yield Event(person.created_at + 20 * _MINUTE, Deed.GIVEN_ROLE)
    if chance.random() < 0.8:  # noqa: PLR2004 - a share
        delay = int(chance.expovariate(1 / (30 * _MINUTE)))
        yield Event(person.created_at + _MINUTE + delay, Deed.VERIFIED_EMAIL, device=device)


def _mfa_at(person: Person, chance: Random) -> int | None:
    if chance.random() >= (0.06 if person.role is Role.USER else 1):
        return None
    return person.created_at + 2 * HOUR + int(chance.expovariate(1 / (4 * DAY)))


def _kyc(person: Person, chance: Random, device: Device) -> Iterator[Event]:
    draw = chance.random()
    at = within_a_day(chance, person.created_at + int(chance.expovariate(1 / (2 * DAY))))
    at = max(at, person.created_at + HOUR)
    if draw < 0.5:  # noqa: PLR2004 - a share
        yield Event(at, Deed.REVIEWED_KYC, status=KycStatus.VERIFIED)
        return
    if draw >= 0.6:  # noqa: PLR2004 - the rest still waits
        return
    yield Event(at, Deed.REVIEWED_KYC, status=KycStatus.REJECTED)
    if draw < 0.55:  # noqa: PLR2004 - half of them try again
        again = at + HOUR + int(chance.expovariate(1 / (3 * DAY)))
        yield Event(again, Deed.SUBMITTED_KYC, status=KycStatus.PENDING, device=device)
        if draw < 0.54:  # noqa: PLR2004 - and most of those succeed
            later = again + HOUR + int(chance.expovariate(1 / DAY))
            yield Event(later, Deed.REVIEWED_KYC, status=KycStatus.VERIFIED)


def _visit(visit: Visit, chance: Random) -> Iterator[Event]:
    if chance.random() < 0.09:  # noqa: PLR2004 - a share
        yield Event(visit.created_at - 12 * SECOND, Deed.FAILED_LOGIN, device=visit.device)
    if visit.with_mfa:
        yield Event(visit.created_at - 8 * SECOND, Deed.CHALLENGED, device=visit.device)
    yield Event(visit.created_at, Deed.LOGGED_IN, visit)
    if visit.refreshed_at is not None:
        yield Event(visit.refreshed_at, Deed.REFRESHED, visit)
    if visit.logged_out_at is not None:
        yield Event(visit.logged_out_at, Deed.LOGGED_OUT, visit)
