"""The second factor on a real database and a real OpenBao that is taken away."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from core.domain.mfa import seal_context
from core.domain.ports.mfa import SecretBox
from core.domain.totp import code_at, time_step
from devstack.openbao import OpenBaoServer
from devstack.temporary import temporary_stack
from pandora.user.v1 import auth_service_pb2, mfa_service_pb2, user_service_pb2
from tests.fakes.mfa import FakeSecretBox
from tests.fakes.world import PASSWORD
from tests.integration.grpc_core import core_on, person
from tests.integration.vault_scene import VaultScene, unsealed
from tests.servers import Database
from tests.unit.transport.core_server import Person, ServedCore, bearer, refused

pytestmark = pytest.mark.asyncio

LIMIT_SECONDS = 1.0
ME = mfa_service_pb2.EnrollTotpRequest(user_id="me")


@pytest.fixture(scope="module")
def own_bao() -> Iterator[OpenBaoServer]:
    """A server of this module's own, to be stopped, sealed and frozen."""
    with temporary_stack() as stack:
        yield stack.openbao


@pytest.fixture
def scene(own_bao: OpenBaoServer, tmp_path: Path) -> Iterator[VaultScene]:
    unsealed(own_bao)
    yield VaultScene(own_bao, tmp_path)
    unsealed(own_bao)


class SecretLooker:
    """Passes on to a SecretBox, and remembers what was sealed: the people's authenticators."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box
        self._secrets: dict[str, bytes] = {}

    async def seal(self, secret: bytes, *, context: str) -> str:
        self._secrets[context] = secret
        return await self._box.seal(secret, context=context)

    async def open(self, sealed: str, *, context: str) -> bytes:
        return await self._box.open(sealed, context=context)

    def code(self, somebody: Person, steps: int = 0) -> str:
        secret = self._secrets[seal_context(somebody.user.id)]
        return code_at(secret, time_step(datetime.now(UTC)) + steps)


async def enroll(core: ServedCore, ada: Person, looker: SecretLooker) -> list[str]:
    """Give somebody a second factor; the code of the next step is the first that is left."""
    await core.mfa.EnrollTotp(ME, metadata=ada.credentials)
    confirmed = await core.mfa.ConfirmTotp(
        mfa_service_pb2.ConfirmTotpRequest(user_id="me", totp_code=looker.code(ada)),
        metadata=ada.credentials,
    )
    return list(confirmed.recovery_codes)


async def challenge(core: ServedCore, email: str = "ada@example.com") -> str:
    answer = await core.auth.Login(auth_service_pb2.LoginRequest(email=email, password=PASSWORD))
    return answer.mfa_challenge.challenge_token


def by_code(token: str, code: str) -> auth_service_pb2.CompleteMfaRequest:
    return auth_service_pb2.CompleteMfaRequest(challenge_token=token, totp_code=code)


def by_recovery(token: str, code: str) -> auth_service_pb2.CompleteMfaRequest:
    return auth_service_pb2.CompleteMfaRequest(challenge_token=token, recovery_code=code)


OUTAGES: dict[str, Callable[[VaultScene], None]] = {
    "sealed": lambda scene: scene.seal(),
    "stopped": lambda scene: scene.bao.stop(),
    "frozen": lambda scene: scene.bao.pause(),
}


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
async def test_without_vault_codes_are_unavailable_and_all_else_works(
    database: Database, scene: VaultScene, outage: Callable[[VaultScene], None]
) -> None:
    box = scene.secret_box(timeout_seconds=LIMIT_SECONDS)
    looker = SecretLooker(box)
    async with core_on(database, secret_box=looker) as (core, use_cases):
        ada = await person(use_cases, "ada@example.com")
        bob = await person(use_cases, "bob@example.com")
        recovery_codes = await enroll(core, ada, looker)
        await asyncio.to_thread(outage, scene)

        token = await challenge(core)
        began = asyncio.get_running_loop().time()
        refusals = [
            await refused(core.auth.CompleteMfa(by_code(token, looker.code(ada, 1)))),
            await refused(core.mfa.EnrollTotp(ME, metadata=bob.credentials)),
        ]
        took = asyncio.get_running_loop().time() - began
        plain = await core.auth.Login(
            auth_service_pb2.LoginRequest(email="bob@example.com", password=PASSWORD)
        )
        completed = await core.auth.CompleteMfa(by_recovery(token, recovery_codes[0]))
        me = await core.users.GetUser(
            user_service_pb2.GetUserRequest(user_id="me"), metadata=bearer(completed.access_token)
        )
        failed = _failures(database)

        await asyncio.to_thread(unsealed, scene.bao)
        back = await core.auth.CompleteMfa(by_code(await challenge(core), looker.code(ada, 1)))
    await box.close()

    assert {refusal.reason for refusal in refusals} == {"DEPENDENCY_UNAVAILABLE"}
    assert took < 4 * LIMIT_SECONDS
    assert plain.access_token
    assert me.user.mfa_enabled
    assert failed == 0
    assert back.access_token


def _failures(database: Database) -> int:
    """Count the wrong codes of all challenges."""
    with psycopg.connect(database.owner_dsn) as owner:
        row = owner.execute("SELECT sum(failures) FROM mfa_challenges").fetchone()
    assert row is not None
    return int(row[0])


class WaitingBox(FakeSecretBox):
    """A SecretBox that lets everybody wait until a test releases them."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.all_there = asyncio.Event()
        self.released = asyncio.Event()
        self.expected = 0

    async def open(self, sealed: str, *, context: str) -> bytes:
        self.waiting += 1
        if self.waiting == self.expected:
            self.all_there.set()
        if self.expected:
            await self.released.wait()
        return await super().open(sealed, context=context)


async def test_whoever_waits_for_vault_holds_neither_a_connection_nor_a_lock(
    database: Database,
) -> None:
    box = WaitingBox()
    looker = SecretLooker(box)
    async with core_on(database, secret_box=looker) as (core, use_cases):
        # More than the pool has connections.
        people = [await person(use_cases, f"person{n}@example.com") for n in range(12)]
        for somebody in people:
            await enroll(core, somebody, looker)
        requests = [
            by_code(await challenge(core, somebody.user.email), looker.code(somebody, 1))
            for somebody in people
        ]
        box.waiting, box.expected = 0, len(requests)
        calls = [asyncio.create_task(_complete(core, request)) for request in requests]
        async with asyncio.timeout(10):
            await box.all_there.wait()
        with psycopg.connect(database.admin_dsn) as admin:
            in_transactions = admin.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename = 'pandora_service' AND xact_start IS NOT NULL"
            ).fetchone()
            # Nobody holds the row of a person either.
            admin.execute("SELECT id FROM users FOR UPDATE NOWAIT")
        looked = await core.users.GetUser(
            user_service_pb2.GetUserRequest(user_id="me"), metadata=people[0].credentials
        )
        box.released.set()
        completed = await asyncio.gather(*calls)

    assert in_transactions == (0,)
    assert looked.user.id == people[0].id
    assert all(completed)


async def _complete(core: ServedCore, request: auth_service_pb2.CompleteMfaRequest) -> str:
    answer = await core.auth.CompleteMfa(request)
    return answer.access_token
