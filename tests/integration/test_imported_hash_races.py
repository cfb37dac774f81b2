"""First logins, resets and imports that meet each other, on a real PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psycopg
import pytest
import pytest_asyncio

from core.domain.account_import import LineOutcome, LineReport
from core.domain.errors import Conflict, InvalidCredentials
from core.domain.mail import MailTemplate
from core.domain.one_time_token import TokenPurpose
from core.domain.session import LoginResult
from tests.fakes.world import World
from tests.postgres_client import empty, open_database
from tests.servers import Database
from tests.unit.service.concurrently import outcomes

pytestmark = pytest.mark.asyncio

EMAIL = "ada@example.com"
PASSWORD = "twelve chars"
NEW_PASSWORD = "another horse, another battery"


@dataclass(kw_only=True)
class Scene:
    """The service on fakes but for its storage."""

    world: World
    database: Database

    def line(self, email: str = EMAIL) -> bytes:
        given = {"email": email, "password_hash": self.world.hasher.foreign(PASSWORD)}
        return json.dumps(given).encode()

    async def bring(self, *lines: bytes) -> list[LineReport]:
        run = self.world.use_cases.user_import.run(lines, dry_run=False, caller=self.world.system)
        return [report async for report in run]

    def numbers(self, statement: str) -> tuple[int, ...]:
        with psycopg.connect(self.database.admin_dsn) as connection:
            found = connection.execute(statement.encode()).fetchone()
        assert found is not None
        return tuple(found)


@pytest_asyncio.fixture
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    empty(module_database.admin_dsn)
    async with open_database(module_database.service_dsn) as storage:
        yield Scene(world=World(storage=storage), database=module_database)


async def test_all_first_logins_at_once_come_in_and_one_of_them_renews_the_hash(
    scene: Scene,
) -> None:
    await scene.bring(scene.line())
    found = await outcomes(scene.world.login(EMAIL, PASSWORD) for _ in range(8))
    assert all(isinstance(outcome, LoginResult) for outcome in found), found
    renewed = "SELECT count(*) FROM audit_events WHERE details ? 'password_rehashed'"
    assert scene.numbers(renewed) == (1,)
    assert scene.numbers("SELECT count(*) FROM sessions") == (8,)
    ours = "SELECT count(*) FROM users WHERE hashed_password LIKE '$fake$%'"
    assert scene.numbers(ours) == (1,)


async def test_a_password_that_is_set_beside_first_logins_is_the_one_that_stays(
    scene: Scene,
) -> None:
    world = scene.world
    await scene.bring(scene.line())
    await world.use_cases.password_reset.request(email=EMAIL, caller=world.nobody)
    with psycopg.connect(scene.database.admin_dsn) as connection:
        found = connection.execute(
            "SELECT token_id FROM mail_outbox WHERE template = %s",
            (MailTemplate.PASSWORD_RESET.value,),
        ).fetchone()
        assert found is not None
        token_id = found[0]
    token = world.one_time_tokens.derive(token_id, TokenPurpose.PASSWORD_RESET)
    reset = world.use_cases.password_reset.reset(
        token=token, new_password=NEW_PASSWORD, caller=world.nobody
    )
    logins = [world.login(EMAIL, PASSWORD) for _ in range(4)]
    first, *others = await asyncio.wait_for(
        asyncio.gather(reset, *logins, return_exceptions=True), 20
    )
    assert first is None
    allowed = LoginResult | InvalidCredentials | Conflict
    assert all(isinstance(outcome, allowed) for outcome in others), others
    await world.login(EMAIL, NEW_PASSWORD)
    with pytest.raises(InvalidCredentials):
        await world.login(EMAIL, PASSWORD)
    alive = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL"
    assert scene.numbers(alive) == (1,)


async def test_imports_of_one_file_at_once_share_it_whatever_its_order(scene: Scene) -> None:
    lines = [scene.line(f"person{number}@example.com") for number in range(60)]
    imports = [
        scene.bring(*lines),
        scene.bring(*lines[::-1]),
        scene.bring(*lines[30:], *lines[:30]),
    ]
    reports: list[LineReport] = []
    for found in await outcomes(imports):
        assert isinstance(found, list), found
        reports += found
    imported = [report for report in reports if report.outcome is LineOutcome.IMPORTED]
    assert len(imported) == 60
    assert len(reports) == 180
    assert scene.numbers("SELECT count(*) FROM users") == (60,)
    rows = "SELECT count(*) FROM audit_events WHERE action = 'user.import'"
    assert scene.numbers(rows) == scene.numbers("SELECT count(*) FROM outbox") == (60,)


async def test_a_registration_beside_an_import_takes_the_address_once(scene: Scene) -> None:
    world = scene.world
    lines = [scene.line(f"person{number}@example.com") for number in range(20)]
    names = [f"PERSON{number}@example.com" for number in range(0, 20, 3)]
    await outcomes([scene.bring(*lines), *(world.register_as_system(name) for name in names)])
    assert scene.numbers("SELECT count(*), count(DISTINCT email_key) FROM users") == (20, 20)
