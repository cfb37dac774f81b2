"""Idempotency keys, as a client of either door meets them."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import grpc.aio
import pytest

from pandora.user.v1 import auth_service_pb2, user_service_pb2
from tests.e2e.grpc_door import DEADLINE_SECONDS, Stubs
from tests.e2e.ledger import count, events_of, rows
from tests.e2e.people import (
    PASSWORD,
    Person,
    administrator,
    compliance_officer,
    new_email,
    new_person,
)
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service
from tests.unit.middleware.door import Refusal

CROWD = 50
ELSEWHERE = "198.51.100.77"
SUSPENSION = {"reason": "asked to"}
KEPT = "SELECT count(*) FROM idempotency_keys"


def new_key() -> str:
    return str(uuid.uuid4())


async def send(
    rest: Rest,
    method: str,
    path: str,
    document: object,
    key: str,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    with_key = {"idempotency-key": key, **(headers or {})}
    return await rest.call(method, path, document, token=token, headers=with_key)


def replayed(answer: Answer) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


async def suspend(rest: Rest, person: Person, key: str, token: str, **changes: str) -> Answer:
    path = f"/v1/users/{person.id}:suspend"
    return await send(rest, "POST", path, SUSPENSION | changes, key, token=token)


async def crowd_of(request: Any) -> list[Answer]:  # noqa: ANN401 - makes one request
    return list(await asyncio.gather(*(request() for _ in range(CROWD))))


def assert_one_answer(answers: list[Answer], status: int) -> None:
    assert {answer.status for answer in answers} == {status}
    assert len({answer.body for answer in answers}) == 1
    assert Counter(map(replayed, answers)) == {False: 1, True: CROWD - 1}


async def test_fifty_registrations_with_one_key_make_one_account(
    rest: Rest, service: Service
) -> None:
    email, key = new_email(), new_key()
    document = {"email": email, "password": PASSWORD, "full_name": "Ada"}
    answers = await crowd_of(lambda: send(rest, "POST", "/v1/auth/register", document, key))

    assert_one_answer(answers, 201)
    user_id = answers[0].json["user"]["id"]
    made = rows(service, "SELECT id::text FROM users WHERE email_key = %s", email.casefold())
    assert made == [(user_id,)]
    assert count(service, "SELECT count(*) FROM mail_outbox WHERE user_id = %s", user_id) == 1
    assert [each["event_type"] for each in await events_of(service, user_id)] == ["user.created"]


async def test_fifty_suspensions_and_reviews_with_one_key_are_one_each(
    rest: Rest, service: Service
) -> None:
    admin, person = await administrator(rest, service), await new_person(rest)
    path, document = f"/v1/users/{person.id}/kyc", {"status": "rejected", "reason": "unreadable"}
    key = new_key()
    reviews = await crowd_of(
        lambda: send(rest, "PUT", path, document, key, token=admin.access_token)
    )
    suspensions = await crowd_of(lambda: suspend(rest, person, key, admin.access_token))

    # The same key means something else to another method.
    assert_one_answer(reviews, 200)
    assert_one_answer(suspensions, 200)
    assert [each["event_type"] for each in await events_of(service, person.id)] == [
        "user.created",
        "session.created",
        "user.kyc_updated",
        "user.suspended",
        "session.revoked",
    ]
    actions = "SELECT action FROM audit_events WHERE user_id = %s ORDER BY sequence OFFSET 2"
    assert rows(service, actions, person.id) == [("kyc.update",), ("user.suspend",)]


async def test_a_refusal_is_given_again_as_it_was(rest: Rest, service: Service) -> None:
    admin, person, key = await administrator(rest, service), await new_person(rest), new_key()
    path = f"/v1/users/{person.id}/kyc:submit"
    first = await send(rest, "POST", path, {}, key, token=person.access_token)
    document = {"status": "rejected", "reason": "unreadable"}
    await rest.call("PUT", f"/v1/users/{person.id}/kyc", document, token=admin.access_token)
    again = await send(rest, "POST", path, {}, key, token=person.access_token)

    assert (first.status, first.reason) == (400, "KYC_TRANSITION_NOT_ALLOWED")
    assert (replayed(first), replayed(again)) == (False, True)
    assert again.json.pop("trace_id") == again.trace_id
    assert again.status == first.status
    assert {**again.json, "trace_id": ""} == {**first.json, "trace_id": ""}
    with_a_new_key = await send(rest, "POST", path, {}, new_key(), token=person.access_token)
    assert with_a_new_key.json["kyc"]["status"] == "pending"


async def test_another_payload_is_refused(rest: Rest, service: Service) -> None:
    admin, person, key = await administrator(rest, service), await new_person(rest), new_key()
    await suspend(rest, person, key, admin.access_token)
    refused = await suspend(rest, person, key, admin.access_token, reason="something else")
    assert (refused.status, refused.reason) == (400, "IDEMPOTENCY_KEY_REUSED")
    assert refused.json["code"] == "INVALID_ARGUMENT"
    assert not replayed(refused)
    assert replayed(await suspend(rest, person, key, admin.access_token))


async def test_a_key_is_its_callers_own(rest: Rest, service: Service) -> None:
    admin, officer = await administrator(rest, service), await compliance_officer(rest, service)
    person, key = await new_person(rest), new_key()
    first = await suspend(rest, person, key, admin.access_token)
    others = await suspend(rest, person, key, officer.access_token)
    assert (first.status, others.status) == (200, 200)
    assert not replayed(others)
    assert (await suspend(rest, person, key, person.access_token)).status in {401, 403}


async def test_without_a_login_a_key_is_that_of_an_address(rest: Rest) -> None:
    document, key = {"email": new_email(), "password": PASSWORD}, new_key()
    path, elsewhere = "/v1/auth/register", {"x-forwarded-for": ELSEWHERE}
    first = await send(rest, "POST", path, document, key)
    there = await send(rest, "POST", path, document, key, headers=elsewhere)
    again = await send(rest, "POST", path, document, key)
    assert (first.status, again.status) == (201, 201)
    assert (there.status, there.reason) == (409, "EMAIL_ALREADY_REGISTERED")
    assert again.body == first.body
    assert replayed(again)


async def test_both_doors_know_the_same_keys(rest: Rest, service: Service, stubs: Stubs) -> None:
    admin, person, key = await administrator(rest, service), await new_person(rest), new_key()
    first = await suspend(rest, person, f'"{key}"', admin.access_token)
    call = stubs.users.SuspendUser(
        user_service_pb2.SuspendUserRequest(user_id=person.id, reason=SUSPENSION["reason"]),
        metadata=(("authorization", f"Bearer {admin.access_token}"), ("idempotency-key", key)),
        timeout=DEADLINE_SECONDS,
    )
    assert (await call).user.id == first.json["user"]["id"]
    assert dict(await call.trailing_metadata())["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/v1/auth/login", {"email": "a@b.example", "password": "p" * 15}),
        ("/v1/auth/mfa", {"challenge_token": "c", "totp_code": "123456"}),
        ("/v1/auth/refresh", {"refresh_token": "r"}),
        ("/v1/users/me/mfa/totp", {}),
        ("/v1/users/me/mfa/totp:confirm", {"totp_code": "123456"}),
    ],
)
async def test_what_answers_secrets_refuses_a_key(
    rest: Rest, service: Service, path: str, document: object
) -> None:
    person = await new_person(rest)
    before = count(service, KEPT)
    refused = await send(rest, "POST", path, document, new_key(), token=person.access_token)
    assert (refused.status, refused.reason) == (400, "VALIDATION_FAILED")
    (violation,) = refused.json["violations"]
    assert (violation["field"], violation["rule"]) == ("idempotency-key", "idempotency_key.refused")
    assert count(service, KEPT) == before


async def test_what_answers_secrets_refuses_a_key_at_the_other_door_too(stubs: Stubs) -> None:
    request = auth_service_pb2.LoginRequest(email="a@b.example", password=PASSWORD)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stubs.auth.Login(request, metadata=(("idempotency-key", new_key()),))
    assert Refusal.of(refused.value).reason == "VALIDATION_FAILED"


@pytest.mark.parametrize("key", ["a b", '"open', "ä", "x" * 256])
async def test_what_is_no_key_is_refused(rest: Rest, key: str) -> None:
    document = {"email": new_email(), "password": PASSWORD}
    refused = await send(rest, "POST", "/v1/auth/register", document, key)
    assert (refused.status, refused.reason) == (400, "VALIDATION_FAILED")
    (violation,) = refused.json["violations"]
    assert (violation["field"], violation["rule"]) == ("idempotency-key", "idempotency_key.form")


async def test_what_changes_nothing_ignores_the_header(rest: Rest, service: Service) -> None:
    admin, person = await administrator(rest, service), await new_person(rest)
    for _ in range(2):
        got = await send(rest, "GET", "/v1/users/me", None, "a b", token=person.access_token)
        assert (got.status, replayed(got)) == (200, False)
        token = {"token": person.access_token}
        path = "/v1/auth/introspect"
        asked = await send(rest, "POST", path, token, "a b", token=admin.access_token)
        assert (asked.status, replayed(asked)) == (200, False)


async def test_what_fails_for_the_moment_succeeds_with_the_same_key(
    own_service: Service, own_rest: Rest
) -> None:
    stack = own_service.site.servers.stack
    document, key = {"email": new_email(), "password": PASSWORD}, new_key()
    await asyncio.to_thread(stack.postgres.stop)
    failed = await send(own_rest, "POST", "/v1/auth/register", document, key)
    assert (failed.status, failed.reason) == (503, "DEPENDENCY_UNAVAILABLE")

    await asyncio.to_thread(stack.start)
    await asyncio.to_thread(own_service.await_ready)
    first = await send(own_rest, "POST", "/v1/auth/register", document, key)
    again = await send(own_rest, "POST", "/v1/auth/register", document, key)
    assert (first.status, again.status) == (201, 201)
    assert (replayed(first), replayed(again)) == (False, True)
    assert again.body == first.body
