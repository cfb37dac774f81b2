"""What the audit log's table holds of personal data, and what can be read of it later."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from psycopg import errors
from psycopg.rows import class_row

from core.crypto.personal_texts import SealedPersonalTexts
from core.domain.audit import AuditAction, AuditEntry, AuditEvent, AuditFilter
from core.domain.audit_row import AuditRow, row_hash
from core.domain.caller import ActorType
from core.domain.user import User
from core.postgres.audit_rows import APPEND_AUDIT_EVENT, AuditRecord, to_params, to_row
from core.postgres.database import PostgresDatabase
from tests.contract.records import Records
from tests.postgres_client import PERSONAL_TEXTS, empty, open_database, store_user
from tests.servers import Database

pytestmark = pytest.mark.asyncio

EVERYTHING = AuditFilter()
REASON = "Der Paß ist unleserlich."


@dataclass(kw_only=True)
class Scene:
    """A database with two people, and what is stored in it."""

    database: Database
    service: PostgresDatabase
    records: Records
    ada: User
    officer: User

    def decision(self) -> AuditEntry:
        """Return what the officer has decided about Ada."""
        entry = self.records.audit_entry(user_id=self.ada.id, actor_id=str(self.officer.id))
        return replace(entry, action=AuditAction.KYC_UPDATE, reason=REASON)

    async def append(self, *entries: AuditEntry, service: PostgresDatabase | None = None) -> None:
        async with (service or self.service).transaction() as unit:
            for entry in entries:
                await unit.audit.append(entry)
            await unit.commit()

    async def listed(self, service: PostgresDatabase | None = None) -> Sequence[AuditEvent]:
        async with (service or self.service).reading() as stored:
            return await stored.audit.list_page(EVERYTHING, before=None, limit=100)

    def rows(self) -> Sequence[AuditRecord]:
        columns = ", ".join(AuditRecord.__slots__)
        with psycopg.connect(
            self.database.owner_dsn, row_factory=class_row(AuditRecord)
        ) as connection:
            statement = f"SELECT {columns} FROM audit_events ORDER BY sequence"  # noqa: S608
            return connection.execute(statement.encode()).fetchall()

    def as_superuser(self, statement: str, *values: object) -> None:
        """Change what nobody else may change."""
        with psycopg.connect(self.database.admin_dsn) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement.encode(), values)

    def destroy_salt(self, user: User) -> None:
        self.as_superuser(
            "UPDATE users SET personal_salt = NULL, deleted_at = now() WHERE id = %s", user.id
        )


@pytest_asyncio.fixture
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    empty(module_database.admin_dsn)
    records = Records()
    async with open_database(module_database.service_dsn) as service:
        yield Scene(
            database=module_database,
            service=service,
            records=records,
            ada=await store_user(service, records.new_user()),
            officer=await store_user(service, records.new_user()),
        )


async def test_nothing_personal_is_readable_in_the_table_and_the_hash_covers_what_is_there(
    scene: Scene,
) -> None:
    entry = scene.decision()
    await scene.append(entry)
    (record,) = scene.rows()
    assert (record.version, record.origin_owner) == (2, scene.officer.id)
    stored = json.dumps([str(getattr(record, name)) for name in record.__slots__])
    for text in (REASON, entry.ip_address, entry.user_agent):
        assert str(text) not in stored
    assert all(
        str(text).startswith("p1.")
        for text in (record.reason, record.ip_address, record.user_agent)
    )
    assert record.hash == row_hash(to_row(record))
    (event,) = await scene.listed()
    assert (event.entry, event.hash) == (entry, record.hash)


async def test_each_person_has_a_salt_of_their_own_from_the_start(scene: Scene) -> None:
    with psycopg.connect(scene.database.owner_dsn) as connection:
        salts = [bytes(salt) for (salt,) in connection.execute("SELECT personal_salt FROM users")]
    assert [len(salt) for salt in salts] == [32, 32]
    assert salts[0] != salts[1]


@pytest.mark.parametrize("known", [True, False], ids=["met before", "never met"])
async def test_whoever_is_nobody_in_particular_has_nobodys_key(scene: Scene, known: bool) -> None:  # noqa: FBT001
    entry = scene.decision()
    if known:
        entry = replace(entry, actor_type=ActorType.SYSTEM, actor_id=None, user_id=None)
    else:
        entry = replace(entry, actor_id=str(UUID(int=1)), user_id=UUID(int=2))
    await scene.append(entry)
    (record,) = scene.rows()
    assert record.origin_owner is None
    assert str(record.ip_address).startswith("n1.")
    assert str(record.reason).startswith("n1.")
    assert [event.entry for event in await scene.listed()] == [entry]


async def test_without_the_salt_the_texts_are_gone_the_row_is_shown_and_its_hash_holds(
    scene: Scene,
) -> None:
    entry = scene.decision()
    own = replace(scene.decision(), actor_id=str(scene.ada.id), reason=None)
    await scene.append(entry, own)
    before = scene.rows()
    scene.destroy_salt(scene.ada)
    newest, oldest = await scene.listed()
    assert oldest.entry == replace(entry, reason=None)
    assert newest.entry == replace(own, ip_address=None, user_agent=None)
    assert scene.rows() == before
    assert all(row_hash(to_row(record)) == record.hash for record in before)


async def test_a_process_that_has_met_them_before_cannot_make_anything_readable_again(
    scene: Scene,
) -> None:
    await scene.append(scene.decision())
    scene.destroy_salt(scene.ada)
    # This process still knows the salt: what it seals is as unreadable as all else.
    await scene.append(scene.decision())
    async with open_database(scene.database.service_dsn) as other:
        # That one does not, and leaves the text out.
        await scene.append(scene.decision(), service=other)
        assert [event.entry.reason for event in await scene.listed(other)] == [None] * 3
    assert [event.entry.reason for event in await scene.listed()] == [None] * 3
    assert [record.reason is None for record in scene.rows()] == [False, False, True]
    assert {event.entry.ip_address for event in await scene.listed()} == {"2001:db8::7"}


@pytest.mark.parametrize(
    "forged",
    ["p1.AAAA", "n1.AAAA", "p1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
)
async def test_a_tampered_text_is_left_out_told_to_the_log_and_breaks_no_page(
    scene: Scene, forged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    entry, other = scene.decision(), scene.decision()
    await scene.append(entry, other)
    scene.as_superuser("UPDATE audit_events SET ip_address = %s WHERE id = %s", forged, entry.id)
    newest, oldest = await scene.listed()
    assert (newest.entry, oldest.entry) == (other, replace(entry, ip_address=None))
    said = capsys.readouterr().out
    assert "audit_seal_broken" in said
    assert f"lowest_sequence={oldest.sequence}" in said
    assert forged not in said


async def test_texts_that_change_places_are_seen(scene: Scene) -> None:
    first, second = scene.decision(), scene.decision()
    await scene.append(first, second)
    scene.as_superuser(
        "UPDATE audit_events AS e SET reason = other.reason FROM audit_events AS other"
        " WHERE other.id <> e.id"
    )
    assert [event.entry.reason for event in await scene.listed()] == [None, None]


async def test_a_row_of_the_first_version_stays_readable_and_verifiable(scene: Scene) -> None:
    entry = scene.decision()
    old = AuditRow(
        version=1,
        id=entry.id,
        occurred_at=entry.occurred_at,
        actor_type=entry.actor_type,
        actor_id=entry.actor_id,
        action=entry.action,
        resource_type=entry.resource_type,
        resource_id=entry.resource_id,
        user_id=entry.user_id,
        outcome=entry.outcome,
        reason=entry.reason,
        origin_owner=None,
        ip_address=entry.ip_address,
        user_agent=entry.user_agent,
        request_id=entry.request_id,
        trace_id=entry.trace_id,
        details=entry.details,
    )
    with psycopg.connect(scene.database.service_dsn) as connection:
        connection.execute(APPEND_AUDIT_EVENT.text.encode(), to_params(old))
    await scene.append(scene.decision())
    oldest, _ = scene.rows()
    assert to_row(oldest) == old
    assert row_hash(to_row(oldest)) == oldest.hash
    assert (await scene.listed())[1].entry == entry
    scene.destroy_salt(scene.ada)
    assert (await scene.listed())[1].entry == entry


async def test_a_new_key_in_vault_seals_and_the_one_before_still_opens(scene: Scene) -> None:
    old, new = b"p" * 32, b"q" * 32
    first, second = scene.decision(), scene.decision()
    await scene.append(first)
    dsn = scene.database.service_dsn
    async with open_database(dsn, personal_texts=SealedPersonalTexts([new, old])) as renewed:
        await scene.append(second, service=renewed)
        assert [event.entry for event in await scene.listed(renewed)] == [second, first]
    # Whoever has not heard of the new key leaves out what it has sealed, and fails at nothing.
    assert [event.entry.reason for event in await scene.listed()] == [None, REASON]


@pytest.mark.parametrize("column", ["reason", "ip_address", "user_agent"])
async def test_the_table_refuses_a_personal_text_that_is_not_sealed(
    scene: Scene, column: str
) -> None:
    entry = scene.decision()
    await scene.append(entry)
    (record,) = scene.rows()
    params = dict(to_params(replace(to_row(record), id=UUID(int=5))))
    params[column] = "in the clear"
    with (
        psycopg.connect(scene.database.service_dsn) as connection,
        pytest.raises(errors.CheckViolation, match="audit_events_personal_texts_are_sealed"),
    ):
        connection.execute(APPEND_AUDIT_EVENT.text.encode(), params)


async def test_the_tests_and_the_service_seal_alike() -> None:
    assert isinstance(PERSONAL_TEXTS, SealedPersonalTexts)
