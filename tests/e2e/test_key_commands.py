"""An operator looks after the signing keys on the command line."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from devstack.ports import free_port
from devstack.secret_values import SIGNING_KEYS
from tests.e2e.signing import signing_keys
from tests.e2e.site import Site, new_site
from tests.servers import Servers

ROWS = """
    SELECT action, outcome, reason, actor_type, resource_type, resource_id, details
    FROM audit_events WHERE action LIKE 'key.%' ORDER BY sequence
"""


@pytest.fixture
def site(servers: Servers, tmp_path: Path) -> Iterator[Site]:
    """A place where nothing runs: the keys are the operator's alone."""
    with new_site(servers, tmp_path) as site:
        yield site


def keys(site: Site, *arguments: str, status: int = 0, **changes: str) -> str:
    """Run `keys …`; return what it says to whoever reads it."""
    done = site.run("core", "keys", *arguments, **changes)
    assert done.returncode == status, done.stderr
    spoken = done.stdout + done.stderr
    for key in signing_keys(site):
        secret = "".join(key.private_key_pem.splitlines()[1:-1])
        assert secret[:20] not in spoken.replace("\n", "")
    assert "PRIVATE" not in spoken
    return done.stderr if status else done.stdout


def states(table: str) -> list[str]:
    """Read the states off what `keys` printed, in its order."""
    _, *lines = table.splitlines()
    return [line.split()[1] for line in lines]


def audit_rows(site: Site) -> Sequence[Any]:
    with psycopg.connect(site.database.admin_dsn, row_factory=namedtuple_row) as connection:
        return connection.execute(ROWS).fetchall()


def test_a_key_is_announced_once_and_shown_without_its_private_half(site: Site) -> None:
    (first,) = signing_keys(site)
    listed = keys(site, "list")
    assert listed.splitlines()[0].split() == [
        "kid", "state", "published_at", "signs_from", "expires_at",
    ]  # fmt: skip
    assert states(listed) == ["signing"]
    assert listed.splitlines()[1].split()[0] == first.kid

    assert states(keys(site, "rotate")) == ["signing", "announced"]

    old, new = signing_keys(site)
    assert old.kid == first.kid
    assert old.expires_at is not None
    # The contract's max-age, dev.yaml's interval, three requests to Vault, the clocks' difference.
    assert (new.signs_from - new.published_at).total_seconds() == 300 + 5 + 3 * 5 + 5
    assert (old.expires_at - new.signs_from).total_seconds() == 24 * 3600 + 5
    begun, done = audit_rows(site)
    assert (begun.action, done.action) == ("key.rotate_begin", "key.rotate")
    for row in (begun, done):
        assert (row.outcome, row.actor_type, row.resource_type) == (
            "success", "system", "signing_key",
        )  # fmt: skip
        assert row.resource_id == row.details["kid"] == new.kid
        assert "PRIVATE" not in json.dumps(row.details)

    said = keys(site, "rotate", status=1)
    assert "refused: CONFLICT: A key is announced that does not sign yet" in said
    assert len(signing_keys(site)) == 2
    assert audit_rows(site)[-1].reason == "CONFLICT"


def test_in_an_emergency_every_other_key_expires_at_once_if_the_operator_says_so(
    site: Site,
) -> None:
    before = signing_keys(site)
    said = keys(site, "rotate", "--immediately", status=2)
    assert said == "refused: --immediately and --invalidate-tokens go together\n"
    assert signing_keys(site) == before

    after = keys(site, "rotate", "--immediately", "--invalidate-tokens")

    assert states(after) == ["expired", "signing"]
    assert audit_rows(site)[-1].details["immediately"] is True


def test_without_the_audit_log_no_key_changes(site: Site) -> None:
    before = site.vault.read(SIGNING_KEYS)
    nobody = {"PANDORA_POSTGRES__PORT": str(free_port())}
    said = keys(site, "rotate", status=1, **nobody)
    assert "cannot start: connect PostgreSQL" in said
    assert site.vault.read(SIGNING_KEYS) == before


def test_a_login_that_may_not_write_changes_no_key_and_leaves_a_row(site: Site) -> None:
    before = site.vault.read(SIGNING_KEYS)
    service = {
        "PANDORA_VAULT__OPERATOR_ROLE_ID_FILE": str(site.access.service_files.role_id),
        "PANDORA_VAULT__OPERATOR_SECRET_ID_FILE": str(site.access.service_files.secret_id),
    }
    said = keys(site, "rotate", status=1, **service)
    assert "access-token-keys may not be written by our role" in said
    assert "`keys list` tells whether the keys were changed" in said
    assert site.vault.read(SIGNING_KEYS) == before
    begun, failed = audit_rows(site)
    assert (begun.action, begun.outcome) == ("key.rotate_begin", "success")
    assert (failed.action, failed.reason) == ("key.rotate", "DEPENDENCY_UNAVAILABLE")
    assert begun.resource_id == failed.resource_id
