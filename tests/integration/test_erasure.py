"""Erasing a person in a real database: who is refused, and what may come in between."""

import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from core.crypto.keyed_digests import HmacDigests
from core.domain.errors import Conflict, DependencyUnavailable, UserNotFound
from core.domain.events import UserUpdated
from core.domain.legal_hold import LegalHold
from core.domain.ports.erasure import StreamSweep
from core.domain.throttling import Lane
from core.domain.user import User
from core.postgres.database import PostgresDatabase
from core.postgres.errors import StatementFailed
from core.postgres.outbox_queue import PostgresOutboxQueue
from core.postgres.pool import Pool
from core.service.erasure import Erased, Erasure, ErasureRefused
from core.service.login_throttling import failures_account
from core.service.recording import Recorder
from tests.contract.records import Records
from tests.integration.grpc_core import SYSTEM
from tests.postgres_client import empty, login_of, open_database, options_of, store_user
from tests.servers import Database

pytestmark = pytest.mark.asyncio

DIGESTS = HmacDigests(b"d" * 32)


class LosingSweep:
    """Streams that go out of reach at some sweeps."""

    def __init__(self, *lost: int) -> None:
        self.sweeps = 0
        self._lost = lost

    async def sweep(self, user_id: UUID) -> int:
        del user_id
        self.sweeps += 1
        if self.sweeps in self._lost:
            raise DependencyUnavailable("redis")
        return 0


@dataclass(kw_only=True)
class Scene:
    """A database with the two roles that work on it."""

    database: Database
    service: PostgresDatabase
    maintainer: PostgresDatabase
    records: Records = field(default_factory=Records)

    def erasure(
        self, streams: StreamSweep | None = None, *, database: PostgresDatabase | None = None
    ) -> Erasure:
        return Erasure(
            database=database or self.maintainer,
            streams=streams or LosingSweep(),
            digests=DIGESTS,
            recorder=Recorder(clock=self.records.clock, ids=self.records.ids),
        )

    async def deleted(self, email: str | None = None) -> User:
        user = await store_user(self.service, self.records.new_user(email))
        async with self.service.transaction() as unit:
            await unit.users.soft_delete(user.id, at=self.records.later())
            await unit.commit()
        return user

    def account(self, user: User) -> Mapping[str, Any]:
        with psycopg.connect(self.database.admin_dsn) as connection:
            row = connection.execute(
                "SELECT to_jsonb(users) FROM users WHERE id = %s", [user.id]
            ).fetchone()
        assert row is not None
        account: Mapping[str, Any] = row[0]
        return account


@pytest_asyncio.fixture
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    empty(module_database.admin_dsn)
    impatient = replace(options_of(module_database.maintainer_dsn), lock_timeout_seconds=0.3)
    async with (
        open_database(module_database.service_dsn) as service,
        open_database(module_database.maintainer_dsn, options=impatient) as maintainer,
    ):
        yield Scene(database=module_database, service=service, maintainer=maintainer)


async def test_whoever_is_not_deleted_is_not_erased(scene: Scene) -> None:
    user = await store_user(scene.service, scene.records.new_user())
    before = scene.account(user)
    streams = LosingSweep()
    with pytest.raises(ErasureRefused, match="delete it first"):
        await scene.erasure(streams).erase(user.id, caller=SYSTEM)
    assert scene.account(user) == before
    assert streams.sweeps == 0


async def test_nobody_is_not_erased(scene: Scene) -> None:
    with pytest.raises(UserNotFound):
        await scene.erasure().erase(uuid.uuid4(), caller=SYSTEM)


async def test_a_legal_hold_outlasts_everything_until_it_is_released(scene: Scene) -> None:
    user = await scene.deleted()
    hold = LegalHold(
        id=scene.records.ids.new_id(),
        reason="case 17",
        user_id=user.id,
        from_time=None,
        to_time=None,
        placed_at=scene.records.later(),
    )
    async with scene.service.transaction() as unit:
        await unit.legal_holds.add(hold)
        await unit.commit()
    before, streams = scene.account(user), LosingSweep()
    with pytest.raises(ErasureRefused, match="legal hold"):
        await scene.erasure(streams).erase(user.id, caller=SYSTEM)
    assert (scene.account(user), streams.sweeps) == (before, 0)
    async with scene.service.transaction() as unit:
        await unit.legal_holds.release(hold.id, at=scene.records.later())
        await unit.commit()
    assert await scene.erasure().erase(user.id, caller=SYSTEM) is Erased.NOW


async def test_without_the_streams_nothing_is_begun(scene: Scene) -> None:
    user = await scene.deleted()
    before = scene.account(user)
    with pytest.raises(DependencyUnavailable):
        await scene.erasure(LosingSweep(1)).erase(user.id, caller=SYSTEM)
    assert scene.account(user) == before


async def test_streams_that_are_lost_on_the_way_are_swept_by_doing_it_again(scene: Scene) -> None:
    user = await scene.deleted()
    streams = LosingSweep(2)
    with pytest.raises(ErasureRefused, match="run the command again"):
        await scene.erasure(streams).erase(user.id, caller=SYSTEM)
    assert scene.account(user)["personal_salt"] is None
    assert await scene.erasure(streams).erase(user.id, caller=SYSTEM) is Erased.BEFORE
    assert streams.sweeps == 4


async def test_what_takes_the_place_of_an_account_names_nobody(scene: Scene) -> None:
    user = await scene.deleted()
    await scene.erasure().erase(user.id, caller=SYSTEM)
    account = scene.account(user)
    placeholder = f"{user.id}@erased.invalid"
    assert {name: account[name] for name in ("email", "email_key", "hashed_password")} == {
        "email": placeholder,
        "email_key": placeholder,
        "hashed_password": "!",
    }
    assert (account["full_name"], account["full_name_key"]) == (None, None)
    assert account["personal_salt"] is None


@pytest.mark.parametrize(
    ("actor", "outcome", "address", "reason", "counted"),
    [
        ("themselves", "success", "203.0.113.7", None, 1),
        (None, "failure", "203.0.113.7", "INVALID_CREDENTIALS", 1),
        ("staff", "success", "203.0.113.7", "blurred", 1),
        ("staff", "success", "203.0.113.7", None, 0),
        ("themselves", "failure", None, "CONFLICT", 0),
    ],
)
async def test_old_rows_that_nothing_can_erase_are_counted(
    scene: Scene,
    actor: str | None,
    outcome: str,
    address: str | None,
    reason: str | None,
    counted: int,
) -> None:
    user = await scene.deleted()
    actors = {"themselves": str(user.id), "staff": str(uuid.uuid4()), None: None}
    with psycopg.connect(scene.database.service_dsn) as connection:
        for version in (1, 2):
            connection.execute(
                "INSERT INTO audit_events (version, id, occurred_at, actor_type, actor_id, action,"
                " resource_type, user_id, outcome, reason, ip_address, request_id, trace_id,"
                " details, hash) VALUES (%s, gen_random_uuid(), now(), 'user', %s, 'kyc.update',"
                " 'user', %s, %s, %s, %s, 'r', 't', '{}', repeat('0', 64))",
                [
                    version,
                    actors[actor],
                    user.id,
                    outcome,
                    reason if version == 1 or outcome == "failure" or reason is None else "p1.AAAA",
                    address if version == 1 or address is None else "p1.AAAA",
                ],
            )
    erasure = scene.erasure()
    await erasure.erase(user.id, caller=SYSTEM)
    assert await erasure.left_over(user.id) == counted


async def test_a_relay_at_work_on_the_persons_events_is_waited_for(scene: Scene) -> None:
    user = await store_user(scene.service, scene.records.new_user())
    async with scene.service.transaction() as unit:
        await unit.users.lock(user.id)
        await unit.outbox.append(
            scene.records.event(UserUpdated(user_id=user.id, changed_fields=("full_name",)))
        )
        await unit.users.soft_delete(user.id, at=scene.records.later())
        await unit.commit()
    pool = Pool(options_of(scene.database.service_dsn), login_of(scene.database.service_dsn))
    await pool.open()
    try:
        async with PostgresOutboxQueue(pool).claim(max_events=10, max_users=10) as claim:
            assert [event.user_id for event in claim.events] == [user.id]
            with pytest.raises(Conflict):
                await scene.erasure().erase(user.id, caller=SYSTEM)
    finally:
        await pool.close()
    assert await scene.erasure().erase(user.id, caller=SYSTEM) is Erased.NOW


async def test_the_service_itself_cannot_erase(scene: Scene) -> None:
    user = await scene.deleted()
    before = scene.account(user)
    with pytest.raises(StatementFailed, match="SQLSTATE 42501"):
        await scene.erasure(database=scene.service).erase(user.id, caller=SYSTEM)
    assert scene.account(user) == before


@pytest.mark.parametrize("is_taken", [True, False])
async def test_failed_logins_go_with_the_person_unless_the_address_has_a_new_holder(
    scene: Scene,
    is_taken: bool,  # noqa: FBT001
) -> None:
    user = await scene.deleted("ada@example.com")
    if is_taken:
        await store_user(scene.service, scene.records.new_user("Ada@example.com"))
    account = failures_account(DIGESTS, "ada@example.com")
    async with scene.service.transaction() as unit:
        await unit.login_failures.add(
            Lane(account=account, digest=account), at=scene.records.later()
        )
        await unit.commit()
    await scene.erasure().erase(user.id, caller=SYSTEM)
    async with scene.service.reading() as stored:
        assert await stored.login_failures.count(account) == (1 if is_taken else 0)
