"""Two sites, one with made-up people and one for their clone, and the commands that fill them."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Final

import psycopg

from core.bootstrap.data_clone_access import CloneAccess, End
from core.postgres.connection import PostgresLogin, PostgresOptions
from tests.e2e.processes import run_to_end
from tests.e2e.site import Site, new_site
from tests.servers import Database, Servers

PATHS: Final = ("--from", "clone-source", "--to", "clone-target")
PATIENCE_SECONDS: Final = 120.0
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


@contextmanager
def two_sites(servers: Servers, folder: Path) -> Iterator[Clone]:
    """Make both sites; nothing is in them yet."""
    with new_site(servers, folder / "a") as origin, new_site(servers, folder / "b") as site:
        yield Clone(origin=origin, site=site)


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


def kill_when(
    site: Site,
    words: tuple[str, ...],
    counted: str,
    *,
    above: int = 0,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    """Kill a command once a part of its work is committed."""
    process = site.start(*words)
    process.wait_until(lambda: rows(site.database, counted)[0][0] > above, seconds=seconds)
    process.kill()
    process.exit_code(seconds=30)
    gone = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    deadline = time.monotonic() + 30
    while rows(site.database, gone)[0][0] > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
