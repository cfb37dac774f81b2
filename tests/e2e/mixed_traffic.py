"""People at a steady rate who read, change, refresh and sometimes log in; every answer counts."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Final

import aiohttp

from tests.e2e.accounts import Account
from tests.e2e.people import PASSWORD
from tests.e2e.rest import Answer, Rest

_TICK_SECONDS: Final = 0.005
_DEEDS: Final = ("read",) * 7 + ("change", "refresh", "read", "list", "change", "read", "refresh")
_LOGIN_EVERY: Final = 100


@dataclass(kw_only=True)
class Person:
    """Somebody with tokens, who does one thing at a time."""

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    changes: int = 0


@dataclass(kw_only=True)
class MixedTraffic:
    """Sends until told to stop. A request without the answer that it should have is lost."""

    rest: Rest
    people: Sequence[Person]
    rate_per_second: float
    sent: int = 0
    done: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    longest_seconds: float = 0.0
    seconds: float = 0.0

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Send as long as the block runs, and leave it when everything is answered."""
        enough = asyncio.Event()
        running = asyncio.create_task(self._run(enough))
        try:
            yield
        finally:
            enough.set()
            await running

    async def until_more(self, answers: int) -> None:
        """Return after so many more answers."""
        goal = self.done.total() + answers
        while self.done.total() < goal and not self.lost:  # noqa: ASYNC110 - only counting tells
            await asyncio.sleep(_TICK_SECONDS)

    async def _run(self, enough: asyncio.Event) -> None:
        idle, began, deeds = list(self.people), time.monotonic(), cycle(_DEEDS)
        async with asyncio.TaskGroup() as calls:
            for number in count(1):
                while time.monotonic() - began < number / self.rate_per_second or not idle:
                    if enough.is_set():
                        break
                    await asyncio.sleep(_TICK_SECONDS)
                if enough.is_set():
                    break
                deed = "login" if number % _LOGIN_EVERY == 0 else next(deeds)
                calls.create_task(self._do(deed, idle.pop(0), idle))
                self.sent += 1
        self.seconds = time.monotonic() - began

    async def _do(self, deed: str, person: Person, idle: list[Person]) -> None:
        began = time.monotonic()
        try:
            answer = await _DOINGS[deed](self.rest, person)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.lost.append(f"{deed}: {error!r}")
        else:
            if answer.status != 200:
                self.lost.append(f"{deed}: {answer.status} {answer.body.decode()[:300]}")
            self.done[deed] += 1
        self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
        idle.append(person)


async def _read(rest: Rest, person: Person) -> Answer:
    return await rest.get("/v1/users/me", token=person.access_token)


async def _list(rest: Rest, person: Person) -> Answer:
    return await rest.get("/v1/users/me/sessions", token=person.access_token)


async def _change(rest: Rest, person: Person) -> Answer:
    person.changes += 1
    name = f"Name {person.changes}"
    answer = await rest.call(
        "PATCH", "/v1/users/me", {"full_name": name}, token=person.access_token
    )
    if answer.status == 200:
        assert answer.json["user"]["full_name"] == name
    return answer


async def _refresh(rest: Rest, person: Person) -> Answer:
    answer = await rest.post("/v1/auth/refresh", {"refresh_token": person.refresh_token})
    if answer.status == 200:
        person.access_token = answer.json["access_token"]
        person.refresh_token = answer.json["refresh_token"]
    return answer


async def _login(rest: Rest, person: Person) -> Answer:
    document = {"email": person.account.user.email, "password": PASSWORD}
    return await rest.post("/v1/auth/login", document)


_DOINGS: Final = {
    "read": _read,
    "list": _list,
    "change": _change,
    "refresh": _refresh,
    "login": _login,
}


def people_of(accounts: Sequence[Account]) -> list[Person]:
    """Return people who have done nothing yet."""
    return [
        Person(
            account=account,
            access_token=account.access_token,
            refresh_token=account.refresh_token,
        )
        for account in accounts
    ]
