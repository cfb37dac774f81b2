"""Neither words nor time tell whether an address has an account, or what has become of it.

Each try has an account and a client address of its own. `make timing-long` makes 300 of each class.
"""

import random
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv6Address
from typing import Any, Final

import grpc.aio
import psycopg
import pytest
import pytest_asyncio

from core.crypto.identifiers import MonotonicUuid7
from core.observability.clock import SystemClock
from pandora.user.v1 import auth_service_pb2 as pb
from pandora.user.v1 import auth_service_pb2_grpc
from tests.e2e.grpc_door import open_channel
from tests.e2e.ledger import rows
from tests.e2e.people import PASSWORD
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.e2e.timing import Try, assert_no_oracle, measure, rounds
from tests.servers import Servers
from tests.unit.middleware.door import Refusal

pytestmark = [pytest.mark.asyncio, pytest.mark.long]

WRONG: Final = "another-horse-battery-staple"

_CLIENTS: Final = int(IPv6Address("2001:db8:eeee::"))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A service whose registration is neutral, and people who have never been there before."""

    service: Service
    auth: Any
    hashed_password: str

    def people(self, number: int, *, suspended: bool = False, deleted: bool = False) -> list[str]:
        """Store so many accounts; return their addresses."""
        now = datetime.now(UTC)
        ids = MonotonicUuid7(clock=SystemClock())
        emails = [new_address() for _ in range(number)]
        with (
            psycopg.connect(self.service.site.database.admin_dsn) as connection,
            connection.cursor().copy(
                "COPY users (id, email, email_key, hashed_password, role, kyc_status,"
                " email_verified, mfa_enabled, suspended_at, created_at, updated_at, deleted_at)"
                " FROM STDIN"
            ) as copy,
        ):
            for email in emails:
                state = (now if suspended else None, now, now, now if deleted else None)
                row = (email, email, self.hashed_password, "user", "pending", True, False, *state)
                copy.write_row((ids.new_id(), *row))
        return emails

    async def login(self, email: str, password: str) -> str:
        request = pb.LoginRequest(email=email, password=password)
        return await _answer(partial(self.auth.Login, request))

    async def asks_for_reset(self, email: str) -> str:
        request = pb.RequestPasswordResetRequest(email=email)
        return await _answer(partial(self.auth.RequestPasswordReset, request))

    async def registers(self, email: str) -> str:
        request = pb.RegisterRequest(email=email, password=PASSWORD)
        return await _answer(partial(self.auth.Register, request))


def new_address() -> str:
    return f"{uuid.uuid4().hex}@example.com"


async def _answer(call: Callable[..., Any]) -> str:
    """Call from a client address that was never used; return what was answered, in words."""
    client = str(IPv6Address(_CLIENTS + (random.getrandbits(56) << 64) + 1))
    try:
        answer = await call(metadata=(("x-client-address", client),), timeout=60.0)
    except grpc.aio.AioRpcError as error:
        refusal = Refusal.of(error)
        return f"{refusal.code.name} {refusal.reason} {refusal.message}"
    return repr(answer)


@pytest.fixture(scope="module")
def service(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of this module's own: what others ask for would be in the times."""
    settings = {"PANDORA_ACCOUNTS__NEUTRAL_REGISTRATION": "true"}
    folder = tmp_path_factory.mktemp("timing")
    with (
        new_site(servers, folder, settings=settings) as site,
        running_service(site, without=("consumer", "sealer")) as service,
    ):
        yield service


@pytest_asyncio.fixture
async def scene(service: Service) -> AsyncIterator[Scene]:
    # Seeded by the service itself, with the parameters that it hashes with.
    ((hashed_password,),) = rows(service, "SELECT hashed_password FROM users LIMIT 1")
    async with open_channel(service.site) as channel:
        stub = auth_service_pb2_grpc.AuthServiceStub(channel)
        yield Scene(service=service, auth=stub, hashed_password=hashed_password)


def _each(call: Callable[..., Any], emails: Sequence[str], *more: str) -> list[Try]:
    return [partial(call, email, *more) for email in emails]


async def test_a_login_takes_the_same_time_whoever_it_is(scene: Scene) -> None:
    number = rounds()
    strangers = [new_address() for _ in range(2 * number)]
    samples = await measure(
        {
            "known": _each(scene.login, scene.people(number), WRONG),
            "unknown": _each(scene.login, strangers[:number], WRONG),
            "deleted": _each(scene.login, scene.people(number, deleted=True), WRONG),
            "suspended": _each(scene.login, scene.people(number, suspended=True), WRONG),
            "empty password": _each(scene.login, scene.people(number), ""),
            "unknown, empty password": _each(scene.login, strangers[number:], ""),
        }
    )
    assert_no_oracle(samples)
    assert samples["known"].answers.pop().startswith("UNAUTHENTICATED INVALID_CREDENTIALS")


async def test_a_request_for_a_reset_takes_the_same_time_whoever_it_is(scene: Scene) -> None:
    number = rounds()
    samples = await measure(
        {
            "known": _each(scene.asks_for_reset, scene.people(number)),
            "unknown": _each(scene.asks_for_reset, [new_address() for _ in range(number)]),
            "deleted": _each(scene.asks_for_reset, scene.people(number, deleted=True)),
            "suspended": _each(scene.asks_for_reset, scene.people(number, suspended=True)),
        }
    )
    assert_no_oracle(samples)


async def test_a_neutral_registration_takes_the_same_time_whoever_it_is(scene: Scene) -> None:
    number = rounds()
    samples = await measure(
        {
            "known": _each(scene.registers, scene.people(number)),
            "unknown": _each(scene.registers, [new_address() for _ in range(number)]),
            "deleted": _each(scene.registers, scene.people(number, deleted=True)),
            "suspended": _each(scene.registers, scene.people(number, suspended=True)),
        }
    )
    assert_no_oracle(samples)
