"""Requests of all kinds at the same time, in waves of some seconds."""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.errors import BenchError
from bench.loads import wrk
from bench.loads.sample import Sample
from bench.loads.wrk import RestRequest
from bench.service import calls
from bench.service.people import People

Run = Callable[[int], Sample]
CONNECTIONS: Final[Mapping[str, int]] = {
    "reads": 8,
    "introspections": 4,
    "refreshes": 4,
    "logins": 1,
    "updates": 2,
    "registrations": 1,
    "errors": 3,
}
"""How many of each kind are under way at a time."""
_PASSWORD: Final = "correct-horse-battery-staple-7"  # noqa: S105 - of people who do not exist
_MADE_UP: Final = "made-up"
_REGISTRATIONS_PER_SECOND: Final = 400


@dataclass(slots=True, kw_only=True)
class Mixture:
    """What is sent, and how many of each kind were answered as they should be so far."""

    folder: Path
    url: str
    people: People
    answered: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def wave(self, seconds: int) -> int:
        """Send all kinds at once; return how many requests were answered in all.

        Raises:
            BenchError: nothing was.
        """
        with ThreadPoolExecutor(len(CONNECTIONS)) as pool:
            under_way = {kind: pool.submit(run, seconds) for kind, run in self._runs().items()}
            samples = {kind: future.result() for kind, future in under_way.items()}
        for kind, sample in samples.items():
            # Of those that are to be refused, the refused ones are right.
            right, wrong = sample.requests, sample.errors
            if kind == "errors":
                right, wrong = wrong, right
            self.answered[kind] += right
            self.wrong[kind] += wrong
        total = sum(sample.requests + sample.errors for sample in samples.values())
        if not total:
            raise BenchError("nothing was answered")
        return total

    def _runs(self) -> Mapping[str, Run]:
        people = self.people
        rotated = {
            "reads": calls.own_accounts(people),
            "introspections": _introspections(people),
            "logins": calls.logins(people),
            "updates": _updates(people),
            "errors": _mistakes(people),
        }
        return {
            **{kind: self._rotate(kind, asked) for kind, asked in rotated.items()},
            "registrations": self._register(),
            "refreshes": self._refresh(),
        }

    def _rotate(self, kind: str, asked: list[RestRequest]) -> Run:
        connections = CONNECTIONS[kind]
        return lambda seconds: wrk.rotate(
            self.folder / kind, self.url, asked, connections=connections, seconds=seconds
        )

    def _register(self) -> Run:
        return lambda seconds: wrk.rotate(
            self.folder / "registrations",
            self.url,
            _newcomers(_REGISTRATIONS_PER_SECOND * (seconds + 1)),
            connections=CONNECTIONS["registrations"],
            seconds=seconds,
        )

    def _refresh(self) -> Run:
        connections = CONNECTIONS["refreshes"]
        tokens = self.people.refresh_tokens(3 * connections)
        return lambda seconds: wrk.exchange(
            self.folder / "refreshes", self.url, tokens, connections=connections, seconds=seconds
        )


def _introspections(people: People) -> list[RestRequest]:
    return [
        RestRequest(
            method="POST",
            path="/v1/auth/introspect",
            token=people.service_token,
            body=json.dumps({"token": member.access_token}),
        )
        for member in people.members
    ]


def _updates(people: People) -> list[RestRequest]:
    return [
        RestRequest(
            method="PATCH",
            path="/v1/users/me",
            token=member.access_token,
            body=json.dumps({"full_name": f"Ada {number}"}),
        )
        for number, member in enumerate(people.members)
    ]


def _mistakes(people: People) -> list[RestRequest]:
    """Return what is refused: at the door, by a rule, for want of a token, right or password."""
    token = people.members[0].access_token
    stranger = people.members[-1].user_id
    wrong = json.dumps({"email": people.emails[0], "password": ""})
    return [
        RestRequest(method="GET", path="/v1/nothing-here", token=token),
        RestRequest(method="GET", path="/v1/users/me"),
        RestRequest(method="GET", path="/v1/users/me", token=_MADE_UP),
        RestRequest(method="GET", path=f"/v1/users/{stranger}", token=token),
        RestRequest(method="GET", path="/v1/users", token=token),
        RestRequest(method="POST", path="/v1/auth/login", body="{not json"),
        RestRequest(method="POST", path="/v1/auth/login", body=wrong),
        RestRequest(
            method="POST", path="/v1/auth/refresh", body=json.dumps({"refresh_token": "none"})
        ),
    ]


def _newcomers(count: int) -> list[RestRequest]:
    return [
        RestRequest(
            method="POST",
            path="/v1/auth/register",
            body=json.dumps(
                {
                    "email": f"new.{uuid.uuid4().hex}@example.com",
                    "password": _PASSWORD,
                    "full_name": "Ada Lovelace",
                }
            ),
        )
        for _ in range(count)
    ]
