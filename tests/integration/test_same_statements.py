"""What a refused address costs the database is the same whether it has an account or not."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.domain.caller import Caller
from core.domain.errors import DomainError
from tests.fakes.world import ELSEWHERE, PASSWORD, THROTTLE, World
from tests.postgres_client import empty, open_database
from tests.servers import Database

pytestmark = pytest.mark.asyncio

KINDS = ("known", "suspended", "deleted", "unknown", "no address")


@dataclass(kw_only=True)
class Scene:
    """The service on a real database, and the statements that it has been sent."""

    world: World
    spans: InMemorySpanExporter

    async def address(self, kind: str) -> str:
        """Return an address of a kind that nobody has tried yet."""
        if kind == "no address":
            return "no address"
        world, email = self.world, f"{kind}{next(_NUMBERS)}@example.com"
        if kind == "unknown":
            return email
        user = await world.register_as_system(email)
        if kind == "suspended":
            administration = world.use_cases.administration
            await administration.suspend(user.id, reason="asked to", caller=world.system)
        if kind == "deleted":
            await world.use_cases.deletion.delete(user.id, caller=world.system)
        return email

    async def statements(self, call: Callable[[], Awaitable[object]]) -> Sequence[str]:
        """Return the names of the statements of a call, in their order, and its hashings."""
        self.spans.clear()
        self.world.hasher.verified.clear()
        with suppress(DomainError):
            await call()
        names = [span.name for span in self.spans.get_finished_spans()]
        return [*names, *["a hashing" for _ in self.world.hasher.verified]]

    def caller(self) -> Caller:
        """Call from a client that was never seen before."""
        address = f"2001:db8:{next(_NUMBERS):x}::1"
        return Caller(origin=replace(ELSEWHERE, ip_address=address))


_NUMBERS = count(1)


@pytest_asyncio.fixture
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    empty(module_database.admin_dsn)
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer = provider.get_tracer("tests")
    async with open_database(module_database.service_dsn, tracer=tracer) as database:
        yield Scene(world=World(storage=database), spans=spans)


async def test_every_refused_login_up_to_the_lock_out_costs_the_same(scene: Scene) -> None:
    async def course(kind: str, password: str) -> list[Sequence[str]]:
        email = await scene.address(kind)

        async def login() -> None:
            await scene.world.use_cases.login.login(
                email=email, password=password, caller=scene.caller()
            )

        return [await scene.statements(login) for _ in range(THROTTLE.account.from_failure + 2)]

    expected = await course("known", "wrong")
    assert expected[0].count("a hashing") == 1
    assert "append_outbox_event_unless_nobody" in expected[THROTTLE.account.from_failure - 1]
    assert expected[-1].count("a hashing") == 0
    for kind in KINDS[1:-1]:
        assert await course(kind, "wrong") == expected, kind
    for kind in ("known", "unknown"):
        assert await course(kind, "") == expected, f"{kind}, empty password"


async def test_what_is_no_address_is_looked_for_like_one(scene: Scene) -> None:
    async def login(email: str) -> Sequence[str]:
        return await scene.statements(
            lambda: scene.world.use_cases.login.login(
                email=email, password=PASSWORD, caller=scene.caller()
            )
        )

    assert await login("no address") == await login("nobody@example.com")


async def test_every_request_for_a_reset_costs_the_same(scene: Scene) -> None:
    async def request(kind: str) -> Sequence[str]:
        email = await scene.address(kind)
        return await scene.statements(
            lambda: scene.world.use_cases.password_reset.request(email=email, caller=scene.caller())
        )

    expected = await request("known")
    assert "append_mail" in " ".join(expected)
    for kind in KINDS[1:]:
        assert await request(kind) == expected, kind
