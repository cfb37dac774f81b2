"""A database password that is rotated under the running service."""

import asyncio
from dataclasses import replace

import psycopg
import pytest

from devstack.databases import Credentials
from devstack.private_file import new_password
from tests.e2e.ledger import events_of, rows
from tests.e2e.people import new_person
from tests.e2e.processes import Process
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.e2e.site import Site
from tests.postgres_client import until

pytestmark = [pytest.mark.asyncio, pytest.mark.long]


async def test_a_rotated_database_password_is_followed_without_a_restart(
    own_service: Service, own_rest: Rest
) -> None:
    site = own_service.site
    person = await new_person(own_rest)
    old = site.database.service_dsn
    rotated = await asyncio.to_thread(_rotate, site)
    for process in (own_service.core, own_service.relay):
        await _until_new_password_is_known(process)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(old)
    # Not one connection of the old login is left to live on.
    rows(own_service, _END_SESSIONS, rotated.username)

    async def works() -> bool:
        answer = await own_rest.get("/v1/users/me", token=person.access_token)
        return answer.status == 200

    await until(works)
    another = await new_person(own_rest)
    published = [event["event_type"] for event in await events_of(own_service, another.id)]
    assert published == ["user.created", "session.created"]
    for process in (own_service.core, own_service.relay):
        assert process.runs
        assert rotated.password not in process.stdout + process.stderr


def _rotate(site: Site) -> Credentials:
    """Change the password in PostgreSQL and in Vault, for every service of these servers."""
    rotated = Credentials(username=site.access.service.username, password=new_password())
    site.servers.stack.databases.grant_login(rotated)
    for access in (site.access, site.servers.access):
        replace(site, access=access).replace_secret(
            "postgres", {"username": rotated.username, "password": rotated.password}
        )
    return rotated


_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = %s"
)


async def _until_new_password_is_known(process: Process) -> None:
    async def knows() -> bool:
        return any(
            line["event"] == "secret_changed" and line["path"] == "postgres" for line in process.log
        )

    await until(knows)
