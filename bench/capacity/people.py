"""A service of its own, the people on it, and the operations that are measured."""

import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack.temporary import temporary_stack
from tests.e2e.people import (
    Person,
    compliance_officer,
    log_in,
    new_email,
    new_person,
    refresh,
    register,
)
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.servers import start_servers

Operation = Callable[[], Awaitable[Answer]]

PEOPLE: Final = 200
_UNLIMITED: Final = {
    f"PANDORA_LIMITS__{kind}": "1000000/second"
    for kind in ("LOGIN", "REGISTRATION", "TOKEN", "READ", "WRITE", "SERVICE", "RECOVERY")
} | {"PANDORA_LIMITS__EXEMPT_NETWORKS": "127.0.0.0/8,198.51.100.23/32"}
_BELIEVED: Final = {"PANDORA_GATEWAY__TRUSTED_PROXIES": "127.0.0.0/8"}
_NO_TRACES: Final = {"PANDORA_TELEMETRY__SAMPLING_RATIO": "0"}
# Hashing yields to everything else on a machine, and a measurement has time.
_PATIENT: Final = {"PANDORA_GATEWAY__REQUEST_TIMEOUT_SECONDS": "25"}


@contextmanager
def measured_service(folder: Path, settings: Mapping[str, str]) -> Iterator[Service]:
    """Run every process of the service, one of each, on servers of their own."""
    with temporary_stack() as stack:
        chosen = {**_UNLIMITED, **_BELIEVED, **_NO_TRACES, **_PATIENT, **settings}
        with (
            new_site(start_servers(stack), folder, settings=chosen) as site,
            running_service(site) as service,
        ):
            yield service


@dataclass(slots=True, kw_only=True)
class Crowd:
    """People with sessions; each operation takes the next of them."""

    rest: Rest
    people: list[Person]
    officer: Person
    service_token: str

    @classmethod
    async def gather(cls, rest: Rest, service: Service) -> "Crowd":
        """Register people, log them in, and mint a token of a platform service."""
        minted = service.site.run("core", "tokens", "mint-service", "capacity")
        return cls(
            rest=rest,
            people=[await new_person(rest) for _ in range(PEOPLE)],
            officer=await compliance_officer(rest, service),
            service_token=minted.stdout.strip(),
        )

    def operations(self) -> Mapping[str, Operation]:
        """Return what can be done again and again, by its name."""
        turn = itertools.cycle(range(len(self.people)))
        decisions = itertools.count()

        def someone() -> Person:
            return self.people[next(turn)]

        async def refreshed() -> Answer:
            # Taken out meanwhile: a token is used once.
            person = self.people.pop(0)
            answer = await refresh(self.rest, person.refresh_token)
            tokens = answer.json
            self.people.append(
                Person(
                    id=person.id,
                    email=person.email,
                    access_token=tokens["access_token"],
                    refresh_token=tokens["refresh_token"],
                    session_id=person.session_id,
                )
            )
            return answer

        async def decided() -> Answer:
            # Everybody is verified, then set back to pending, and so on.
            number = next(decisions)
            person = self.people[number % len(self.people)]
            status = "verified" if number // len(self.people) % 2 == 0 else "pending"
            return await self.rest.call(
                "PUT",
                f"/v1/users/{person.id}/kyc",
                {"status": status, "reason": "measured"},
                token=self.officer.access_token,
            )

        return {
            "register": lambda: register(self.rest, new_email()),
            "login": lambda: log_in(self.rest, someone().email),
            "refresh": refreshed,
            "get-me": lambda: self.rest.get("/v1/users/me", token=someone().access_token),
            "introspect": lambda: self.rest.post(
                "/v1/auth/introspect",
                {"token": someone().access_token},
                token=self.service_token,
            ),
            "kyc-update": decided,
        }
