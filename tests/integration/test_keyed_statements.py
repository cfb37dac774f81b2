"""What an idempotency key costs the database: nothing without one, three statements with one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest_asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from core.domain.idempotency import KeyedCall, Outcome
from core.domain.ports.idempotency import Work
from core.domain.user import User
from tests.fakes.world import World
from tests.postgres_client import empty, open_database
from tests.servers import Database

FIND, ADD, COMMIT = "find_keyed_answer", "add_keyed_answer", "commit"


@dataclass(kw_only=True)
class Scene:
    """The service on a real database, and the statements that it has been sent."""

    world: World
    spans: InMemorySpanExporter

    async def statements(self, call: Callable[[], Awaitable[object]]) -> Sequence[str]:
        """Return the names of the statements of a call, in their order."""
        self.spans.clear()
        await call()
        return [span.name for span in self.spans.get_finished_spans()]

    async def suspend(self, user: User) -> object:
        administration = self.world.use_cases.administration
        return await administration.suspend(user.id, reason="x", caller=self.world.staff())

    async def suspend_with_key(self, user: User) -> object:
        async def execute() -> Outcome:
            await self.suspend(user)
            return Outcome(status=0, content=b"", subject_id=user.id)

        call = KeyedCall(
            digest=user.id.hex * 2, request_digest="0" * 64, method="m", caller_id=None
        )
        work = Work(execute=execute, refusal=unexpected)
        return await self.world.use_cases.idempotency.answer(call, work)


def unexpected(error: Exception) -> Outcome:
    raise AssertionError from error


@pytest_asyncio.fixture
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    empty(module_database.admin_dsn)
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer = provider.get_tracer("tests")
    async with open_database(module_database.service_dsn, tracer=tracer) as database:
        yield Scene(world=World(storage=database), spans=spans)


async def test_a_call_without_a_key_is_sent_the_statements_that_it_always_was(
    scene: Scene,
) -> None:
    ada = await scene.world.register_as_system("ada@example.com")
    assert await scene.statements(lambda: scene.suspend(ada)) == [
        "get_user_by_id",
        "lock_user",
        "set_user_suspended",
        "append_outbox_event",
        "revoke_sessions_of_user",
        "get_personal_salts",
        "append_audit_event",
        "commit",
    ]


async def test_a_key_adds_two_looks_and_one_row_and_a_repeat_is_one_look(scene: Scene) -> None:
    ada = await scene.world.register_as_system("ada@example.com")
    eve = await scene.world.register_as_system("eve@example.com")
    plain = await scene.statements(lambda: scene.suspend(ada))
    assert plain[-1] == COMMIT
    first = await scene.statements(lambda: scene.suspend_with_key(eve))
    assert first == [FIND, FIND, *plain[:-1], ADD, COMMIT]
    assert await scene.statements(lambda: scene.suspend_with_key(eve)) == [FIND]
