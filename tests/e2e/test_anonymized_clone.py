# ruff: noqa: S608 - statements are put together of the tests' own words
"""Made-up people, a clone without them, and the search for what may not be in it.

`make data-long` does the same with many more: test_data_at_scale.py.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import pytest
from psycopg.types.json import Jsonb

from core.bootstrap.data_scan import scan
from core.data.anonymization.pseudonyms import Pseudonyms
from core.domain.personal_key import TextPlace
from tests.e2e.clone_scene import (
    PATHS,
    Clone,
    kill_when,
    operate,
    plant_in_the_source,
    rows,
    tell_vault,
    two_sites,
)
from tests.servers import Database, Servers

USERS: Final = 60
PATHS_ALONE: Final = (*PATHS, "--workers", "1")


@pytest.fixture(scope="module")
def clone(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    folder = tmp_path_factory.mktemp("clone")
    with two_sites(servers, folder) as made:
        made.answers["synthesize"] = made.run(
            made.origin, "core", "data", "synthesize", "--users", str(USERS), "--workers", "1",
            "--until", "2026-11-01T00:00:00Z",
        )  # fmt: skip
        plant_in_the_source(made.origin.database)
        tell_vault(servers, made.origin, made.site)
        made.answers["anonymize"] = made.run(made.site, "core", "data", "anonymize", *PATHS_ALONE)
        yield made


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


LONG: Final = pytest.mark.long
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

RARE: Final = frozenset({"a user agent", "a digest of a token", "a salt"})


@pytest.mark.parametrize(
    "plant", [pytest.param(name, marks=LONG) if name in RARE else name for name in PLANTS]
)
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


def test_originals_in_a_table_that_no_rule_knows_are_found_whatever_their_type(
    clone: Clone,
) -> None:
    originals = rows(
        clone.origin.database,
        "SELECT u.email, s.ip_address, s.id::text FROM sessions AS s"
        " JOIN users AS u ON u.id = s.user_id LIMIT 1",
    )
    with psycopg.connect(clone.site.database.owner_dsn, autocommit=True) as owner:
        owner.execute(
            "CREATE TABLE notes (written bytea, came inet, said jsonb, listed text[], word varchar)"
        )
        owner.execute(
            "INSERT INTO notes SELECT convert_to(o.email, 'UTF8'), o.address::inet,"
            " jsonb_build_object(o.email, 1), ARRAY['x', o.id], upper(o.email)"
            " FROM (VALUES (%s, %s, %s)) AS o (email, address, id)",
            originals[0],
        )
        try:
            report = scan(clone.access()).report
        finally:
            owner.execute("DROP TABLE notes")
    columns = ("written", "came", "said", "listed", "word")
    assert report.hits == {f"notes.{column}": 1 for column in columns}


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
        done = operate(clone.site, "core", "data", "scan", *PATHS, "--workers", "2")
    assert done.returncode == 1
    assert f"refused: original values are in the clone: {place} (1)" in done.stderr
    assert original not in done.stdout + done.stderr
    assert json.loads(done.stdout)["hits"] == {place: 1}


@LONG
def test_a_run_that_was_killed_goes_on_where_it_was(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    users = 11_000
    words = (
        *("core", "data", "synthesize", "--users", str(users), "--workers", "1"),
        *("--until", "2026-11-01T00:00:00Z"),
    )
    with two_sites(servers, folder) as made:
        origin, site = made.origin, made.site
        kill_when(origin, words, "SELECT count(*) FROM users")
        refused = operate(origin, *words[:-1], "2026-11-02T00:00:00Z")
        assert "another run was interrupted" in refused.stderr
        told = made.run(origin, *words)
        assert 0 < told["users"] < users, "what was there was not made again"
        assert rows(origin.database, "SELECT count(*) FROM users") == [(users,)]
        assert made.run(origin, "core", "audit", "verify")["valid"] is True
        assert "there already" in operate(origin, *words).stderr

        tell_vault(servers, origin, site)
        clone_words = ("core", "data", "anonymize", *PATHS_ALONE)
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
