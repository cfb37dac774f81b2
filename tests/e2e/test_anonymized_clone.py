# ruff: noqa: S608 - statements are put together of the tests' own words
"""Made-up people, a clone without them, and the search for what may not be in it.

`make data-long` does the same with DATA_USERS=100000 people, and kills a clone on its way.
"""

import base64
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from subprocess import CompletedProcess
from typing import Any, Final

import psycopg
import pytest
from psycopg.types.json import Jsonb

from core.bootstrap.data_clone_access import CloneAccess, End
from core.bootstrap.data_scan import scan
from core.data.anonymization.pseudonyms import Pseudonyms
from core.domain.personal_key import TextPlace
from core.postgres.connection import PostgresLogin, PostgresOptions
from tests.e2e.processes import run_to_end
from tests.e2e.site import Site, new_site
from tests.servers import Database, Servers

USERS: Final = int(os.environ.get("DATA_USERS", "60"))
IS_LONG: Final = "DATA_USERS" in os.environ
WORKERS: Final = "2" if IS_LONG else "1"
PATIENCE_SECONDS: Final = 60 + USERS / 100
PATHS: Final = ("--from", "clone-source", "--to", "clone-target", "--workers", WORKERS)
PLANTED_REASON: Final = "document is not readable"


@dataclass(frozen=True, kw_only=True)
class Clone:
    """Where people were made up, and where their clone is."""

    origin: Site
    site: Site
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, site: Site, *words: str, **changes: str) -> dict[str, Any]:
        """Run a command that must succeed; return what it prints."""
        done = operate(site, *words, **changes)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def access(self) -> CloneAccess:
        """Return both ends as the commands see them."""
        return CloneAccess(
            source=_end(self.origin, self.origin.database, "service"),
            target=_end(self.site, self.site.database, "owner"),
            pseudonym_key=_key(self.site, "pseudonym-key"),
            password_hash="x",
        )


def operate(site: Site, *words: str, **changes: str) -> "CompletedProcess[str]":
    return run_to_end(words, site.environment("core") | changes, seconds=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def clone(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    folder = tmp_path_factory.mktemp("clone")
    with new_site(servers, folder / "a") as origin, new_site(servers, folder / "b") as site:
        made = Clone(origin=origin, site=site)
        began = time.monotonic()
        made.answers["synthesize"] = made.run(
            origin, "core", "data", "synthesize", "--users", str(USERS), "--workers", WORKERS,
            "--until", "2026-11-01T00:00:00Z",
        )  # fmt: skip
        plant_in_the_source(origin.database)
        tell_vault(servers, origin, site)
        made.answers["anonymize"] = made.run(site, "core", "data", "anonymize", *PATHS)
        print(f"\n{USERS} people in {time.monotonic() - began:.0f} s: {json.dumps(made.answers)}")
        yield made


def plant_in_the_source(database: Database) -> None:
    """Add what the made-up people lack: an erased person, a hold, texts where few are."""
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute(
            "UPDATE users SET personal_salt = NULL, deleted_at = updated_at, full_name = NULL,"
            " full_name_key = NULL WHERE id = (SELECT min(id::text)::uuid FROM users"
            " WHERE deleted_at IS NULL AND role = 'user')"
        )
        admin.execute(
            "INSERT INTO audit_legal_holds (id, reason, user_id, placed_at)"
            " SELECT gen_random_uuid(), 'case of Mona Lisa', id, now() FROM users LIMIT 1"
        )
        admin.execute(
            "INSERT INTO kyc_reviews SELECT gen_random_uuid(), id, 'pending', 'rejected',"
            " %s, 'reviewer@example.org', now() FROM users LIMIT 1",
            (PLANTED_REASON,),
        )


def tell_vault(servers: Servers, origin: Site, site: Site) -> None:
    """Write what the paths of both ends hold."""
    place = {"host": "127.0.0.1", "port": servers.stack.postgres.port}
    service, owner = servers.access.service, servers.access.owner
    key = (origin.vault.read("personal-data-key") or {})["key"]
    source = {"database": origin.database.name, "username": service.username}
    target = {"database": site.database.name, "username": owner.username}
    site.vault.create("clone-source", place | source | {"password": service.password, "key": key})
    site.vault.create("clone-target", place | target | {"password": owner.password})


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.admin_dsn) as admin:
        return admin.execute(statement.encode()).fetchall()


def test_made_up_people_are_all_there_and_their_log_is_valid(clone: Clone) -> None:
    told = clone.answers["synthesize"]
    assert told["users"] == USERS
    assert told["sealed_rows"] == told["rows"]["audit_events"]
    report = clone.run(clone.origin, "core", "audit", "verify")
    assert report["valid"] is True
    assert report["checked_count"] == told["rows"]["audit_events"]
    assert report["database"] == "synthetic"
    assert rows(clone.origin.database, "SELECT FROM audit_events_default") == []


def test_a_clone_has_every_row_and_a_valid_log_of_its_own(clone: Clone) -> None:
    for table in ("users", "sessions", "kyc_reviews", "outbox", "audit_events", "known_devices"):
        count = f"SELECT count(*) FROM {table}"
        assert rows(clone.site.database, count) == rows(clone.origin.database, count), table
    report = clone.run(clone.site, "core", "audit", "verify")
    assert (report["valid"], report["database"]) == (True, "anonymized")
    hits = clone.answers["anonymize"]["scan"]["hits"]
    assert hits == {}
    assert clone.answers["anonymize"]["scan"]["originals"] > 20 * USERS


@pytest.mark.parametrize(
    "join",
    [
        "sessions AS s JOIN users AS u ON u.id = s.user_id",
        "refresh_tokens AS t JOIN refresh_tokens AS n ON n.token = t.successor",
        "audit_events AS e JOIN users AS u ON u.id::text = e.actor_id",
        "audit_events AS e JOIN sessions AS s ON s.id::text = e.resource_id",
        "outbox AS o JOIN audit_events AS e ON e.trace_id = o.trace_id",
        "outbox AS o JOIN sessions AS s ON s.id::text = o.payload ->> 'session_id'",
        "kyc_reviews AS k JOIN users AS u ON u.id::text = k.reviewer_id",
    ],
)
def test_what_belonged_together_still_does(clone: Clone, join: str) -> None:
    count = f"SELECT count(*) FROM {join}"
    assert rows(clone.site.database, count) == rows(clone.origin.database, count)


def test_addresses_stay_unique_and_ids_keep_their_order(clone: Clone) -> None:
    found = rows(clone.site.database, "SELECT email_key, lower(email) FROM users")
    assert len({key for key, _ in found}) == len(found)
    assert all(key == email and key.endswith("@example.com") for key, email in found)
    ordered = "SELECT created_at FROM users ORDER BY id"
    assert rows(clone.site.database, ordered) == rows(clone.origin.database, ordered)
    erased = "SELECT count(*) FROM users WHERE personal_salt IS NULL"
    assert rows(clone.site.database, erased) == [(1,)]


USER: Final = "(SELECT id FROM users ORDER BY id LIMIT 1)"
PLANTS: Final = {
    "an address": (
        "SELECT email FROM users ORDER BY id DESC LIMIT 1",
        f"UPDATE users SET email = %s WHERE id = {USER}",
        "users.email",
    ),
    "a name in capitals": (
        "SELECT upper(full_name) FROM users WHERE full_name IS NOT NULL LIMIT 1",
        f"UPDATE users SET full_name = %s, full_name_key = 'x' WHERE id = {USER}",
        "users.full_name",
    ),
    "a name within a sentence": (
        "SELECT 'called ' || full_name || ', twice' FROM users WHERE full_name IS NOT NULL LIMIT 1",
        "UPDATE kyc_reviews SET reason = %s WHERE status = 'rejected'",
        "kyc_reviews.reason",
    ),
    "an address of the network": (
        "SELECT ip_address FROM sessions LIMIT 1",
        "UPDATE sessions SET ip_address = %s",
        "sessions.ip_address",
    ),
    "an id in a payload": (
        "SELECT id::text FROM sessions LIMIT 1",
        "UPDATE outbox SET payload = payload || jsonb_build_object('more', 'see ' || %s)",
        "outbox.payload",
    ),
    "a user agent": (
        "SELECT user_agent FROM sessions LIMIT 1",
        "UPDATE sessions SET user_agent = %s",
        "sessions.user_agent",
    ),
    "a digest of a token": (
        "SELECT token FROM refresh_tokens WHERE successor IS NULL LIMIT 1",
        f"UPDATE known_devices SET country = %s WHERE user_id = {USER}",
        "known_devices.country",
    ),
    "a salt": (
        "SELECT personal_salt FROM users WHERE personal_salt IS NOT NULL LIMIT 1",
        f"UPDATE users SET personal_salt = %s WHERE id = {USER}",
        "users.personal_salt",
    ),
}


@pytest.mark.parametrize("plant", list(PLANTS)[: None if IS_LONG else 5])
def test_an_original_value_is_found_wherever_it_is(clone: Clone, plant: str) -> None:
    found, change, place = PLANTS[plant]
    ((original,),) = rows(clone.origin.database, found)
    with planted(clone.site.database, change, original):
        report = scan(clone.access()).report
    assert place in report.hits, report


@contextmanager
def planted(database: Database, change: str, original: object) -> Iterator[None]:
    """Put a value into the clone for as long as the block runs."""
    table = change.split()[1]
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        kept = admin.execute(f"SELECT to_jsonb(t) FROM {table} AS t".encode()).fetchall()
        admin.execute(change.encode(), (original,))
        try:
            yield
        finally:
            admin.execute(f"DELETE FROM {table}".encode())
            for (row,) in kept:
                admin.execute(
                    f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"
                    f" SELECT (jsonb_populate_record(NULL::{table}, %s)).*".encode(),
                    (Jsonb(row),),
                )


def test_an_original_that_was_sealed_with_the_clones_own_key_is_found(clone: Clone) -> None:
    access = clone.access()
    ((original, user_id),) = rows(
        clone.origin.database, "SELECT ip_address, user_id FROM sessions ORDER BY id LIMIT 1"
    )
    pseudonyms = Pseudonyms(access.pseudonym_key, password_hash="x")
    owner = pseudonyms.id(str(user_id))
    ((row_id, salt),) = rows(
        clone.site.database,
        "SELECT e.id, u.personal_salt FROM audit_events AS e JOIN users AS u ON u.id ="
        f" e.origin_owner WHERE u.id = '{owner}' AND e.ip_address IS NOT NULL LIMIT 1",
    )
    place = TextPlace(row_id=row_id, field="ip_address")
    sealed = access.target.texts.seal(original, salt=bytes(salt), place=place)
    statement = f"UPDATE audit_events SET ip_address = %s WHERE id = '{row_id}'"
    with psycopg.connect(clone.site.database.admin_dsn, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        before = admin.execute(
            f"SELECT ip_address FROM audit_events WHERE id = '{row_id}'".encode()
        ).fetchone()
        admin.execute(statement.encode(), (sealed,))
        assert "audit_events.ip_address" in scan(access).report.hits
        admin.execute(statement.encode(), before)


def test_a_scan_on_the_command_line_names_the_place_and_not_the_value(clone: Clone) -> None:
    found, change, place = PLANTS["an address"]
    ((original,),) = rows(clone.origin.database, found)
    with planted(clone.site.database, change, original):
        done = operate(clone.site, "core", "data", "scan", *PATHS)
    assert done.returncode == 1
    assert f"refused: original values are in the clone: {place} (1)" in done.stderr
    assert original not in done.stdout + done.stderr
    assert json.loads(done.stdout)["hits"] == {place: 1}


def _end(site: Site, database: Database, role: str) -> End:
    servers = site.servers
    login = servers.access.service if role == "service" else servers.access.owner
    return End(
        options=PostgresOptions(
            host="127.0.0.1", port=servers.stack.postgres.port, database=database.name
        ),
        login=PostgresLogin(username=login.username, password=login.password),
        keys=(_key(site, "personal-data-key"),),
    )


def _key(site: Site, name: str) -> bytes:
    return base64.b64decode((site.vault.read(name) or {})["key"])


LONG: Final = pytest.mark.long


@LONG
def test_a_run_that_was_killed_goes_on_where_it_was(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    users = max(USERS // 4, 11_000)
    words = (
        *("core", "data", "synthesize", "--users", str(users), "--workers", "1"),
        *("--until", "2026-11-01T00:00:00Z"),
    )
    with new_site(servers, folder / "a") as origin, new_site(servers, folder / "b") as site:
        made = Clone(origin=origin, site=site)
        kill_when(origin, words, "SELECT count(*) FROM users")
        refused = operate(origin, *words[:-1], "2026-11-02T00:00:00Z")
        assert "another run was interrupted" in refused.stderr
        told = made.run(origin, *words)
        assert 0 < told["users"] < users, "what was there was not made again"
        assert rows(origin.database, "SELECT count(*) FROM users") == [(users,)]
        assert made.run(origin, "core", "audit", "verify")["valid"] is True
        assert "there already" in operate(origin, *words).stderr

        tell_vault(servers, origin, site)
        clone_words = ("core", "data", "anonymize", *PATHS[:-1], "1")
        kill_when(site, clone_words, "SELECT count(*) FROM clone_chunks")
        # Somebody is renamed and one more row is committed between the two states.
        renamed = "UPDATE users SET full_name = 'Mona Lisa', full_name_key = 'mona lisa'"
        with psycopg.connect(origin.database.admin_dsn) as admin:
            admin.execute(f"{renamed} WHERE id = {USER}".encode())
        told = made.run(site, *clone_words)
        assert told["kept_audit_rows"] > 0
        assert told["scan"]["hits"] == {}
        report = made.run(site, "core", "audit", "verify")
        assert report["valid"] is True
        everything = "SELECT count(*), max(sequence) FROM audit_events"
        assert rows(site.database, everything) == rows(origin.database, everything)
        assert "complete clone already" in operate(site, *clone_words).stderr


def kill_when(site: Site, words: tuple[str, ...], counted: str) -> None:
    """Kill a command once a part of its work is committed."""
    process = site.start(*words)
    process.wait_until(lambda: rows(site.database, counted)[0][0] > 0, seconds=PATIENCE_SECONDS)
    process.kill()
    process.exit_code(seconds=30)
    gone = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    deadline = time.monotonic() + 30
    while rows(site.database, gone)[0][0] > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
