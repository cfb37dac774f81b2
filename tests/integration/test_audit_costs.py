"""Audit costs a unit of work one statement: its own INSERT. Salts come along with other reads."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.domain.audit import AuditEntry
from core.domain.user import Role
from core.postgres.audit_log import PostgresAuditLog
from core.postgres.database import PostgresDatabase
from core.postgres.salt_cache import SaltCache
from core.service.deferral import DeferringDatabase
from pandora.user.v1 import (
    auth_service_pb2,
    kyc_pb2,
    kyc_service_pb2,
    session_service_pb2,
    user_service_pb2,
)
from tests.contract.records import Records
from tests.fakes.world import PASSWORD
from tests.integration.grpc_core import core_on, person
from tests.servers import Database
from tests.unit.transport.core_server import Person, ServedCore, bearer, refused

pytestmark = pytest.mark.asyncio

Call = Callable[[], Awaitable[object]]
APPEND = "append_audit_event"
_NUMBERS = count()


@dataclass(kw_only=True)
class Scene:
    """The served core, somebody, an officer, and what the database was asked.

    One that `forgets` meets everybody for the first time at each call.
    """

    core: ServedCore
    ada: Person
    officer: Person
    storage: PostgresDatabase
    spans: InMemorySpanExporter
    forgets: bool = False
    statuses: list[kyc_pb2.KycStatus] = field(
        default_factory=lambda: [kyc_pb2.KYC_STATUS_PENDING, kyc_pb2.KYC_STATUS_REJECTED]
    )

    def begin(self, *, forgetting: bool) -> None:
        self.spans.clear()
        if forgetting:
            self.storage._salts = SaltCache()
            self.storage._repositories.audit._salts._cache = self.storage._salts

    async def statements(self, call: Call) -> Sequence[str]:
        self.begin(forgetting=self.forgets)
        await call()
        return [span.name for span in self.spans.get_finished_spans()]

    @property
    def calls(self) -> dict[str, Call]:
        """Return calls that can be made any number of times."""
        core, ada, officer = self.core, self.ada, self.officer
        login = auth_service_pb2.LoginRequest(email="ada@example.com", password=PASSWORD)
        wrong = auth_service_pb2.LoginRequest(email="ada@example.com", password="wrong")

        async def decide() -> None:
            self.statuses.reverse()
            await core.kyc.UpdateKyc(
                kyc_service_pb2.UpdateKycRequest(
                    user_id=ada.id, status=self.statuses[0], reason="The passport is blurred."
                ),
                metadata=officer.credentials,
            )

        async def rename() -> None:
            await core.users.UpdateUser(
                user_service_pb2.UpdateUserRequest(
                    user_id=ada.id, full_name=f"Ada {next(_NUMBERS)}"
                ),
                metadata=ada.credentials,
            )

        async def log_out() -> None:
            token = (await core.auth.Login(login)).access_token
            self.begin(forgetting=self.forgets)
            await core.auth.Logout(auth_service_pb2.LogoutRequest(), metadata=bearer(token))

        async def refresh() -> None:
            token = (await core.auth.Login(login)).refresh_token
            self.begin(forgetting=self.forgets)
            await core.auth.RefreshToken(auth_service_pb2.RefreshTokenRequest(refresh_token=token))

        async def revoke() -> None:
            session_id = (await core.auth.Login(login)).session_id
            self.begin(forgetting=self.forgets)
            await core.sessions.RevokeSession(
                session_service_pb2.RevokeSessionRequest(user_id=ada.id, session_id=session_id),
                metadata=officer.credentials,
            )

        return {
            "login": lambda: core.auth.Login(login),
            "refused login": lambda: refused(core.auth.Login(wrong)),
            "KYC decision": decide,
            "rename": rename,
            "logout": log_out,
            "refresh": refresh,
            "revoked session": revoke,
        }


@asynccontextmanager
async def served(database: Database) -> AsyncIterator[Scene]:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with core_on(database, tracer=provider.get_tracer("tests")) as (core, use_cases):
        ada = await person(use_cases, "ada@example.com")
        officer = await person(use_cases, "officer@example.com", Role.ADMIN)
        deferring = use_cases.login.database
        assert isinstance(deferring, DeferringDatabase)
        storage = deferring.database
        assert isinstance(storage, PostgresDatabase)
        yield Scene(core=core, ada=ada, officer=officer, storage=storage, spans=spans)


async def test_audit_adds_one_statement_to_each_change(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write_nothing(_: PostgresAuditLog, entry: AuditEntry) -> None:
        del entry

    async with served(database) as scene:
        costs = {name: await scene.statements(call) for name, call in scene.calls.items()}
        monkeypatch.setattr(PostgresAuditLog, "append", write_nothing)
        unaudited = {name: await scene.statements(call) for name, call in scene.calls.items()}
    for name, statements in costs.items():
        assert statements.count(APPEND) == 1, name
        assert [each for each in statements if each != APPEND] == unaudited[name], name


async def test_a_process_that_has_met_nobody_yet_pays_no_more(database: Database) -> None:
    async with served(database) as scene:
        known = {name: await scene.statements(call) for name, call in scene.calls.items()}
        scene.forgets = True
        unknown = {name: await scene.statements(call) for name, call in scene.calls.items()}
    assert unknown == known


async def test_a_person_whom_no_statement_has_met_is_read_in_the_same_transaction(
    database: Database,
) -> None:
    async with served(database) as scene:
        entry = Records().audit_entry(user_id=scene.ada.user.id, actor_id=scene.officer.id)
        scene.begin(forgetting=True)
        async with scene.storage.transaction() as unit:
            await unit.audit.append(entry)
            await unit.audit.append(entry)
        names = [span.name for span in scene.spans.get_finished_spans()]
    assert names == ["get_personal_salts", APPEND, APPEND]
