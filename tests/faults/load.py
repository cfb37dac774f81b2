"""A steady load: several clients, each with people of its own, asking one thing after another."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tests.faults import own_actions as own
from tests.faults import people, staff_actions
from tests.faults.client import Client
from tests.faults.hand import Action, Hand
from tests.faults.journal import Journal, Operation, Outcome
from tests.faults.people import Person

_PEOPLE_PER_CLIENT: Final = 8
_NEWCOMERS: Final = 0.08
"""The share of operations that are registrations."""
_LEFT_ALONE: Final = 0.3
"""The share of newcomers whose KYC is left to the compliance service."""
_MOST_SESSIONS: Final = 4
_ENDED: Final = ("TOKEN_", "SESSION_")
_PAUSE_SECONDS: Final = 0.05
"""After a call without a clear answer; a real client would wait longer."""


@dataclass(frozen=True, kw_only=True)
class _Choice:
    weight: int
    action: Action
    fits: Callable[[Person], bool]


def _has_session(person: Person) -> bool:
    return bool(person.sessions)


_AT_ONCE: Final = 0.1
"""How often several things are asked for about one person at the same time."""
_TOGETHER: Final[Sequence[Action]] = (own.update, own.update, staff_actions.update_kyc, own.log_in)

_CHOICES: Final = (
    _Choice(weight=28, action=own.update, fits=_has_session),
    _Choice(weight=20, action=own.refresh, fits=_has_session),
    _Choice(
        weight=14,
        action=own.log_in,
        fits=lambda person: person.is_active and len(person.sessions) < _MOST_SESSIONS,
    ),
    _Choice(weight=5, action=own.fail_to_log_in, fits=lambda _: True),
    _Choice(weight=3, action=own.log_out, fits=_has_session),
    _Choice(weight=3, action=own.revoke_session, fits=_has_session),
    _Choice(weight=2, action=own.revoke_sessions, fits=lambda person: len(person.sessions) > 1),
    _Choice(weight=1, action=own.change_password, fits=_has_session),
    _Choice(weight=2, action=own.enrol_totp, fits=_has_session),
    _Choice(
        weight=8,
        action=own.submit_kyc,
        fits=lambda person: _has_session(person) and person.kyc == people.REJECTED,
    ),
    _Choice(
        weight=14,
        action=staff_actions.update_kyc,
        fits=lambda person: person.status != people.DELETED,
    ),
    _Choice(weight=3, action=staff_actions.suspend, fits=lambda person: person.is_active),
    _Choice(
        weight=30,
        action=staff_actions.reactivate,
        fits=lambda person: person.status == people.SUSPENDED,
    ),
    _Choice(weight=1, action=staff_actions.delete, fits=lambda person: person.is_active),
    _Choice(
        weight=20,
        action=staff_actions.restore,
        fits=lambda person: person.status == people.DELETED,
    ),
    _Choice(
        weight=3, action=staff_actions.set_role, fits=lambda person: person.status != people.DELETED
    ),
)


@dataclass(kw_only=True)
class Load:
    """Asks until `enough` is set."""

    addresses: Sequence[str]
    journal: Journal
    clients: int
    seed: int
    admin_token: str = field(repr=False)
    compliance_token: str = field(repr=False)
    people: int = 0
    retired: list[Person] = field(default_factory=list)

    async def run(self, enough: asyncio.Event) -> None:
        """Let every client ask, and return when all have their last answer."""
        async with AsyncExitStack() as opened, asyncio.TaskGroup() as tasks:
            for number in range(self.clients):
                random = Random(f"{self.seed}/{number}")
                client = Client(self.addresses, self.journal, random)
                hand = Hand(
                    client=await opened.enter_async_context(client),
                    random=random,
                    admin_token=self.admin_token,
                    compliance_token=self.compliance_token,
                )
                tasks.create_task(self._ask(hand, enough))

    async def _ask(self, hand: Hand, enough: asyncio.Event) -> None:
        known: list[Person] = []
        while not enough.is_set():
            if not known or hand.random.random() < _NEWCOMERS:
                person = self._newcomer()
                action: Action = own.register
            else:
                person = hand.random.choice(known)
                if person.in_doubt:
                    await staff_actions.look_again(hand, person)
                if person.in_doubt:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                action = _choose(hand.random, person)
            if person.sessions and hand.random.random() < _AT_ONCE:
                operations = await asyncio.gather(*(each(hand, person) for each in _TOGETHER))
            else:
                operations = [await action(hand, person)]
            for operation in operations:
                _doubt(person, operation)
            if any(operation.outcome is Outcome.UNKNOWN for operation in operations):
                await asyncio.sleep(_PAUSE_SECONDS)
            self._remember(known, person, hand.random)

    def next_retired(self) -> Person | None:
        """Return somebody about whom nothing is asked any more, and whose KYC is pending."""
        while self.retired:
            person = self.retired.pop()
            is_known = not person.in_doubt and person.status != people.DELETED
            if is_known and person.kyc == people.PENDING:
                return person
        return None

    def _remember(self, known: list[Person], person: Person, random: Random) -> None:
        if person.is_lost:
            if person in known:
                known.remove(person)
        elif person not in known:
            if random.random() < _LEFT_ALONE:
                self.retired.append(person)
                return
            known.append(person)
            if len(known) > _PEOPLE_PER_CLIENT:
                gone = random.choice(known)
                known.remove(gone)
                self.retired.append(gone)

    def _newcomer(self) -> Person:
        self.people += 1
        name = uuid.uuid4().hex
        return Person(
            number=self.people, email=f"Ada.{name}@Example.com", password=f"Password-{name}"
        )


def _doubt(person: Person, operation: Operation) -> None:
    """Note that somebody may be otherwise than is known."""
    if operation.outcome is Outcome.DONE or operation.kind == "failed login":
        return
    person.in_doubt = True
    # Another core, or another moment, may take a token of which nothing is known.
    if operation.outcome is Outcome.REFUSED and operation.reason.startswith(_ENDED):
        person.sessions = []


def _choose(random: Random, person: Person) -> Action:
    fitting = [choice for choice in _CHOICES if choice.fits(person)]
    return random.choices(fitting, [choice.weight for choice in fitting])[0].action
