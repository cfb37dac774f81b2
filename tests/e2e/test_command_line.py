"""What operators do on the command line, and what comes of it in the running service."""

import stat
import uuid

import pytest

from core.service.seed_people import COMPLIANCE, PEOPLE
from devstack.ports import free_port
from pandora.user.v1 import auth_service_pb2, user_pb2, user_service_pb2
from tests.e2e.grpc_door import DEADLINE_SECONDS, Stubs
from tests.e2e.ledger import count, rows, snapshot
from tests.e2e.people import PASSWORD, log_in, new_email, new_person, person_of
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.e2e.site import Site
from tests.unit.transport.core_server import bearer, refused

pytestmark = pytest.mark.asyncio


def _done(site: Site, *arguments: str, text: str = "") -> str:
    """Run a command that must succeed; return what it prints."""
    ended = site.run("core", *arguments, text=text)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def _refused(site: Site, *arguments: str, text: str = "", **changes: str) -> str:
    """Run a command that must be refused; return its one plain line."""
    ended = site.run("core", *arguments, text=text, **changes)
    assert ended.returncode == 1
    assert ended.stdout == ""
    plain = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(plain) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return plain[0]


async def test_config_check_prints_the_effective_settings_and_no_secret(site: Site) -> None:
    printed = _done(site, "config", "check")
    lines = printed.splitlines()
    assert lines[0] == "environment = dev"
    assert f"redis.event_stream = {site.stream}  (environment)" in lines
    assert "passwords.min_length = 8  (yaml)" in lines
    assert "passwords.memory_kib = 19456  (default)" in lines
    assert "vault.secret_id_file = set  (environment)" in lines
    assert str(site.access.service_files.secret_id) not in printed
    assert not [text for text in site.secret_texts() if text in printed]


async def test_config_check_names_everything_that_is_wrong(site: Site) -> None:
    said = _refused(
        site,
        "config",
        "check",
        PANDORA_CORE__PORT="many",
        PANDORA_PASSWORDS__MIN_LENGTH="4",
    )
    assert "PANDORA_CORE__PORT" in said
    assert "PANDORA_PASSWORDS__MIN_LENGTH" in said


async def test_a_minted_token_lets_a_service_in_until_it_is_revoked(
    service: Service, stubs: Stubs, rest: Rest
) -> None:
    person = await new_person(rest)
    name = f"orders-{uuid.uuid4().hex[:12]}"
    token = _done(service.site, "tokens", "mint-service", name)
    service.confidential.add(token)
    credentials = bearer(token)
    introspect = auth_service_pb2.IntrospectTokenRequest(token=person.access_token)
    batch = user_service_pb2.BatchGetUsersRequest(user_ids=[person.id, str(uuid.UUID(int=0))])

    told = await stubs.auth.IntrospectToken(
        introspect, metadata=credentials, timeout=DEADLINE_SECONDS
    )
    assert told.active
    assert (told.user_id, told.session_id) == (person.id, person.session_id)
    assert told.role == user_pb2.ROLE_USER
    found = await stubs.users.BatchGetUsers(batch, metadata=credentials, timeout=DEADLINE_SECONDS)
    assert [user.id for user in found.users] == [person.id]
    assert list(found.missing_ids) == [str(uuid.UUID(int=0))]

    assert _done(service.site, "tokens", "revoke-service", name) == "1 tokens revoked"
    for call in (
        stubs.auth.IntrospectToken(introspect, metadata=credentials, timeout=DEADLINE_SECONDS),
        stubs.users.BatchGetUsers(batch, metadata=credentials, timeout=DEADLINE_SECONDS),
    ):
        assert (await refused(call)).reason == "TOKEN_INVALID"
    audited = "SELECT action, actor_type, outcome FROM audit_events WHERE resource_id = %s"
    assert rows(service, audited, name) == [
        ("service_token.mint", "system", "success"),
        ("service_token.revoke", "system", "success"),
    ]


async def test_a_service_token_never_lives_longer_than_a_day(service: Service) -> None:
    before = snapshot(service)
    said = _refused(service.site, "tokens", "mint-service", "orders", "--lifetime-seconds", "86401")
    assert "lifetime_seconds is between 1 and 86400 seconds" in said
    assert snapshot(service) == before


async def test_an_administrator_is_made_with_a_password_from_standard_input(
    own_service: Service, own_rest: Rest
) -> None:
    email = new_email()
    user_id = _done(own_service.site, "users", "create-admin", email, text=f"{PASSWORD}\n")
    admin = person_of(await log_in(own_rest, email))
    assert admin.id == user_id
    assert (await own_rest.get("/v1/audit-events", token=admin.access_token)).status == 200

    before = snapshot(own_service)
    again = _refused(own_service.site, "users", "create-admin", email.upper(), text=f"{PASSWORD}\n")
    assert "EMAIL_ALREADY_REGISTERED" in again
    assert snapshot(own_service) == before


async def test_seeding_twice_makes_nothing_twice_and_everybody_can_log_in(
    service: Service, rest: Rest
) -> None:
    before = snapshot(service)
    assert _done(service.site, "data", "seed") == "0 accounts made"
    assert snapshot(service) == before
    access = service.site.access
    for email in (COMPLIANCE.email, PEOPLE[0].email):
        assert (await log_in(rest, email, access.user_password)).status == 200
    seeded = "SELECT count(*) FROM users WHERE email LIKE %s"
    assert count(service, seeded, "%@pandora.example") == len(PEOPLE) + 3


async def test_mock_data_is_refused_outside_of_dev(site: Site) -> None:
    # Before anybody is asked for a secret: nothing listens there.
    elsewhere = {"PANDORA_VAULT__ADDRESS": "https://127.0.0.1:1"}
    assert "APP_ENV=dev" in _refused(site, "data", "seed", APP_ENV="sandbox", **elsewhere)


async def test_a_core_starts_only_on_a_migrated_database(site: Site) -> None:
    databases = site.servers.stack.databases
    name = f"test_{uuid.uuid4().hex}"
    databases.ensure(name)
    migrator = site.access.migrator_files
    assert stat.S_IMODE(migrator.secret_id.stat().st_mode) == 0o600
    try:
        unready = site.run("core", "serve", PANDORA_POSTGRES__DATABASE=name)
        migrated = site.run("core", "migrate", PANDORA_POSTGRES__DATABASE=name)
        assert migrated.returncode == 0, migrated.stderr
        serving = site.start("core", "serve", PANDORA_POSTGRES__DATABASE=name)
        serving.wait_until(lambda: any(line["event"] == "serving_requests" for line in serving.log))
        serving.stop()
    finally:
        databases.drop(name)
    assert unready.returncode == 1
    assert unready.stderr.startswith("cannot start: connect PostgreSQL: ")


async def test_a_command_says_what_is_out_of_reach(site: Site) -> None:
    said = _refused(
        site, "tokens", "mint-service", "orders", PANDORA_POSTGRES__PORT=str(free_port())
    )
    assert said.startswith("cannot start: connect PostgreSQL: postgres is out of reach")
