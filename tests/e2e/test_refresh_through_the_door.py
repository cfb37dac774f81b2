"""Races and thefts of refresh tokens through the REST door, told apart by where a call is from."""

import asyncio
from collections import Counter

from tests.e2e.ledger import count, events_of
from tests.e2e.people import Person, new_person, refresh
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service

_UNUSED = "SELECT count(*) FROM refresh_tokens WHERE session_id = %s AND used_at IS NULL"


async def _attempt(rest: Rest, token: str, request_id: str | None = None, **headers: str) -> Answer:
    document = {"refresh_token": token}
    if request_id is not None:
        document["request_id"] = request_id
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await rest.call("POST", "/v1/auth/refresh", document, headers=named)


async def _assert_lives(rest: Rest, service: Service, person: Person, *answers: Answer) -> None:
    """All answers hold one refresh token, which is the session's only one, and works."""
    assert Counter(answer.status for answer in answers) == {200: len(answers)}
    (token,) = {answer.json["refresh_token"] for answer in answers}
    assert count(service, _UNUSED, person.session_id) == 1
    assert (await refresh(rest, token)).status == 200


async def test_three_tabs_at_once_stay_logged_in(rest: Rest, service: Service) -> None:
    person = await new_person(rest)
    answers = await asyncio.gather(
        *(_attempt(rest, person.refresh_token, f"tab-{tab}") for tab in range(3))
    )
    await _assert_lives(rest, service, person, *answers)


async def test_200_refreshes_at_once_with_one_request_id_get_one_successor(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    answers = await asyncio.gather(
        *(_attempt(rest, person.refresh_token, "attempt-1") for _ in range(200))
    )
    await _assert_lives(rest, service, person, *answers)


async def test_a_neighbour_of_the_same_network_is_the_same_client(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    first = await _attempt(rest, person.refresh_token)
    again = await _attempt(rest, person.refresh_token, x_forwarded_for="198.51.100.200")
    await _assert_lives(rest, service, person, first, again)


async def test_another_network_or_user_agent_is_a_thief_of_whom_the_platform_is_told(
    rest: Rest, service: Service
) -> None:
    for elsewhere in ({"x_forwarded_for": "192.0.2.66"}, {"user_agent": "thief/1"}):
        person = await new_person(rest)
        first = await _attempt(rest, person.refresh_token)
        stolen = await _attempt(rest, person.refresh_token, **elsewhere)
        assert (stolen.status, stolen.reason) == (401, "REFRESH_TOKEN_REUSED")
        victim = await refresh(rest, first.json["refresh_token"])
        assert (victim.status, victim.reason) == (401, "REFRESH_TOKEN_INVALID")
        me = await rest.get("/v1/users/me", token=first.json["access_token"])
        assert (me.status, me.reason) == (401, "SESSION_REVOKED")
        told = [event["event_type"] for event in await events_of(service, person.id)]
        assert told[-2:] == ["session.revoked", "security.refresh_token_reused"]
