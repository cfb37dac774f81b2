"""Telling a person what is stored of them, and erasing it all, from the command line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import pytest
import pytest_asyncio
from psycopg.rows import class_row

from core.domain.audit_row import row_hash
from core.postgres.audit_rows import AuditRecord, to_row
from tests.e2e.ledger import count, events_of, rows
from tests.e2e.marked_person import (
    Marks,
    redis_keys_with,
    tables_with,
    use_everything,
)
from tests.e2e.people import Person, administrator, log_in, new_person, register
from tests.e2e.rest import Rest
from tests.e2e.service import Service

pytestmark = pytest.mark.asyncio


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Somebody who has used everything, and an administrator."""

    marks: Marks
    person: Person
    admin: Person


@pytest.fixture(scope="module")
def made() -> list[Scene]:
    """The person, once they are there."""
    return []


@pytest_asyncio.fixture
async def scene(rest: Rest, service: Service, made: list[Scene]) -> Scene:
    if not made:
        admin, marks = await administrator(rest, service), Marks()
        person = await use_everything(rest, service, marks, admin)
        made.append(Scene(marks=marks, person=person, admin=admin))
    return made[0]


def operate(service: Service, *arguments: str) -> str:
    """Run a command that must succeed; return what it prints."""
    ended = service.site.run("core", *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refusal(service: Service, *arguments: str, **changes: str) -> str:
    """Run a command that must be refused; return its one plain line."""
    ended = service.site.run("core", *arguments, **changes)
    assert (ended.returncode, ended.stdout) == (1, "")
    (plain,) = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    return plain


def audit_records(service: Service) -> Sequence[AuditRecord]:
    """Read the whole log as the superuser."""
    columns = ", ".join(AuditRecord.__slots__)
    with psycopg.connect(
        service.site.database.admin_dsn, row_factory=class_row(AuditRecord)
    ) as connection:
        statement = f"SELECT {columns} FROM audit_events ORDER BY sequence"  # noqa: S608
        return connection.execute(statement.encode()).fetchall()


async def test_an_export_holds_everything_of_the_person_and_nothing_that_opens_a_door(
    scene: Scene, service: Service
) -> None:
    printed = operate(service, "users", "export", scene.person.id)
    told = json.loads(printed)
    marks = scene.marks
    assert told["account"]["email"] == marks.email
    assert told["account"]["full_name"] == marks.text("Name")
    assert {each["reason"] for each in told["kyc_reviews"]} == {
        marks.text("blurred"),
        marks.text("again"),
    }
    assert {each["ip_address"] for each in told["sessions"]} == {marks.ip_address}
    assert {each["user_agent"] for each in told["sessions"]} == {marks.user_agent}
    reasons = {event["reason"] for event in told["audit_events"]}
    assert reasons >= {marks.text(what) for what in ("blurred", "suspicious", "cleared")}
    own = [event for event in told["audit_events"] if event["actor"] == scene.person.id]
    assert {event["ip_address"] for event in own} == {marks.ip_address}
    staff = [event for event in told["audit_events"] if event["actor"] == "staff"]
    assert len(staff) == 4
    assert {(event["ip_address"], event["user_agent"]) for event in staff} == {(None, None)}
    assert told["second_factor"]["totp"]["confirmed_at"] is not None
    assert len(told["second_factor"]["recovery_codes"]) == 10
    assert {mail["template"] for mail in told["mails"]} >= {"welcome", "password_changed"}
    assert all(told[part] for part in told), "every part has something in it"

    stored = [
        text
        for column, table in (
            ("hashed_password", "users"),
            ("token", "refresh_tokens"),
            ("digest", "one_time_tokens"),
            ("digest", "known_devices"),
            ("digest", "recovery_codes"),
            ("digest", "mfa_challenges"),
            ("sealed_secret", "totp_enrolments"),
            ("hash", "audit_events"),
        )
        for (text,) in rows(service, f"SELECT {column} FROM {table}")  # noqa: S608
    ]
    assert stored
    assert not [text for text in stored if text in printed]
    said = service.confidential - {marks.email, marks.text("Name"), scene.person.email, "Ada"}
    assert not [text for text in said if text in printed]
    assert not [text for text in service.site.secret_texts() if text in printed]
    assert scene.admin.id not in printed


async def test_who_is_in_use_is_refused_and_so_is_everybody_without_the_streams(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    account = "SELECT users::text FROM users WHERE id = %s"
    before = rows(service, account, person.id)
    assert refusal(service, "users", "erase", person.id) == (
        "refused: the account is in use: delete it first"
    )
    assert rows(service, account, person.id) == before
    assert (await rest.call("DELETE", "/v1/users/me", token=person.access_token)).status == 200
    deleted = rows(service, account, person.id)
    said = refusal(service, "users", "erase", person.id, PANDORA_REDIS__PORT="1")
    assert "redis is out of reach" in said
    assert rows(service, account, person.id) == deleted
    assert service.site.run("core", "users", "erase", "me").returncode == 2


async def test_nothing_of_an_erased_person_is_left_and_the_log_still_holds(
    scene: Scene, rest: Rest, service: Service
) -> None:
    person, marks = scene.person, scene.marks
    published = await events_of(service, person.id)
    marked = {"users", "sessions", "kyc_reviews", "outbox", "idempotency_keys"}
    assert tables_with(service, marks) >= marked
    assert await redis_keys_with(service, marks) == {service.site.stream}
    before = await _audited(rest, scene)
    assert {event.get("user_agent") for event in before} >= {marks.user_agent}
    removed = await rest.call("DELETE", "/v1/users/me", token=person.access_token)
    assert removed.status == 200, removed.body
    log = audit_records(service)

    assert operate(service, "users", "erase", person.id) == f"{person.id} erased\n"

    assert tables_with(service, marks) == set()
    assert await redis_keys_with(service, marks) == set()
    kept = audit_records(service)
    assert kept[: len(log)] == log
    assert all(row_hash(to_row(record)) == record.hash for record in kept)
    assert (kept[-1].action, kept[-1].actor_type) == ("user.erase", "system")
    about = [record for record in kept if str(record.user_id) == person.id]
    assert any(record.ip_address for record in about), "sealed texts stay where they are"
    shown = await _audited(rest, scene)
    of_theirs = [event for event in shown if event.get("actor_id") in {None, person.id}]
    assert not {"ip_address", "user_agent"} & {name for event in of_theirs for name in event}
    assert {event.get("reason") for event in shown if event["outcome"] == "success"} == {None}

    # Nobody misses an event: those that held a text are there again without it.
    again = await events_of(service, person.id)
    assert {each["id"] for each in again} >= {each["id"] for each in published}
    assert not any("reason" in each["payload"] for each in again)
    stored = count(service, "SELECT count(*) FROM outbox WHERE user_id = %s", person.id)
    assert {each["id"] for each in again} == {
        str(event_id)
        for (event_id,) in rows(service, "SELECT id FROM outbox WHERE user_id = %s", person.id)
    }
    assert stored == len({each["id"] for each in again})


async def test_an_erased_person_stays_erased_and_their_address_is_free(
    scene: Scene, rest: Rest, service: Service
) -> None:
    person, marks, token = scene.person, scene.marks, scene.admin.access_token
    assert operate(service, "users", "erase", person.id) == (
        f"{person.id} has been erased before\n"
    )
    erasures = "SELECT count(*) FROM audit_events WHERE action = 'user.erase' AND user_id = %s"
    assert count(service, erasures, person.id) == 1
    assert "USER_NOT_FOUND" in refusal(service, "users", "export", person.id)
    restored = await rest.post(f"/v1/users/{person.id}:restore", {}, token=token)
    assert (restored.status, restored.reason) == (404, "USER_NOT_FOUND")
    looked = await rest.get(f"/v1/users/{person.id}", token=token)
    assert looked.json["user"]["email"] == f"{person.id}@erased.invalid"
    assert looked.json["user"]["status"] == "deleted"
    assert "full_name" not in looked.json["user"]
    assert (await log_in(rest, marks.email)).reason == "INVALID_CREDENTIALS"
    anew = await register(rest, marks.email)
    assert anew.status == 201, anew.body
    assert anew.json["user"]["id"] != person.id
    assert (await log_in(rest, marks.email)).status == 200


async def _audited(rest: Rest, scene: Scene) -> list[dict[str, str]]:
    answer = await rest.get(
        f"/v1/audit-events?user_id={scene.person.id}&page_size=200",
        token=scene.admin.access_token,
    )
    assert answer.status == 200, answer.body
    events: list[dict[str, str]] = answer.json["events"]
    return events
