"""Somebody whose every personal fact can be told apart from everything else that is stored."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import redis.asyncio
from psycopg import sql

from tests.e2e.people import PASSWORD, Person, log_in, new_person, person_of, refresh
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service
from tests.e2e.test_recovery_rest import change_password, mailed_token
from tests.e2e.test_second_factor import challenge, complete, enroll

SECOND_PASSWORD = "another horse and another battery"
THIRD_PASSWORD = "a third horse and a third battery"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Texts that occur nowhere else."""

    tag: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def email(self) -> str:
        return f"Mail{self.tag}@Example.com"

    @property
    def user_agent(self) -> str:
        return f"agent-{self.tag}/1"

    @property
    def ip_address(self) -> str:
        # RFC 3849; groups without leading zeros, as an address is spelt.
        groups = [f"{int(self.tag[at : at + 4], 16) | 0x1000:x}" for at in range(0, 16, 4)]
        return "2001:db8:" + ":".join(groups) + ":1:1"

    def text(self, what: str) -> str:
        return f"{what} {self.tag}"

    @property
    def sought(self) -> tuple[str, ...]:
        """What must not be found anywhere, in lower case."""
        return (self.tag, self.ip_address, self.ip_address.rsplit(":", 4)[0])


class MarkedRest(Rest):
    """A client at an address, and with a user agent, that nobody else has."""

    marks: Marks

    async def call(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        body: bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        own = {"x-forwarded-for": self.marks.ip_address, "user-agent": self.marks.user_agent}
        return await super().call(
            method, path, document, body=body, token=token, headers={**own, **(headers or {})}
        )


def marked(rest: Rest, marks: Marks) -> MarkedRest:
    """Return a client of the same door that is somebody else."""
    client = MarkedRest(session=rest.session, url=rest.url, confidential=rest.confidential)
    object.__setattr__(client, "marks", marks)
    return client


async def use_everything(rest: Rest, service: Service, marks: Marks, admin: Person) -> Person:
    """Walk a person through everything that leaves something personal behind, up to deletion."""
    own = marked(rest, marks)
    person = await new_person(own, marks.email)
    await own.post(
        "/v1/auth/email-verification/confirm",
        {"token": await mailed_token(service, marks.email, "Welcome")},
    )
    renamed = await own.call(
        "PATCH",
        "/v1/users/me",
        {"full_name": marks.text("Name")},
        token=person.access_token,
        headers={"idempotency-key": str(uuid.uuid4())},
    )
    assert renamed.status == 200, renamed.body
    assert (await log_in(own, marks.email, "wrong")).status == 401
    assert (await refresh(own, person.refresh_token)).status == 200
    person = replace(person_of(await log_in(own, marks.email)), id=person.id, email=person.email)
    await _decide(rest, admin, person, marks)
    person = person_of(await log_in(own, marks.email))
    changed = await change_password(own, person, PASSWORD, SECOND_PASSWORD)
    assert changed.status == 200, changed.body
    await own.post("/v1/auth/password-reset", {"email": marks.email})
    token = await mailed_token(service, marks.email, "Set a new password")
    reset = await own.post(
        "/v1/auth/password-reset/confirm", {"token": token, "new_password": PASSWORD}
    )
    assert reset.status == 200, reset.body
    person = person_of(await log_in(own, marks.email))
    _, codes, _ = await enroll(own, person)
    completed = await complete(own, await challenge(own, person), recovery_code=codes[0])
    assert completed.status == 200, completed.body
    assert (await complete(own, await challenge(own, person), recovery_code="x")).status >= 400
    return replace(person, access_token=completed.json["access_token"])


async def _decide(rest: Rest, admin: Person, person: Person, marks: Marks) -> None:
    """Let staff write about the person wherever they can."""
    path = f"/v1/users/{person.id}"
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", f"{path}/kyc", {"status": "rejected", "reason": marks.text("blurred")}),
        ("PUT", f"{path}/kyc", {"status": "pending", "reason": marks.text("again")}),
        ("POST", f"{path}:suspend", {"reason": marks.text("suspicious")}),
        ("POST", f"{path}:reactivate", {"reason": marks.text("cleared")}),
    ]
    for method, where, document in steps:
        answer = await rest.call(method, where, document, token=admin.access_token)
        assert answer.status == 200, answer.body


def tables_with(service: Service, marks: Marks) -> set[str]:
    """Return the tables of which some column of some row holds a mark, spelt as text."""
    found = set()
    with psycopg.connect(service.site.database.admin_dsn) as connection:
        tables = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm')"
        ).fetchall()
        for (table,) in tables:
            statement = sql.SQL(
                "SELECT count(*) FROM {} AS row WHERE lower(row::text) LIKE ANY (%s)"
            ).format(sql.Identifier(table))
            # PostgreSQL spells bytes in hexadecimal digits.
            spelt = [each for mark in marks.sought for each in (mark, mark.encode().hex())]
            patterns = [f"%{each}%" for each in spelt]
            row = connection.execute(statement, [patterns]).fetchone()
            if row is not None and row[0]:
                found.add(table)
    return found


async def redis_keys_with(service: Service, marks: Marks) -> set[str]:
    """Return the keys whose name or, where they are streams, whose entries hold a mark."""
    url = service.site.servers.stack.valkey.url()
    found: set[str] = set()
    async with redis.asyncio.Redis.from_url(
        url, decode_responses=True, encoding_errors="replace"
    ) as client:
        async for key in client.scan_iter("*"):
            texts = [str(key)]
            if await client.type(key) == "stream":
                texts += [str(entry) for entry in await client.xrange(key) or ()]
            if any(mark in text.lower() for mark in marks.sought for text in texts):
                found.add(str(key))
    return found
