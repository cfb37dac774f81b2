"""Who carries actions out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.faults.client import Client
from tests.faults.journal import Operation
from tests.faults.people import Person, Session


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A client, chance, and the tokens of staff."""

    client: Client
    random: Random
    admin_token: str = field(repr=False)
    compliance_token: str = field(repr=False)

    async def ask(
        self,
        person: Person,
        kind: str,
        call: str,
        request: object,
        *,
        token: str = "",
        **facts: str,
    ) -> tuple[Operation, Any]:
        """Begin an operation about somebody and call once; without an answer it is None."""
        operation = self.begin(person, kind, **facts)
        return operation, await self.client.perform(operation, call, request, token=token)

    def begin(self, person: Person, kind: str, **facts: str) -> Operation:
        """Note what is about to be asked about somebody."""
        return self.client.begin(kind, person.number, user_id=person.user_id, **facts)

    def session(self, person: Person) -> Session:
        """Choose one of somebody's sessions."""
        return self.random.choice(person.sessions)


Action = Callable[[Hand, Person], Awaitable[Operation]]
"""One operation; it leaves the person as they are known afterwards."""
