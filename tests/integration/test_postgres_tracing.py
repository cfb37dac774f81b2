"""Each statement is a span by its name; parameters are in none."""

import asyncio

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from core.domain.errors import EmailAlreadyRegistered
from tests.contract.records import Records
from tests.postgres_client import empty, open_database
from tests.servers import Database

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _without_rows(module_database: Database) -> None:
    empty(module_database.admin_dsn)


class Recording:
    """A tracer whose spans can be looked at."""

    def __init__(self, *, sampled: bool = True) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider() if sampled else TracerProvider(sampler=ALWAYS_OFF)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Tracer = provider.get_tracer("test")

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if name in {None, span.name}]


async def test_the_statements_of_a_unit_of_work_lie_below_the_span_of_the_request(
    module_database: Database,
) -> None:
    recording, records = Recording(), Records()
    new = records.new_user("traced.person@example.com", full_name="Traced Person")
    async with open_database(module_database.service_dsn, tracer=recording.tracer) as database:
        with recording.tracer.start_as_current_span("request"):
            async with database.transaction() as unit:
                await unit.users.create(new)
                await unit.commit()
    (create,), (commit,), (request,) = map(recording.spans, ("create_user", "commit", "request"))
    assert request.context is not None
    for span in (create, commit):
        assert span.kind is SpanKind.CLIENT
        assert span.parent is not None
        assert span.parent.span_id == request.context.span_id
        assert span.attributes == {
            "db.system.name": "postgresql",
            "db.operation.name": span.name,
            "db.namespace": module_database.name,
        }
    assert all("raced" not in span.to_json() for span in recording.spans())


async def test_a_failed_statement_is_marked_by_its_code_alone(module_database: Database) -> None:
    recording, records = Recording(), Records()
    async with (
        open_database(module_database.service_dsn, tracer=recording.tracer) as database,
        database.transaction() as unit,
    ):
        await unit.users.create(records.new_user("twice.there@example.com"))
        with pytest.raises(EmailAlreadyRegistered):
            await unit.users.create(records.new_user("Twice.There@example.com"))
    good, failed = recording.spans("create_user")
    assert good.status.status_code is StatusCode.UNSET
    assert failed.status.status_code is StatusCode.ERROR
    assert failed.attributes is not None
    assert failed.attributes["error.type"] == "UniqueViolation"
    assert failed.attributes["db.response.status_code"] == "23505"
    assert failed.events == ()
    assert "there" not in failed.to_json().lower()


async def test_a_trace_that_is_not_sampled_gets_no_spans(module_database: Database) -> None:
    recording, unsampled = Recording(), Recording(sampled=False)
    async with open_database(module_database.service_dsn, tracer=recording.tracer) as database:
        with unsampled.tracer.start_as_current_span("request"):
            async with database.reading() as stored:
                await stored.users.get_by_email("nobody@example.com")
    assert recording.spans() == []


async def test_fifty_concurrent_reads_of_states_share_one_or_two_queries(
    module_database: Database,
) -> None:
    recording, records = Recording(), Records()
    async with open_database(module_database.service_dsn, tracer=recording.tracer) as database:
        async with database.transaction() as unit:
            user = await unit.users.create(records.new_user())
            sessions = [records.session(user.id) for _ in range(50)]
            for session in sessions:
                await unit.sessions.create(session)
            await unit.commit()
        async with database.reading() as stored:
            states = await asyncio.gather(
                *(stored.sessions.get_state(session.id) for session in sessions)
            )
    assert [state and state.session_id for state in states] == [one.id for one in sessions]
    assert 1 <= len(recording.spans("get_session_states")) <= 2
