"""The commands that fill a database work with logins that Vault's database engine makes."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devstack.database_engine import DatabaseEngine
from devstack.databases import OWNER, SERVICE
from tests.e2e.site import Site, new_site
from tests.integration.database_login_scene import alone
from tests.servers import Servers

pytestmark = pytest.mark.long


@pytest.fixture
def site(servers: Servers, tmp_path: Path) -> Iterator[Site]:
    """A site whose secrets hold no login to PostgreSQL that works."""
    with new_site(servers, tmp_path) as site:
        for name in ("postgres", "postgres-owner"):
            site.replace_secret(name, {"username": "nobody", "password": "not-this-one"})
        yield site


def dynamic(site: Site) -> dict[str, str]:
    """Offer both logins; return the settings that ask for them."""
    stack = site.servers.stack
    with alone(stack.root):
        engine = DatabaseEngine(stack.openbao.client(), stack.postgres)
        engine.ensure()
    roles = {
        "DATABASE_ROLE": (site.vault.own_name("pandora-user-service"), SERVICE),
        "OWNER_DATABASE_ROLE": (site.vault.own_name("pandora-user-service-owner"), OWNER),
    }
    for role, rights in roles.values():
        engine.offer(role, rights_of=rights, ttl="1h", max_ttl="24h")
    names = {f"PANDORA_POSTGRES__{name}": role for name, (role, _) in roles.items()}
    return {"PANDORA_POSTGRES__CREDENTIALS": "dynamic", **names}


def test_people_are_made_up_with_logins_of_the_engine_and_those_are_given_back(site: Site) -> None:
    words = ("core", "data", "synthesize", "--users", "20", "--workers", "1")
    refused = site.run(*words)
    assert refused.returncode == 1
    assert refused.stdout == ""

    made = site.run(*words, **dynamic(site))
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    assert answer["users"] == 20
    assert answer["sealed_rows"] == answer["rows"]["audit_events"] > 20
    with psycopg.connect(site.database.admin_dsn) as admin:
        # What the owner's login has made is the owner's, although the login is gone.
        foreign = admin.execute(
            "SELECT relname FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner"
            " WHERE relname LIKE 'audit_events_%%' AND rolname <> %s",
            (OWNER,),
        ).fetchall()
    assert foreign == []


def test_a_role_that_the_engine_does_not_have_is_named_in_one_line(site: Site) -> None:
    offered = dynamic(site) | {"PANDORA_POSTGRES__OWNER_DATABASE_ROLE": "no-such-role"}
    refused = site.run("core", "data", "synthesize", "--users", "1", **offered)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines()[-1] == (
        "refused: Vault's engine database gives no login of its role no-such-role"
    )
