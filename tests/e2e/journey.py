"""A person's whole way through the REST door, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.e2e.people import (
    Person,
    administrator,
    log_in,
    new_email,
    person_of,
    refresh,
    register,
)
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What each step was answered, in the order of the steps."""

    email: str
    admin: Person
    person: Person
    second: Person
    steps: Mapping[str, Answer]
    began_at: datetime
    ended_at: datetime

    def trace(self, step: str) -> str:
        return self.steps[step].trace_id


async def walk(rest: Rest, service: Service) -> Journey:
    """Take every step once, whatever it is answered."""
    began_at = datetime.now(UTC)
    admin = await administrator(rest, service)
    email = new_email()
    steps: dict[str, Answer] = {}

    steps["register"] = await register(rest, email)
    steps["login"] = await log_in(rest, email)
    person = person_of(steps["login"])
    steps["look"] = await rest.get("/v1/users/me", token=person.access_token)
    steps["refresh"] = await refresh(rest, person.refresh_token)
    steps["refresh again"] = await refresh(rest, steps["refresh"].json["refresh_token"])
    steps["reuse"] = await refresh(rest, person.refresh_token)
    steps["look in vain"] = await rest.get(
        "/v1/users/me", token=steps["refresh again"].json["access_token"]
    )
    steps["refresh in vain"] = await refresh(rest, steps["refresh again"].json["refresh_token"])
    steps["second login"] = await log_in(rest, email.upper())
    second = person_of(steps["second login"])
    steps["rename"] = await rest.call(
        "PATCH", "/v1/users/me", {"full_name": "Ada King-Lovelace"}, token=second.access_token
    )
    steps["verify"] = await rest.call(
        "PUT", f"/v1/users/{person.id}/kyc", {"status": "verified"}, token=admin.access_token
    )
    steps["last refresh"] = await refresh(rest, second.refresh_token)
    steps["delete"] = await rest.call(
        "DELETE", "/v1/users/me", token=steps["last refresh"].json["access_token"]
    )
    steps["login in vain"] = await log_in(rest, email)
    return Journey(
        email=email,
        admin=admin,
        person=person,
        second=second,
        steps=steps,
        began_at=began_at,
        ended_at=datetime.now(UTC),
    )
