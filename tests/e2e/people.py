"""People who register and log in through the REST door."""

import uuid
from dataclasses import dataclass, field
from typing import Any, Final

from core.service.seed_people import COMPLIANCE, SUPPORT
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service

PASSWORD: Final = "Correct-horse-battery-staple"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a session."""

    id: str
    email: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    session_id: str


def new_email() -> str:
    """Return an address that nobody has, with letters of both cases."""
    return f"Ada.{uuid.uuid4().hex}@Example.com"


async def register(rest: Rest, email: str, **fields: str) -> Answer:
    return await rest.post(
        "/v1/auth/register", {"email": email, "password": PASSWORD, "full_name": "Ada", **fields}
    )


async def log_in(rest: Rest, email: str, password: str = PASSWORD) -> Answer:
    return await rest.post("/v1/auth/login", {"email": email, "password": password})


async def refresh(rest: Rest, refresh_token: str) -> Answer:
    return await rest.post("/v1/auth/refresh", {"refresh_token": refresh_token})


async def new_person(rest: Rest, email: str | None = None) -> Person:
    """Register somebody and log in."""
    email = email or new_email()
    registered = await register(rest, email)
    assert registered.status == 201, registered.body
    return person_of(await log_in(rest, email))


async def administrator(rest: Rest, service: Service) -> Person:
    """Log the seeded administrator in."""
    access = service.site.access
    return person_of(await log_in(rest, access.admin_email, access.admin_password))


async def compliance_officer(rest: Rest, service: Service) -> Person:
    """Log the seeded compliance officer in."""
    return person_of(await log_in(rest, COMPLIANCE.email, service.site.access.user_password))


async def supporter(rest: Rest, service: Service) -> Person:
    """Log the seeded member of the support staff in."""
    return person_of(await log_in(rest, SUPPORT.email, service.site.access.user_password))


def person_of(login: Answer) -> Person:
    """Read the answer to a login."""
    assert login.status == 200, login.body
    answer: dict[str, Any] = login.json
    return Person(
        id=answer["user"]["id"],
        email=answer["user"]["email"],
        access_token=answer["access_token"],
        refresh_token=answer["refresh_token"],
        session_id=answer["session_id"],
    )
