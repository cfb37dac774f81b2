"""One trace tells of a request from the gateway to the event that the platform hears."""

import secrets
from collections.abc import Collection, Sequence

import pytest
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.e2e.collector import CollectedSpan, Collector
from tests.e2e.people import PASSWORD, log_in, new_email, new_person
from tests.e2e.rest import CLIENT_ADDRESS, Rest
from tests.e2e.service import Service
from tests.postgres_client import until

pytestmark = pytest.mark.asyncio

_Kind = trace_pb2.Span.SpanKind


async def test_a_registrations_trace_reaches_from_the_gateway_to_the_stream(
    rest: Rest, service: Service, collector: Collector
) -> None:
    trace_id, caller = secrets.token_hex(16), secrets.token_hex(8)
    answer = await rest.call(
        "POST",
        "/v1/auth/register",
        {"email": new_email(), "password": PASSWORD},
        headers={"traceparent": f"00-{trace_id}-{caller}-01"},
    )
    assert answer.status == 201
    published = f"send {service.site.stream}"
    gateway, core, relay = "pandora-gateway", "pandora-user-core", "pandora-user-relay"
    rpc = "pandora.user.v1.AuthService/Register"
    # Three processes send their spans, each in its own time.
    await _until_collected(
        collector,
        trace_id,
        {
            (gateway, _Kind.SPAN_KIND_SERVER, "POST /v1/auth/register"),
            (gateway, _Kind.SPAN_KIND_CLIENT, f"/{rpc}"),
            (core, _Kind.SPAN_KIND_SERVER, rpc),
            (relay, _Kind.SPAN_KIND_PRODUCER, published),
        },
    )

    spans = collector.trace(trace_id)
    by_id = {each.span.span_id.hex(): each for each in spans}
    statements = {each.name for each in spans if _attribute(each, "db.system.name") == "postgresql"}
    assert {"create_user", "append_audit_event", "append_outbox_event"} <= statements
    parents = {each.span.parent_span_id.hex() for each in spans}
    assert parents - by_id.keys() == {caller}
    (root,) = (each for each in spans if each.span.parent_span_id.hex() == caller)
    assert root.name == "POST /v1/auth/register"


async def test_a_logins_trace_shows_gateway_core_statements_and_redis(
    rest: Rest, collector: Collector
) -> None:
    person = await new_person(rest)
    answer = await log_in(rest, person.email)
    gateway, core = "pandora-gateway", "pandora-user-core"
    rpc = "pandora.user.v1.AuthService/Login"
    await _until_collected(
        collector,
        answer.trace_id,
        {
            (gateway, _Kind.SPAN_KIND_SERVER, "POST /v1/auth/login"),
            (gateway, _Kind.SPAN_KIND_CLIENT, f"/{rpc}"),
            (core, _Kind.SPAN_KIND_SERVER, rpc),
            (core, _Kind.SPAN_KIND_CLIENT, "append_audit_event"),
            (core, _Kind.SPAN_KIND_CLIENT, "admit_attempt"),
        },
    )
    spans = collector.trace(answer.trace_id)
    by_id = {each.span.span_id.hex(): each for each in spans}
    asked = [each for each in spans if _attribute(each, "db.system.name") == "redis"]
    of_core = [each for each in asked if each.service == core]
    assert {each.name for each in of_core} == {"admit_attempt", "give_up_attempt"}
    assert {by_id[each.span.parent_span_id.hex()].name for each in of_core} == {rpc}


async def test_no_span_holds_what_a_request_or_a_row_holds(
    rest: Rest, service: Service, collector: Collector
) -> None:
    person = await new_person(rest)
    await log_in(rest, person.email, "a wrong password of mine")
    name = f"Ada {secrets.token_hex(8)}"
    last = await rest.call("PATCH", "/v1/users/me", {"full_name": name}, token=person.access_token)
    assert last.status == 200
    await _until_collected(
        collector,
        last.trace_id,
        {
            ("pandora-gateway", _Kind.SPAN_KIND_SERVER, "PATCH /v1/users/{user_id}"),
            ("pandora-user-core", _Kind.SPAN_KIND_SERVER, "pandora.user.v1.UserService/UpdateUser"),
            (
                "pandora-user-relay",
                _Kind.SPAN_KIND_PRODUCER,
                f"send {service.site.stream}",
            ),
        },
    )

    everything = "\n".join(str(each.span) for each in collector.all()).casefold()
    assert person.id not in everything
    assert CLIENT_ADDRESS not in everything
    assert name.casefold() in {each.casefold() for each in service.confidential}
    assert not [text for text in service.confidential if text.casefold() in everything]


async def _until_collected(
    collector: Collector, trace_id: str, wanted: Collection[tuple[str, int, str]]
) -> None:
    """Wait for spans of a service, a kind and a name."""

    async def collected() -> bool:
        spans = collector.trace(trace_id)
        return {(each.service, each.span.kind, each.name) for each in spans}.issuperset(wanted)

    await until(collected)


def _attribute(span: CollectedSpan, name: str) -> str | None:
    values: Sequence[str] = [
        each.value.string_value for each in span.span.attributes if each.key == name
    ]
    return values[0] if values else None
