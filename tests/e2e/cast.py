"""The people of the refusal tests. Nothing happens to them after their making."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.e2e.forged_tokens import forgeries
from tests.e2e.people import (
    Person,
    administrator,
    compliance_officer,
    new_person,
    supporter,
)
from tests.e2e.rest import Rest
from tests.e2e.service import Service


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who plays which part, and access tokens by their owner or by what is wrong with them."""

    people: Mapping[str, Person]
    tokens: Mapping[str, str] = field(repr=False)

    def fill(self, text: str) -> str:
        """Put ids, addresses and tokens where a text names them: `/v1/users/{bob}`."""
        ids = {name: person.id for name, person in self.people.items()}
        emails = {f"{name}_email": person.email for name, person in self.people.items()}
        return text.format(**ids, **emails, nobody=uuid.UUID(int=7 << 76 | 2 << 62))


async def gather_cast(rest: Rest, service: Service) -> Cast:
    """Make everybody, through the REST door."""
    people = {
        "admin": await administrator(rest, service),
        "compliance": await compliance_officer(rest, service),
        "support": await supporter(rest, service),
        **{name: await new_person(rest) for name in ("ada", "bob", "verified", "suspended")},
    }
    admin = people["admin"].access_token
    await _do(rest, "PUT", f"/v1/users/{people['verified'].id}/kyc", {"status": "verified"}, admin)
    path = f"/v1/users/{people['suspended'].id}:suspend"
    await _do(rest, "POST", path, {"reason": "a test"}, admin)

    people["logged_out"] = await new_person(rest)
    await _do(rest, "POST", "/v1/auth/logout", {}, people["logged_out"].access_token)

    people["deleted"] = await new_person(rest)
    await _do(rest, "DELETE", "/v1/users/me", None, people["deleted"].access_token)

    people["replaced"] = await new_person(rest)
    await _do(rest, "DELETE", "/v1/users/me", None, people["replaced"].access_token)
    people["successor"] = await new_person(rest, people["replaced"].email)

    tokens = {name: person.access_token for name, person in people.items()}
    return Cast(
        people=people, tokens={**tokens, **forgeries(service.site, people["ada"].access_token)}
    )


async def _do(rest: Rest, method: str, path: str, document: object, token: str) -> None:
    answer = await rest.call(method, path, document, token=token)
    assert answer.status == 200, answer.body
