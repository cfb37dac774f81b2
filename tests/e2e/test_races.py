"""Many clients at once: what may happen once happens once, and everything fits together after."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from tests.e2e.ledger import count, events_of, row_held, rows, until_lock_waiters
from tests.e2e.people import (
    Person,
    administrator,
    compliance_officer,
    new_email,
    new_person,
    refresh,
    register,
)
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service

pytestmark = pytest.mark.asyncio

CROWD = 100


async def test_of_a_hundred_registrations_of_one_address_exactly_one_succeeds(
    rest: Rest, service: Service
) -> None:
    email = new_email()
    spellings = [email, email.upper(), email.lower(), f"  {email} "]
    busy: list[Answer] = []

    async def insist(number: int) -> Answer:
        """Register as a client would: come back when the server says that it is busy."""
        while (answer := await register(rest, spellings[number % 4])).reason == "SERVER_BUSY":
            busy.append(answer)
            await asyncio.sleep(int(answer.headers["retry-after"]))
        return answer

    answers = await asyncio.gather(*map(insist, range(CROWD)))

    assert Counter((answer.status, answer.reason) for answer in answers) == {
        (201, None): 1,
        (409, "EMAIL_ALREADY_REGISTERED"): CROWD - 1,
    }
    # How many had to come back depends on how fast the machine hashes.
    assert all((answer.status, answer.json["code"]) == (503, "UNAVAILABLE") for answer in busy)
    (winner,) = (answer for answer in answers if answer.status == 201)
    stored = rows(service, "SELECT id::text FROM users WHERE email_key = %s", email.casefold())
    assert stored == [(winner.json["user"]["id"],)]
    (event,) = await events_of(service, winner.json["user"]["id"])
    assert (event["event_type"], event["trace_id"]) == ("user.created", winner.trace_id)
    audited = "SELECT count(*) FROM audit_events WHERE trace_id = ANY(%s)"
    assert count(service, audited, [answer.trace_id for answer in answers]) == 1


async def test_two_refreshes_of_one_client_with_one_token_get_the_same_successor(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    answers = await _at_once(
        service,
        person,
        refresh(rest, person.refresh_token),
        refresh(rest, person.refresh_token),
        waiters=1,  # the other one waits for the first one's session
    )

    assert [answer.status for answer in answers] == [200, 200]
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    for answer in answers:
        after = await rest.get("/v1/users/me", token=answer.json["access_token"])
        assert after.status == 200
    tokens = "SELECT count(*), count(used_at) FROM refresh_tokens WHERE user_id = %s"
    assert rows(service, tokens, person.id) == [(2, 1)]
    assert [event["event_type"] for event in await events_of(service, person.id)] == [
        "user.created",
        "session.created",
    ]


async def test_a_change_beside_a_deletion_comes_before_it_or_not_at_all(
    rest: Rest, service: Service
) -> None:
    for _ in range(3):
        person = await new_person(rest)
        renamed, deleted = await _at_once(
            service,
            person,
            rest.call("PATCH", "/v1/users/me", {"full_name": "New"}, token=person.access_token),
            rest.call("DELETE", "/v1/users/me", token=person.access_token),
        )

        assert deleted.status == 200
        assert (renamed.status, renamed.reason) in {(200, None), (404, "USER_NOT_FOUND")}
        change = ["user.updated"] if renamed.status == 200 else []
        assert [event["event_type"] for event in await events_of(service, person.id)] == [
            "user.created",
            "session.created",
            *change,
            "user.deleted",
            "session.revoked",
        ]
        actions = "SELECT action FROM audit_events WHERE user_id = %s ORDER BY sequence OFFSET 2"
        changed = [("user.update",)] if renamed.status == 200 else []
        assert rows(service, actions, person.id) == [*changed, ("user.delete",)]


async def test_of_two_reviewers_who_decide_at_once_one_decides(
    rest: Rest, service: Service
) -> None:
    admin = await administrator(rest, service)
    officer = await compliance_officer(rest, service)
    person = await new_person(rest)
    path = f"/v1/users/{person.id}/kyc"
    answers = await _at_once(
        service,
        person,
        rest.call("PUT", path, {"status": "verified"}, token=admin.access_token),
        rest.call(
            "PUT", path, {"status": "rejected", "reason": "torn"}, token=officer.access_token
        ),
    )

    assert sorted((answer.status, answer.reason) for answer in answers) == [
        (200, None),
        (400, "KYC_TRANSITION_NOT_ALLOWED"),
    ]
    (decided,) = (answer for answer in answers if answer.status == 200)
    status = decided.json["kyc"]["status"]
    reviewer = admin.id if status == "verified" else officer.id
    history = (await rest.get(path, token=admin.access_token)).json["history"]
    assert [(each["status"], each["reviewer_id"]) for each in history] == [(status, reviewer)]
    (event,) = (
        event
        for event in await events_of(service, person.id)
        if event["event_type"] == "user.kyc_updated"
    )
    assert (event["payload"]["status"], event["payload"]["reviewer_id"]) == (status, reviewer)
    audited = "SELECT actor_id FROM audit_events WHERE user_id = %s AND action = 'kyc.update'"
    assert rows(service, audited, person.id) == [(reviewer,)]


async def _at_once(
    service: Service,
    person: Person,
    *requests: Coroutine[Any, Any, Answer],
    waiters: int | None = None,
) -> Sequence[Answer]:
    """Make requests about one person that surely meet: all wait for that person's row first."""
    async with row_held(service, person.id):
        under_way = [asyncio.create_task(request) for request in requests]
        await until_lock_waiters(service, waiters or len(requests))
    return await asyncio.gather(*under_way)
