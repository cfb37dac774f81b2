"""People who use the service at a steady rate, however long its answers take."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import aiohttp

from tests.e2e.accounts import Account
from tests.e2e.offline_verifier import OfflineVerifier, expiry, unverified_kid
from tests.e2e.rest import Answer, Rest

_TICK_SECONDS: Final = 0.005
_AT_ONCE: Final = 50
"""Calls under way; on a machine that is busy with other things the traffic waits for answers."""


@dataclass(kw_only=True)
class Traveller:
    """Somebody who uses an access token until so long before its end, and then renews it."""

    account: Account
    renews_before_seconds: float
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    renewing: bool = False

    @property
    def is_due(self) -> bool:
        left = expiry(self.access_token) - time.time()
        return not self.renewing and left < self.renews_before_seconds


@dataclass(kw_only=True)
class Traffic:
    """Calls every replica in turn. What goes wrong is noted and does not end the traffic.

    `signed` holds each pair of a replica and a key that it has signed with; `idle_share` is the
    part of the machine's time that nobody used meanwhile.
    """

    replicas: Sequence[Rest]
    travellers: Sequence[Traveller]
    verifiers: Sequence[OfflineVerifier]
    rate_per_second: float
    sent: int = 0
    answered: int = 0
    seconds: float = 0.0
    idle_share: float = 0.0
    failures: list[str] = field(default_factory=list)
    signed: set[tuple[int, str]] = field(default_factory=set)

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

    async def _run(self, enough: asyncio.Event) -> None:
        began, idle_before = time.monotonic(), _idle_seconds()
        async with asyncio.TaskGroup() as calls:
            while not enough.is_set():
                due = int((time.monotonic() - began) * self.rate_per_second)
                while self.sent < due and self.sent - self.answered < _AT_ONCE:
                    calls.create_task(self._call(self.sent))
                    self.sent += 1
                await asyncio.sleep(_TICK_SECONDS)
            self.seconds = time.monotonic() - began
            idle = _idle_seconds() - idle_before
            self.idle_share = idle / self.seconds / (os.cpu_count() or 1)

    async def _call(self, number: int) -> None:
        round_number, place = divmod(number, len(self.travellers))
        # Each traveller meets another replica in each round.
        replica = (round_number + place) % len(self.replicas)
        traveller = self.travellers[place]
        try:
            if traveller.is_due:
                await self._renew(replica, traveller)
            else:
                await self._read(replica, number, traveller.access_token)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failures.append(repr(error))
        self.answered += 1

    async def _read(self, replica: int, number: int, token: str) -> None:
        answer = await self.replicas[replica].get("/v1/users/me", token=token)
        if answer.status == 200:
            await self.verifiers[number % len(self.verifiers)].verify(token)
        # On a machine that is busy a token may end on its way, and its key a little later.
        elif answer.reason not in {"TOKEN_EXPIRED", "TOKEN_INVALID"} or time.time() < expiry(token):
            self._fail(replica, token, answer)

    async def _renew(self, replica: int, traveller: Traveller) -> None:
        traveller.renewing = True
        rest = self.replicas[replica]
        answer = await rest.post("/v1/auth/refresh", {"refresh_token": traveller.refresh_token})
        traveller.renewing = False
        if answer.status != 200:
            self._fail(replica, traveller.access_token, answer)
            return
        traveller.access_token = answer.json["access_token"]
        traveller.refresh_token = answer.json["refresh_token"]
        self.signed.add((replica, unverified_kid(traveller.access_token)))
        for verifier in self.verifiers:
            await verifier.verify(traveller.access_token)

    def _fail(self, replica: int, token: str, answer: Answer) -> None:
        left = expiry(token) - time.time()
        self.failures.append(
            f"{answer.status} {answer.reason} of replica {replica}, {left:.2f} s before the end of "
            f"a token of {unverified_kid(token)}"
        )


def _idle_seconds() -> float:
    """Return how long all processors together have had nothing to do (proc(5), uptime)."""
    _, idle = Path("/proc/uptime").read_text().split()
    return float(idle)


def travellers(accounts: Sequence[Account]) -> list[Traveller]:
    """Return people of whom each renews at another time before the end, from 0.5 to 2.5 s."""
    step = 2.0 / max(1, len(accounts) - 1)
    return [
        Traveller(
            account=account,
            renews_before_seconds=0.5 + step * number,
            access_token=account.access_token,
            refresh_token=account.refresh_token,
        )
        for number, account in zip(count(), accounts, strict=False)
    ]
