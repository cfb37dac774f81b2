"""Passwords that are forgotten or changed, and addresses that are proved, through the REST door."""

import pytest

from tests.e2e.ledger import count, events_of, rows
from tests.e2e.people import (
    PASSWORD,
    Person,
    administrator,
    log_in,
    new_email,
    new_person,
    person_of,
    refresh,
)
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service
from tests.integration.mailbox import (
    Mailbox,
    token_in,
)
from tests.postgres_client import until

pytestmark = pytest.mark.asyncio

NEW_PASSWORD = "another horse and another battery"


def box(service: Service, email: str) -> Mailbox:
    return Mailbox(folder=service.site.servers.stack.smtp.mail_folder, address=email)


async def mailed_token(service: Service, email: str, subject: str) -> str:
    """Wait for a mail with a subject, and return the token in it."""

    def found() -> list[str]:
        mails = box(service, email).mails()
        return [token_in(mail) for mail in mails if subject in mail["Subject"]]

    async def arrived() -> bool:
        return bool(found())

    await until(arrived)
    token = found()[-1]
    service.confidential.add(token)
    return token


async def change_password(rest: Rest, person: Person, current: str, new: str) -> Answer:
    return await rest.post(
        "/v1/users/me/password",
        {"current_password": current, "new_password": new},
        token=person.access_token,
    )


async def test_who_has_forgotten_the_password_gets_back_in_by_mail(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    elsewhere = person_of(await log_in(rest, person.email))
    asked = await rest.post("/v1/auth/password-reset", {"email": person.email.upper()})
    assert (asked.status, asked.json) == (200, {})
    token = await mailed_token(service, person.email, "Set a new password")

    weak = await rest.post(
        "/v1/auth/password-reset/confirm", {"token": token, "new_password": "short"}
    )
    assert (weak.status, weak.reason) == (400, "PASSWORD_TOO_WEAK")
    assert weak.json["violations"][0]["field"] == "new_password"
    reset = await rest.post(
        "/v1/auth/password-reset/confirm", {"token": token, "new_password": NEW_PASSWORD}
    )
    assert (reset.status, reset.json) == (200, {})

    for session in (person, elsewhere):
        look = await rest.get("/v1/users/me", token=session.access_token)
        assert (look.status, look.reason) == (401, "SESSION_REVOKED")
        again = await refresh(rest, session.refresh_token)
        assert again.status == 401
    assert (await log_in(rest, person.email)).reason == "INVALID_CREDENTIALS"
    back = person_of(await log_in(rest, person.email, NEW_PASSWORD))
    assert back.id == person.id

    repeated = await rest.post(
        "/v1/auth/password-reset/confirm", {"token": token, "new_password": PASSWORD}
    )
    assert (repeated.status, repeated.reason) == (400, "ONE_TIME_TOKEN_INVALID")
    causes = rows(
        service, "SELECT DISTINCT revocation_cause FROM sessions WHERE id = ANY(%s::uuid[])",
        [person.session_id, elsewhere.session_id],
    )  # fmt: skip
    assert causes == [("password_reset",)]
    types = [event["event_type"] for event in await events_of(service, person.id)]
    assert types.count("user.password_changed") == 1
    assert types.count("session.revoked") == 2


async def test_the_person_is_told_that_the_password_was_changed(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    assert (await change_password(rest, person, PASSWORD, NEW_PASSWORD)).status == 200

    async def told() -> bool:
        mails = box(service, person.email).mails()
        return any("was changed" in mail["Subject"] for mail in mails)

    await until(told)


async def test_a_request_for_an_address_without_an_account_is_answered_alike_and_sends_nothing(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    known = await rest.post("/v1/auth/password-reset", {"email": person.email})
    unknown = [
        await rest.post("/v1/auth/password-reset", {"email": email})
        for email in (new_email(), "no address", "")
    ]
    assert {(answer.status, answer.body) for answer in unknown} == {(known.status, known.body)}
    names = {name.lower() for name in known.headers}
    assert all({name.lower() for name in answer.headers} == names for answer in unknown)
    mails = "SELECT count(*) FROM mail_outbox WHERE template = 'password_reset' AND user_id = %s"
    assert count(service, mails, person.id) == 1
    traces = [answer.trace_id for answer in unknown]
    outcomes = rows(
        service,
        "SELECT outcome, reason, user_id FROM audit_events WHERE trace_id = ANY(%s)",
        traces,
    )
    assert outcomes == [("failure", "USER_NOT_FOUND", None)] * 3


async def test_a_newer_mail_ends_the_token_of_the_older_one(rest: Rest, service: Service) -> None:
    person = await new_person(rest)
    await rest.post("/v1/auth/password-reset", {"email": person.email})
    older = await mailed_token(service, person.email, "Set a new password")
    await rest.post("/v1/auth/password-reset", {"email": person.email})

    async def both_arrived() -> bool:
        mails = box(service, person.email).mails()
        return sum("Set a new password" in mail["Subject"] for mail in mails) == 2

    await until(both_arrived)
    newer = await mailed_token(service, person.email, "Set a new password")
    refused = await rest.post(
        "/v1/auth/password-reset/confirm", {"token": older, "new_password": NEW_PASSWORD}
    )
    assert refused.reason == "ONE_TIME_TOKEN_INVALID"
    accepted = await rest.post(
        "/v1/auth/password-reset/confirm", {"token": newer, "new_password": NEW_PASSWORD}
    )
    assert accepted.status == 200


async def test_an_address_is_verified_by_the_mail_that_greets(rest: Rest, service: Service) -> None:
    person = await new_person(rest)
    token = await mailed_token(service, person.email, "Welcome")
    confirmed = await rest.post("/v1/auth/email-verification/confirm", {"token": token})
    assert confirmed.status == 200
    assert confirmed.json["user"]["email_verified"] is True
    look = await rest.get("/v1/users/me", token=person.access_token)
    assert look.json["user"] == confirmed.json["user"]
    again = await rest.post("/v1/auth/email-verification/confirm", {"token": token})
    assert (again.status, again.reason) == (400, "ONE_TIME_TOKEN_INVALID")
    types = [event["event_type"] for event in await events_of(service, person.id)]
    assert types.count("user.email_verified") == 1
    unasked = await rest.post("/v1/users/me/email-verification", {}, token=person.access_token)
    assert (unasked.status, unasked.json) == (200, {})
    mails = "SELECT count(*) FROM mail_outbox WHERE user_id = %s"
    assert count(service, mails, person.id) == 1


async def test_an_address_is_verified_by_a_mail_that_was_asked_for(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    asked = await rest.post("/v1/users/me/email-verification", {}, token=person.access_token)
    assert (asked.status, asked.json) == (200, {})
    token = await mailed_token(service, person.email, "Confirm your address")
    refused = await rest.post(
        "/v1/auth/password-reset/confirm", {"token": token, "new_password": NEW_PASSWORD}
    )
    assert refused.reason == "ONE_TIME_TOKEN_INVALID"
    confirmed = await rest.post("/v1/auth/email-verification/confirm", {"token": token})
    assert confirmed.json["user"]["email_verified"] is True


async def test_a_change_of_the_password_ends_every_other_session(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    elsewhere = person_of(await log_in(rest, person.email))
    wrong = await change_password(rest, person, "wrong", NEW_PASSWORD)
    assert (wrong.status, wrong.reason) == (401, "INVALID_CREDENTIALS")
    weak = await change_password(rest, person, PASSWORD, "short")
    assert (weak.status, weak.reason) == (400, "PASSWORD_TOO_WEAK")
    assert (await rest.get("/v1/users/me", token=elsewhere.access_token)).status == 200

    changed = await change_password(rest, person, PASSWORD, NEW_PASSWORD)
    assert (changed.status, changed.json) == (200, {})
    assert (await rest.get("/v1/users/me", token=person.access_token)).status == 200
    assert (await refresh(rest, person.refresh_token)).status == 200
    other = await rest.get("/v1/users/me", token=elsewhere.access_token)
    assert (other.status, other.reason) == (401, "SESSION_REVOKED")
    assert (await log_in(rest, person.email)).status == 401
    assert (await log_in(rest, person.email, NEW_PASSWORD)).status == 200
    causes = rows(
        service, "SELECT revocation_cause FROM sessions WHERE id = %s", elsewhere.session_id
    )
    assert causes == [("password_changed",)]


async def test_nobody_changes_another_persons_password_or_asks_for_their_mail(
    rest: Rest, service: Service
) -> None:
    person, victim = await new_person(rest), await new_person(rest)
    admin = await administrator(rest, service)
    for caller in (person, admin):
        answers = [
            await rest.post(
                f"/v1/users/{victim.id}/password",
                {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
                token=caller.access_token,
            ),
            await rest.post(
                f"/v1/users/{victim.id}/email-verification", {}, token=caller.access_token
            ),
        ]
        assert [answer.reason for answer in answers] == ["PERMISSION_DENIED"] * 2


async def test_no_token_and_no_address_is_in_the_senders_log(rest: Rest, service: Service) -> None:
    person = await new_person(rest)
    await mailed_token(service, person.email, "Welcome")
    sender = service.processes["mail"]

    async def logged() -> bool:
        return any(line["event"] == "mail sent" for line in sender.log)

    await until(logged)
    assert person.email.lower() not in sender.stdout.lower()
    assert "pot_" not in sender.stdout
    assert sender.stderr == ""
