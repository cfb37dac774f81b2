"""One service on a database of some size, and what is asked of it."""

import asyncio
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.growth.pages import Deep, deep_page, first_page
from bench.loads.wrk import RestRequest
from bench.service.people import STAFF, Member, People, gather, open_session, sample
from bench.service.site import populated_site
from bench.service.workers import Running, background, serve
from tests.e2e.accounts import open_accounts
from tests.e2e.site import Site
from tests.servers import Servers

SESSIONS: Final = (1, 1000)
"""How many sessions those have whose lists are read, and who log in."""
_MEMBERS: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """`name` is `small` or `large`; `crowded` are people with as many sessions as SESSIONS says."""

    name: str
    users: int
    site: Site
    running: Running
    people: People
    supporter: Member
    deep: Deep
    crowded: Sequence[Member]


@contextmanager
def scale(
    servers: Servers, folder: Path, name: str, *, users: int, workers: int, pages: int, members: int
) -> Iterator[Scale]:
    """Make people up, start a service, and find the way to a far page."""
    with ExitStack() as ends:
        site = ends.enter_context(populated_site(servers, folder / name, users=users))
        ends.enter_context(background(site))
        running = ends.enter_context(serve(site, workers=workers))
        people = gather(site, members=max(_MEMBERS, members), emails=_MEMBERS)
        supporter, crowded = asyncio.run(_others(site))
        yield Scale(
            name=name,
            users=users,
            site=site,
            running=running,
            people=people,
            supporter=supporter,
            deep=deep_page(running.gateway_url, supporter.access_token, pages=pages),
            crowded=crowded,
        )


def lists(scale: Scale) -> dict[str, list[RestRequest]]:
    """Return reads of lists: users at both depths, sessions of both kinds of people."""
    staff = scale.supporter.access_token
    found = {
        "list-first": [RestRequest(method="GET", path=first_page(), token=staff)],
        "list-deep": [RestRequest(method="GET", path=scale.deep.path, token=staff)],
    }
    for count, member in zip(SESSIONS, scale.crowded, strict=True):
        path = f"/v1/users/{member.user_id}/sessions"
        token = member.access_token
        found[f"sessions-of-{count}"] = [RestRequest(method="GET", path=path, token=token)]
        found[f"get-me-of-{count}"] = [RestRequest(method="GET", path="/v1/users/me", token=token)]
    return found


def registrations(count: int, password: str) -> list[RestRequest]:
    """Return requests of people who have never been here."""
    return [
        RestRequest(
            method="POST",
            path="/v1/auth/register",
            body=json.dumps(
                {
                    "email": f"new.{uuid.uuid4().hex}@example.com",
                    "password": password,
                    "full_name": "Ada Lovelace",
                }
            ),
        )
        for _ in range(count)
    ]


async def _others(site: Site) -> tuple[Member, list[Member]]:
    """Open a session for a member of the staff, and many for those whose lists are read."""
    (staff, *_) = sample(site, 1, roles=STAFF)
    chosen = sample(site, len(SESSIONS), seed="crowded")
    async with open_accounts(site) as accounts, accounts.database.transaction() as unit:
        supporter = await open_session(accounts, unit, staff)
        crowded = []
        for count, person in zip(SESSIONS, chosen, strict=True):
            opened = [await open_session(accounts, unit, person) for _ in range(count)]
            crowded.append(opened[-1])
        await unit.commit()
    return supporter, crowded
