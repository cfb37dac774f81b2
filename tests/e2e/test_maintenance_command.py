"""`python -m core maintain` and its holds, as a scheduler and an operator run them."""

import json
import uuid
from typing import Any

import psycopg

from core.postgres.served_rows import LOCK_KEY
from tests.e2e.site import Site

ROW = """
INSERT INTO audit_events (id, occurred_at, actor_type, action, resource_type, outcome, request_id,
                          trace_id, details, hash)
VALUES (gen_random_uuid(), now() + make_interval(months => %s::integer), 'system', 'user.update',
        'user', 'success', 'r', 't', '{}', repeat('0', 64))
"""


def ran(site: Site, *arguments: str, **changes: str) -> tuple[int, str, str]:
    ended = site.run("core", "maintain", *arguments, **changes)
    plain = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout.strip(), "\n".join(plain)


def summary(printed: str) -> dict[str, Any]:
    (line,) = printed.splitlines()
    document: dict[str, Any] = json.loads(line)
    return document


def query(site: Site, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(site.database.admin_dsn) as admin:
        return admin.execute(statement.encode()).fetchall()


def test_a_run_tells_what_it_did_and_can_be_repeated(site: Site) -> None:
    with psycopg.connect(site.database.owner_dsn, autocommit=True) as owner:
        owner.execute("SELECT add_audit_month('2015-06-01')")
    code, printed, said = ran(site, PANDORA_AUDIT__MONTHS_AHEAD="13")
    told = summary(printed)
    assert (code, said) == (0, "")
    assert told["turn"] is True
    assert len(told["partitions"]["made"]) == 1
    assert told["retired"] == {"months": ["audit_events_y2015m06"], "rows": 0, "kept": {}}
    assert set(told["removed"].values()) == {0}
    assert query(site, "SELECT partition FROM audit_retirements") == [("audit_events_y2015m06",)]
    assert "retirement audit_events_y2015m06\n" in site.checkpoint_file.read_text()
    again = summary(ran(site, PANDORA_AUDIT__MONTHS_AHEAD="13")[1])
    assert (again["partitions"]["made"], again["retired"]["months"]) == ([], [])


def test_a_second_run_at_the_same_time_leaves_the_work_to_the_first(site: Site) -> None:
    with psycopg.connect(site.database.maintainer_dsn, autocommit=True) as first:
        first.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        code, printed, _ = ran(site)
    assert (code, summary(printed)) == (0, {"turn": False})


def test_a_part_that_fails_keeps_no_other_from_its_work(site: Site) -> None:
    with psycopg.connect(site.database.owner_dsn, autocommit=True) as owner:
        owner.execute("SELECT add_audit_month('2015-06-01')")
    code, printed, said = ran(site, PANDORA_VAULT__AUDIT_SEAL_KEY="no-such-key")
    told = summary(printed)
    assert code == 1
    assert said.startswith("refused: retirement: vault is out of reach")
    assert "retired" not in told
    assert told["partitions"]["blocked"] == []
    assert "removed" in told
    assert query(site, "SELECT count(*) FROM audit_retirements") == [(0,)]


def test_what_needs_a_person_is_a_failure_that_says_so(site: Site) -> None:
    with psycopg.connect(site.database.service_dsn, autocommit=True) as service:
        for months in ("-300", "13"):
            service.execute(ROW.encode(), [months])
    code, printed, said = ran(site, PANDORA_AUDIT__MONTHS_AHEAD="14")
    assert code == 1
    assert "cannot be made" in said
    assert len(summary(printed)["partitions"]["blocked"]) == 1


def test_holds_are_placed_listed_and_released(site: Site) -> None:
    user = str(uuid.uuid4())
    code, hold, _ = ran(site, "hold", "add", "--reason", "case 17/2026", "--user", user)
    assert code == 0
    span = ("--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00+00:00")
    code, other, _ = ran(site, "hold", "add", "--reason", "case 18/2026", *span)
    assert code == 0
    assert ran(site, "hold", "release", hold)[:2] == (0, f"{hold} released")
    first, second = (json.loads(line) for line in ran(site, "hold", "list")[1].splitlines())
    assert (first["id"], first["user_id"], first["reason"]) == (hold, user, "case 17/2026")
    assert first["released_at"] is not None
    assert (second["id"], second["from_time"]) == (other, "2026-01-01T00:00:00+00:00")
    assert second["released_at"] is None
    assert query(
        site,
        "SELECT action, resource_id, user_id::text FROM audit_events"
        " WHERE resource_type = 'legal_hold' ORDER BY sequence",
    ) == [
        ("legal_hold.place", hold, user),
        ("legal_hold.place", other, None),
        ("legal_hold.release", hold, user),
    ]


def test_a_hold_of_nothing_is_not_understood(site: Site) -> None:
    assert ran(site, "hold", "add", "--reason", "x", "--from", "2026-01-01T00:00:00Z")[0] == 2
