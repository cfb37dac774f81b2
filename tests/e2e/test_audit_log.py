"""The audit log as an auditor meets it: sealed by one process, verified and proven by commands.

`make audit-long` writes a million rows, tells how long verifying them takes, and tries all attacks.
"""

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from core.postgres.audit_reader import PostgresLogReader
from tests.e2e.processes import run_to_end
from tests.e2e.site import Site, new_site
from tests.integration import audit_attacks as attacks
from tests.integration.audit_rows import write_rows
from tests.integration.seal_scene import SealScene, hash_of
from tests.servers import Database, Servers

_SHORT: Final = 2000
ROWS: Final = int(os.environ.get("AUDIT_ROWS", _SHORT))
IS_LONG: Final = ROWS > _SHORT
PATIENCE_SECONDS: Final = 60 + ROWS / 1000


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A site whose log is sealed and whose sealer has ended; attackers work on copies of it."""

    site: Site
    log: attacks.Log

    @contextmanager
    def copy(self) -> Iterator[Database]:
        """Copy the database for as long as the block runs."""
        databases, name = self.site.servers.stack.databases, f"test_{uuid.uuid4().hex}"
        databases.clone(self.site.database.name, name)
        try:
            yield self.site.servers.database(name)
        finally:
            databases.drop(name)

    def verify(self, database: Database | None = None) -> tuple[int, dict[str, Any], float]:
        """Run the command; return its exit code, what it prints, and how long it took."""
        name = (database or self.site.database).name
        began = time.monotonic()
        done = run_to_end(
            ("core", "audit", "verify"),
            self.site.environment("core") | {"PANDORA_POSTGRES__DATABASE": name},
            seconds=PATIENCE_SECONDS,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout), time.monotonic() - began


@pytest.fixture(scope="module")
def archive(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with new_site(servers, tmp_path_factory.mktemp("archive")) as site:
        sealer = site.start("core", "seal")
        # In two parts, so that there is more than one seal however fast the rows are written.
        for part in (1, 2):
            write_rows(site.database.admin_dsn, ROWS // 2, seed=part)
            expected = ROWS // 2 * part
            sealer.wait_until(lambda: sealed(site) == expected, seconds=PATIENCE_SECONDS)  # noqa: B023 - waited for at once
        sealer.stop()
        with psycopg.connect(site.database.admin_dsn) as admin:
            sequences = [
                sequence
                for (sequence,) in admin.execute("SELECT sequence FROM audit_events ORDER BY 1")
            ]
            last = admin.execute("SELECT max(first_sequence) FROM audit_seals").fetchone()
        assert last is not None
        yield Archive(site=site, log=attacks.Log(sequences=sequences, last_seal_first=int(last[0])))


def sealed(site: Site) -> int:
    """Return how many rows are sealed."""
    with psycopg.connect(site.database.service_dsn) as service:
        found = service.execute("SELECT max(size) FROM audit_seals").fetchone()
    return int((found or (0,))[0] or 0)


def test_a_log_that_was_left_alone_is_valid(archive: Archive) -> None:
    code, report, seconds = archive.verify()
    print(f"\n{report['checked_count']} rows verified in {seconds:.1f} s on {os.cpu_count()} cores")
    assert code == 0
    assert report["valid"] is True
    assert report["checked_count"] == ROWS
    assert report["sealed_sequence"] == archive.log.sequences[-1]
    assert report["first_invalid_sequence"] is None
    if IS_LONG:
        assert seconds < 60 * max(1.0, ROWS / 1_000_000)


def rewrite_everything(admin: attacks.Admin, log: attacks.Log) -> int:
    """Change all rows and give them the right hashes; the seals follow."""
    with admin.transaction():
        admin.execute("CREATE TEMPORARY TABLE fresh (sequence bigint, hash text) ON COMMIT DROP")
        reader = PostgresLogReader(admin)
        admin.execute("SET LOCAL timezone = 'UTC'")
        hashes = [
            (row.sequence, hash_of(row._replace(request_id="forged")))
            for row in reader.rows(-1, 2**62)
        ]
        with admin.cursor().copy("COPY fresh FROM STDIN") as copy:
            for one in hashes:
                copy.write_row(one)
        admin.execute(
            "UPDATE audit_events AS e SET request_id = 'forged', hash = fresh.hash FROM fresh"
            " WHERE fresh.sequence = e.sequence"
        )
        admin.execute("DELETE FROM audit_seals")
    return log.sequences[0]


_ALWAYS: Final = (attacks.edit_a_field, attacks.delete_the_last_seal_and_its_rows)
_IN_THE_LONG_FORM: Final = (
    attacks.delete_a_row_in_the_middle,
    attacks.delete_the_newest_rows,
    attacks.swap_two_rows,
    attacks.insert_behind,
)


@pytest.mark.parametrize(
    "attack", [*_ALWAYS, *_IN_THE_LONG_FORM[: None if IS_LONG else 0]], ids=lambda a: a.__name__
)
def test_what_a_superuser_does_is_named(archive: Archive, attack: attacks.Attack) -> None:
    with archive.copy() as database:
        with tampering(database) as admin:
            expected = attack(admin, archive.log)
        code, report, seconds = archive.verify(database)
    print(f"\n{attack.__name__}: row {report['first_invalid_sequence']} in {seconds:.1f} s")
    assert code == 1
    assert report["valid"] is False
    assert report["first_invalid_sequence"] == expected, report["reason"]


async def test_a_log_rewritten_without_the_key_is_named(archive: Archive, tmp_path: Path) -> None:
    with archive.copy() as database:
        with tampering(database) as admin:
            expected = rewrite_everything(admin, archive.log)
        async with SealScene(database, tmp_path) as forger:
            await forger.seal_all()
        code, report, seconds = archive.verify(database)
    print(f"\nrewritten without the key: row {report['first_invalid_sequence']} in {seconds:.1f} s")
    assert code == 1
    assert report["first_invalid_sequence"] == expected


@contextmanager
def tampering(database: Database) -> Iterator[attacks.Admin]:
    """Open a superuser's connection, for whom no trigger stands in the way."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        yield admin


def test_one_row_is_proven_to_somebody_who_has_a_key_and_nothing_else(
    archive: Archive, tmp_path: Path
) -> None:
    sequence = archive.log.sequences[ROWS // 3]
    keys, proof = tmp_path / "keys", tmp_path / "proof.json"
    keys.write_text(printed(archive.site, "public-key"))
    proof.write_text(printed(archive.site, "prove", str(sequence)))
    nowhere = {
        "PANDORA_VAULT__ADDRESS": "http://127.0.0.1:9",
        "PANDORA_POSTGRES__PORT": "9",
    }
    words = ("core", "audit", "check-proof", str(proof), "--public-key", str(keys))
    checked = archive.site.run(*words, **nowhere)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.startswith(f"row {sequence} stands in the log")

    content = json.loads(proof.read_text())
    proof.write_text(
        json.dumps(content | {"row": content["row"].replace('"version":2', '"version":1')})
    )
    forged = archive.site.run(*words, **nowhere)
    assert forged.returncode == 1
    assert forged.stderr == "refused: the row is not in the checkpoint's log\n"


def test_the_newest_checkpoint_is_the_last_one_in_its_place(archive: Archive) -> None:
    newest = printed(archive.site, "checkpoint")
    assert archive.site.checkpoint_file.read_text().endswith(f"\n\n{newest}\n")
    assert archive.site.checkpoint_file.stat().st_mode & 0o777 == 0o640


def printed(site: Site, *words: str) -> str:
    """Run a command on the log; return what it prints."""
    done = site.run("core", "audit", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout
