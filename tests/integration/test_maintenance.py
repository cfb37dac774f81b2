"""Partitions are there before they are needed, and what has served goes a batch at a time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.domain.errors import Conflict
from core.domain.maintenance import Served
from core.postgres.served_rows import PostgresMaintenanceTurn
from core.service.cleaning import Cleaning
from core.service.partition_making import month_after
from tests.contract.records import Records
from tests.integration.keeping_scene import OPERATOR, KeepingScene, open_scene
from tests.postgres_client import login_of, options_of
from tests.servers import Database

pytestmark = pytest.mark.asyncio

NOW = datetime.now(UTC)


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[KeepingScene]:
    async with open_scene(database, tmp_path) as scene:
        yield scene


def named(month: date) -> str:
    return month.strftime("audit_events_y%Ym%m")


def beginning(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


async def test_months_are_made_once_and_as_far_ahead_as_wanted(scene: KeepingScene) -> None:
    # The migrations have made twelve.
    report = await scene.making().run(months_ahead=14)
    assert report.made == tuple(f"{month_after(NOW, n):%Y-%m}" for n in (13, 14))
    assert {named(month_after(NOW, n)) for n in range(15)} <= scene.tables()
    assert (report.adopted, report.blocked, report.default_rows.oldest) == (None, (), None)
    again = await scene.making().run(months_ahead=14)
    assert again.made == ()


async def test_rows_that_came_before_their_partition_are_adopted_and_not_moved(
    scene: KeepingScene,
) -> None:
    first, second = month_after(NOW, 13), month_after(NOW, 14)
    numbers = scene.write(beginning(first), beginning(second), beginning(second))
    await scene.seals.seal_all()
    before = scene.read("SELECT ctid, xmin, * FROM audit_events ORDER BY sequence")
    report = await scene.making().run(months_ahead=16)
    assert report.adopted == f"{named(first)}_to_{second:y%Ym%m}"
    assert report.made == tuple(f"{month_after(NOW, n):%Y-%m}" for n in (15, 16))
    assert (report.blocked, report.default_rows.oldest) == ((), None)
    assert scene.read("SELECT ctid, xmin, * FROM audit_events ORDER BY sequence") == before
    assert (await asyncio.to_thread(scene.seals.verify)).valid
    # What comes now finds its place there, and the new default partition takes what has none.
    numbers += scene.write(beginning(second), datetime(2999, 1, 1, tzinfo=UTC))
    tables = [
        name
        for (name,) in scene.read(
            "SELECT tableoid::regclass::text FROM audit_events ORDER BY sequence"
        )
    ]
    assert tables == [report.adopted] * 4 + ["audit_events_default"]
    assert numbers == sorted(numbers)


async def test_rows_of_months_too_far_apart_stay_and_are_reported(scene: KeepingScene) -> None:
    wanted = beginning(month_after(NOW, 13))
    scene.write(wanted, datetime(1999, 5, 1, tzinfo=UTC))
    report = await scene.making().run(months_ahead=14)
    assert report.adopted is None
    assert report.blocked == (f"{wanted:%Y-%m}",)
    assert report.made == (f"{month_after(NOW, 14):%Y-%m}",)
    assert report.default_rows.oldest == datetime(1999, 5, 1, tzinfo=UTC)
    assert report.default_rows.newest == wanted


async def test_one_process_at_a_time_maintains(scene: KeepingScene) -> None:
    def turn() -> PostgresMaintenanceTurn:
        dsn = scene.database.maintainer_dsn
        return PostgresMaintenanceTurn(options_of(dsn), login_of(dsn))

    async with turn().take() as first:
        assert first
        async with turn().take() as second:
            assert not second
    async with turn().take() as third:
        assert third


async def test_a_log_that_is_in_use_for_long_is_given_up_on(
    scene: KeepingScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.service.partition_making._TRIES", 2)
    monkeypatch.setattr("core.service.partition_making._PAUSE_SECONDS", 0.01)
    with psycopg.connect(scene.database.service_dsn) as reader:
        reader.execute("SELECT count(*) FROM audit_events")
        with pytest.raises(Conflict):
            await scene.making().run(months_ahead=13)
    assert (await scene.making().run(months_ahead=13)).made


AGES: dict[Served, int] = dict.fromkeys(Served, 3600)


async def served(scene: KeepingScene) -> dict[str, Any]:
    """Store one of each kind that has served long ago, and one that has not."""
    records = Records()
    records.clock.set(NOW - timedelta(days=40))
    ids: dict[str, Any] = {}
    for age in ("old", "new"):
        if age == "new":
            records.clock.set(NOW)
        new = records.new_user()
        async with scene.service.transaction() as unit:
            await unit.users.create(new)
            await unit.users.lock(new.id)
            await unit.commit()
        with psycopg.connect(scene.database.admin_dsn) as admin:
            admin.execute("SET session_replication_role = replica")
            for statement in filter(str.strip, ROWS.split(";")):
                admin.execute(statement.encode(), {"user": new.id, "at": records.now()})
        ids[age] = new.id
    return ids


ROWS = """
INSERT INTO outbox (id, user_id, event_type, payload, trace_id, occurred_at, published_at,
stream_id) VALUES (gen_random_uuid(), %(user)s, 'x', '{}', repeat('0', 32), %(at)s, %(at)s,
'1-1');
INSERT INTO outbox (id, user_id, event_type, payload, trace_id, occurred_at) VALUES
(gen_random_uuid(), %(user)s, 'waiting', '{}', repeat('0', 32), %(at)s);
INSERT INTO one_time_tokens (id, digest, purpose, user_id, created_at, expires_at) VALUES
(%(user)s, encode(sha256(uuid_send(%(user)s)), 'hex'), 'password_reset', %(user)s,
%(at)s::timestamptz - interval '1 hour', %(at)s);
INSERT INTO mail_outbox (id, user_id, template, token_id, created_at, sent_at, attempts,
next_attempt_at) VALUES (gen_random_uuid(), %(user)s, 'x', %(user)s, %(at)s, %(at)s, 0, %(at)s);
INSERT INTO mail_outbox (id, user_id, template, created_at, attempts, next_attempt_at) VALUES
(gen_random_uuid(), %(user)s, 'waiting', %(at)s, 0, %(at)s);
INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, absolute_expires_at,
amr) VALUES (%(user)s, %(user)s, %(at)s, %(at)s, %(at)s, %(at)s, '{}');
INSERT INTO refresh_tokens (token, user_id, session_id, expires_at, created_at) VALUES
(encode(sha256(uuid_send(%(user)s)), 'hex'), %(user)s, %(user)s, %(at)s, %(at)s);
INSERT INTO refresh_tokens (token, user_id, session_id, expires_at, created_at, used_at,
successor) VALUES (encode(sha256(sha256(uuid_send(%(user)s))), 'hex'), %(user)s, %(user)s,
%(at)s, %(at)s, %(at)s, encode(sha256(uuid_send(%(user)s)), 'hex'));
INSERT INTO mfa_challenges (digest, user_id, password_mark, created_at, expires_at) VALUES
(encode(sha256(uuid_send(%(user)s)), 'hex'), %(user)s, repeat('0', 64), %(at)s::timestamptz -
interval '1 hour', %(at)s);
INSERT INTO consumed_events (consumer, event_id, handled_at) VALUES ('x', %(user)s, %(at)s);
INSERT INTO idempotency_keys (digest, request_digest, method, status, content, caller_id,
created_at, expires_at) VALUES (encode(sha256(uuid_send(%(user)s)), 'hex'), repeat('0', 64),
'x', 0, '', %(user)s, %(at)s::timestamptz - interval '1 day', %(at)s);
"""

COUNTS = """
SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM mail_outbox),
       (SELECT count(*) FROM one_time_tokens), (SELECT count(*) FROM refresh_tokens),
       (SELECT count(*) FROM mfa_challenges), (SELECT count(*) FROM consumed_events),
       (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM sessions),
       (SELECT count(*) FROM users)
"""


async def clean(scene: KeepingScene, *, batch_size: int = 1) -> dict[str, int]:
    cleaning = Cleaning(rows=scene.maintainer.served_rows(), clock=scene.seals.clock)
    removed = await cleaning.run(AGES, batch_size=batch_size)
    return {kind.value: count for kind, count in removed.items()}


async def test_what_has_served_goes_and_what_has_not_stays(scene: KeepingScene) -> None:
    await served(scene)
    assert scene.read(COUNTS) == [(4, 4, 2, 4, 2, 2, 2, 2, 2)]
    assert await clean(scene) == {
        "published_events": 1,
        "mail": 1,
        "one_time_tokens": 1,
        "refresh_tokens": 2,
        "mfa_challenges": 1,
        "consumed_events": 1,
        "keyed_answers": 1,
    }
    assert scene.read(COUNTS) == [(3, 3, 1, 2, 1, 1, 1, 2, 2)]
    assert scene.read("SELECT count(*) FROM outbox WHERE published_at IS NULL") == [(2,)]
    assert scene.read("SELECT count(*) FROM mail_outbox WHERE sent_at IS NULL") == [(2,)]
    assert set((await clean(scene)).values()) == {0}


async def test_what_a_hold_covers_stays(scene: KeepingScene) -> None:
    ids = await served(scene)
    hold = await scene.hold(user_id=ids["old"])
    assert await clean(scene) == dict.fromkeys(Served, 0) | {"consumed_events": 1}
    await scene.holds().release(hold.id, caller=OPERATOR)
    assert (await clean(scene))["refresh_tokens"] == 2


async def test_two_may_clean_at_once_and_somebody_elses_rows_are_passed_over(
    scene: KeepingScene,
) -> None:
    await served(scene)
    with psycopg.connect(scene.database.service_dsn) as relay:
        relay.execute("SELECT FROM outbox WHERE published_at IS NOT NULL FOR UPDATE")
        one, other = await asyncio.gather(clean(scene), clean(scene))
    assert one["published_events"] == other["published_events"] == 0
    assert one["mail"] + other["mail"] == 1
    assert (await clean(scene))["published_events"] == 1
