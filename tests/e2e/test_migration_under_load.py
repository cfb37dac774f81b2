"""The next release's migrations run while this release serves, and nothing is lost."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Final, TypeVar

import psycopg
import pytest

from core.postgres.migration_locks import LOCK_TIMEOUT_SECONDS, TRIES
from tests.e2e.cluster import Cluster, running_cluster
from tests.e2e.next_release import NextRelease
from tests.e2e.processes import run_to_end
from tests.e2e.site import Site, new_site
from tests.e2e.test_cluster import BEFORE_AND_AFTER, SETTINGS, told, traffic_to
from tests.postgres_client import until
from tests.servers import Servers

pytestmark = [pytest.mark.asyncio, pytest.mark.long]

MADE_UP: Final = 3000
"""People, beside those who call, so that an index and a backfill take a while."""
BATCH: Final = 500

Ended = CompletedProcess[str]
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """This release, which serves, and the next one, whose migrations are run."""

    site: Site
    cluster: Cluster
    release: NextRelease
    hand: Executor

    async def by_hand(self, work: Callable[[], Result]) -> Result:
        """Do what takes a while, in a thread that lives as long as what it starts."""
        return await asyncio.get_running_loop().run_in_executor(self.hand, work)


@pytest.fixture(scope="module")
def scene(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Run this release on a database with people in it."""
    folder = tmp_path_factory.mktemp("migrated")
    with new_site(servers, folder, settings=SETTINGS) as site:
        made = site.run("core", "data", "synthesize", "--users", str(MADE_UP), "--workers", "1")
        assert made.returncode == 0, made.stderr
        with ThreadPoolExecutor(1) as hand, running_cluster(site) as cluster:
            release = NextRelease.within(folder)
            yield Scene(site=site, cluster=cluster, release=release, hand=hand)


async def migrated(scene: Scene) -> Ended:
    """Run the next release's `python -m core migrate` to its end."""
    environment, folder = scene.site.environment("core"), scene.release.folder
    return await scene.by_hand(lambda: run_to_end(("core", "migrate"), environment, release=folder))


def is_newest(ended: Ended, release: NextRelease) -> bool:
    """Tell whether a migration has done everything."""
    assert ended.stderr == ""
    return ended.stdout == f"the schema is at revision {release.newest}\n"


async def test_what_expands_the_schema_loses_no_request(scene: Scene) -> None:
    site, release, cluster = scene.site, scene.release, scene.cluster
    before = release.newest
    expand(release)
    refused = run_to_end(("core", "serve"), site.environment("core"), release=release.folder)
    assert refused.stderr == (
        f"cannot start: connect PostgreSQL: the schema is at revision {before},"
        f" this version needs {release.newest}: run `python -m core migrate`\n"
    )
    async with traffic_to(site) as traffic:
        async with traffic.flowing():
            await traffic.until_more(BEFORE_AND_AFTER)
            assert is_newest(await migrated(scene), release)
            await scene.by_hand(lambda: backfill(site))
            validate(release)
            assert is_newest(await migrated(scene), release)
            await traffic.until_more(BEFORE_AND_AFTER)
            # One of this release that is started again finds a schema that is ahead; then the
            # next release takes over.
            await scene.by_hand(lambda: cluster.replace_oldest("core"))
            await scene.by_hand(lambda: cluster.roll("core", release.folder))
            await traffic.until_more(BEFORE_AND_AFTER)
        told(traffic)
        assert traffic.lost == []
    with psycopg.connect(site.database.admin_dsn) as admin:
        assert admin.execute(LEFT_UNDONE).fetchone() == (0, 0, 0, 0)


def expand(release: NextRelease) -> None:
    """Add what docs/migrations.md calls expanding, on the tables that are used most."""
    for table, column in (("users", "locale"), ("sessions", "label")):
        # One table a revision: who holds one and waits for another can block calls crosswise.
        release.add(
            f"Add a column to {table}",
            f"ALTER TABLE {table} ADD COLUMN {column} text, ADD COLUMN is_kept bool DEFAULT false",
        )
        release.add(
            f"Build an index of {table}",
            f"CREATE INDEX CONCURRENTLY {table}_by_{column} ON {table} ({column}, id)",
            alone=True,
        )
        release.add(
            f"Add a rule for new rows of {table}",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_short"
            f" CHECK (length({column}) < 100) NOT VALID",
        )


def validate(release: NextRelease) -> None:
    """Add what makes the rules hold for all rows."""
    release.add("Validate users", "ALTER TABLE users VALIDATE CONSTRAINT users_locale_short")
    release.add(
        "Validate sessions", "ALTER TABLE sessions VALIDATE CONSTRAINT sessions_label_short"
    )


def backfill(site: Site) -> None:
    """Fill the new columns, a batch a transaction, in the order of the primary key."""
    with psycopg.connect(site.database.owner_dsn, autocommit=True) as owner:
        for statement in (_FILL_USERS, _FILL_SESSIONS):
            last: object = "00000000-0000-0000-0000-000000000000"
            while last is not None:
                found = owner.execute(statement, {"after": last, "batch": BATCH}).fetchone()
                last = None if found is None else found[0]


_FILL_USERS: Final = b"""
WITH batch AS (
    SELECT id FROM users WHERE id > %(after)s::uuid ORDER BY id LIMIT %(batch)s FOR NO KEY UPDATE
), filled AS (
    UPDATE users SET locale = 'de' FROM batch WHERE users.id = batch.id RETURNING users.id
)
SELECT id FROM filled ORDER BY id DESC LIMIT 1
"""
_FILL_SESSIONS: Final = b"""
WITH batch AS (
    SELECT id FROM sessions WHERE id > %(after)s::uuid ORDER BY id LIMIT %(batch)s FOR NO KEY UPDATE
), filled AS (
    UPDATE sessions SET label = 'old' FROM batch WHERE sessions.id = batch.id RETURNING sessions.id
)
SELECT id FROM filled ORDER BY id DESC LIMIT 1
"""
LEFT_UNDONE: Final = b"""
SELECT
    (SELECT count(*) FROM users WHERE locale IS NULL),
    -- People log in meanwhile, and this release knows of no label.
    (SELECT count(*) FROM sessions WHERE label IS NULL AND is_kept),
    (SELECT count(*) FROM pg_constraint WHERE NOT convalidated),
    (SELECT count(*) FROM pg_index WHERE NOT indisvalid)
"""


async def test_a_table_in_use_ends_a_migration_and_nothing_is_lost_or_half_done(
    scene: Scene,
) -> None:
    site, release = scene.site, scene.release
    first = release.add("Add a table", "CREATE TABLE apart (id int)")
    release.add(
        "Change a table in use",
        "CREATE TABLE half_done (id int)",
        "ALTER TABLE users ADD COLUMN nickname text",
    )
    async with traffic_to(site) as traffic:
        async with traffic.flowing():
            await traffic.until_more(BEFORE_AND_AFTER)
            with psycopg.connect(site.database.admin_dsn) as report:
                report.execute("SELECT count(*) FROM users")
                ended = await migrated(scene)
            await traffic.until_more(BEFORE_AND_AFTER)
        told(traffic)
        assert traffic.lost == []
    assert (ended.returncode, ended.stdout) == (1, "")
    # Its log goes to standard error as well, before or after.
    assert (
        f"cannot start: migrate: tables were in use by others for {LOCK_TIMEOUT_SECONDS} s at each"
        f" of {TRIES} tries; the schema is at revision {first}, with nothing of the next one:"
        " run it again when long transactions have ended\n"
    ) in ended.stderr
    with psycopg.connect(site.database.admin_dsn) as admin:
        assert admin.execute(HALF_DONE).fetchone() == (True, False, 0)
    assert is_newest(await migrated(scene), release)


HALF_DONE: Final = b"""
SELECT
    to_regclass('apart') IS NOT NULL,
    to_regclass('half_done') IS NOT NULL,
    (SELECT count(*) FROM information_schema.columns
     WHERE table_name = 'users' AND column_name = 'nickname')
"""


async def test_an_index_is_waited_for_while_a_transaction_is_open(scene: Scene) -> None:
    site, release = scene.site, scene.release
    release.add(
        "Build another index",
        "CREATE INDEX CONCURRENTLY users_by_name ON users (full_name, id)",
        alone=True,
    )
    async with traffic_to(site) as traffic:
        async with traffic.flowing():
            with psycopg.connect(site.database.admin_dsn, autocommit=True) as admin:

                async def waiting() -> bool:
                    assert not running.done()
                    return waits_for_a_transaction(admin)

                with psycopg.connect(site.database.admin_dsn) as report:
                    # A transaction that keeps its snapshot, as a long report or a dump does.
                    report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                    report.execute("SELECT count(*) FROM users")
                    running = asyncio.create_task(migrated(scene))
                    await until(waiting, deadline_seconds=60)
                    # Much longer than any statement waits that makes others wait.
                    await traffic.until_more(BEFORE_AND_AFTER)
                    assert waits_for_a_transaction(admin)
                assert is_newest(await running, release)
            await traffic.until_more(BEFORE_AND_AFTER)
        told(traffic)
        assert traffic.lost == []
    with psycopg.connect(site.database.admin_dsn) as admin:
        found = admin.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone()
    assert found == (0,)


def waits_for_a_transaction(admin: "psycopg.Connection[tuple[object, ...]]") -> bool:
    """Tell whether a migration waits for somebody else's transaction to end."""
    found = admin.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'virtualxid'"
        " AND application_name = 'pandora-migrate' AND datname = current_database()"
    ).fetchone()
    return found == (1,)
