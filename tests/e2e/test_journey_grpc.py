"""A person's whole way through the gRPC door, with a client that learns the contract from it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
import pytest_asyncio

from pandora.user.v1 import audit_service_pb2, auth_service_pb2, user_service_pb2
from tests.e2e.grpc_door import DEADLINE_SECONDS, Grpcurl, GrpcurlFailed, Stubs
from tests.e2e.ledger import events_of
from tests.e2e.people import PASSWORD, administrator, new_email, new_person
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.unit.transport.core_server import bearer, refused

pytestmark = pytest.mark.asyncio


@pytest.fixture
def grpcurl(service: Service) -> Grpcurl:
    return Grpcurl(site=service.site, confidential=service.confidential)


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What each step was answered (or refused with, as code and reason), and in which trace."""

    person_id: str
    admin_id: str
    answers: Mapping[str, Any]
    traces: Mapping[str, str]


class Steps:
    """Calls one after another, and keeps what came of each."""

    def __init__(self, grpcurl: Grpcurl) -> None:
        self.answers: dict[str, Any] = {}
        self.traces: dict[str, str] = {}
        self._grpcurl = grpcurl

    async def take(self, step: str, method: str, request: Any, token: str = "") -> Any:  # noqa: ANN401
        try:
            answer = await self._grpcurl.call(method, request, token=token)
        except GrpcurlFailed as failure:
            answer = (failure.code, failure.details[0]["reason"])
        self.traces[step] = self._grpcurl.trace_ids[-1]
        self.answers[step] = answer
        return answer


@pytest_asyncio.fixture
async def journey(grpcurl: Grpcurl, rest: Rest, service: Service) -> Journey:
    """Walk the way once."""
    admin = await administrator(rest, service)
    credentials = {"email": new_email(), "password": PASSWORD}
    service.confidential.add(credentials["email"])
    steps = Steps(grpcurl)
    take = steps.take

    async def refresh(step: str, token: str) -> Any:  # noqa: ANN401
        return await take(step, "AuthService/RefreshToken", {"refresh_token": token})

    await take("register", "AuthService/Register", credentials)
    login = await take("login", "AuthService/Login", credentials)
    await take("look", "UserService/GetUser", {"user_id": "me"}, login["accessToken"])
    pair = await refresh("refresh", login["refreshToken"])
    pair = await refresh("refresh again", pair["refreshToken"])
    await refresh("reuse", login["refreshToken"])
    await take("look in vain", "UserService/GetUser", {"user_id": "me"}, pair["accessToken"])
    login = await take("second login", "AuthService/Login", credentials)
    rename = {"user_id": "me", "full_name": "Ada King"}
    await take("rename", "UserService/UpdateUser", rename, login["accessToken"])
    verified = {"user_id": login["user"]["id"], "status": "KYC_STATUS_VERIFIED"}
    await take("verify", "KycService/UpdateKyc", verified, admin.access_token)
    pair = await refresh("last refresh", login["refreshToken"])
    await take("delete", "UserService/DeleteUser", {"user_id": "me"}, pair["accessToken"])
    await take("login in vain", "AuthService/Login", credentials)
    return Journey(
        person_id=login["user"]["id"],
        admin_id=admin.id,
        answers=steps.answers,
        traces=steps.traces,
    )


async def test_grpcurl_walks_the_whole_way_by_reflection(
    journey: Journey, service: Service, stubs: Stubs, rest: Rest
) -> None:
    refusals = {step: said for step, said in journey.answers.items() if isinstance(said, tuple)}
    assert refusals == {
        "reuse": ("Unauthenticated", "REFRESH_TOKEN_REUSED"),
        "look in vain": ("Unauthenticated", "SESSION_REVOKED"),
        "login in vain": ("Unauthenticated", "INVALID_CREDENTIALS"),
    }
    assert journey.answers["register"]["user"] == journey.answers["look"]["user"]
    assert journey.answers["rename"]["user"]["fullName"] == "Ada King"
    assert journey.answers["verify"]["kyc"]["status"] == "KYC_STATUS_VERIFIED"
    assert _claims(journey.answers["login"])["kyc_status"] == "pending"
    assert _claims(journey.answers["last refresh"])["kyc_status"] == "verified"
    assert journey.answers["delete"]["user"]["status"] == "USER_STATUS_DELETED"

    published = await events_of(service, journey.person_id)
    assert [(each["event_type"], each["trace_id"]) for each in published] == [
        ("user.created", journey.traces["register"]),
        ("session.created", journey.traces["login"]),
        ("session.revoked", journey.traces["reuse"]),
        ("security.refresh_token_reused", journey.traces["reuse"]),
        ("session.created", journey.traces["second login"]),
        ("user.updated", journey.traces["rename"]),
        ("user.kyc_updated", journey.traces["verify"]),
        ("user.deleted", journey.traces["delete"]),
        ("session.revoked", journey.traces["delete"]),
    ]
    await _assert_audited(journey, service, stubs, rest)


async def _assert_audited(journey: Journey, service: Service, stubs: Stubs, rest: Rest) -> None:
    admin = await administrator(rest, service)
    listed = await stubs.audit.ListAuditEvents(
        audit_service_pb2.ListAuditEventsRequest(user_id=journey.person_id),
        metadata=bearer(admin.access_token),
        timeout=DEADLINE_SECONDS,
    )
    me = journey.person_id
    assert [
        (event.action, event.reason, event.actor_id, event.trace_id) for event in listed.events
    ][::-1] == [
        ("user.register", "", me, journey.traces["register"]),
        ("auth.login", "", me, journey.traces["login"]),
        ("auth.refresh", "", me, journey.traces["refresh"]),
        ("auth.refresh", "", me, journey.traces["refresh again"]),
        ("auth.refresh", "REFRESH_TOKEN_REUSED", "", journey.traces["reuse"]),
        ("auth.login", "", me, journey.traces["second login"]),
        ("user.update", "", me, journey.traces["rename"]),
        ("kyc.update", "", journey.admin_id, journey.traces["verify"]),
        ("auth.refresh", "", me, journey.traces["last refresh"]),
        ("user.delete", "", me, journey.traces["delete"]),
    ]
    assert {event.ip_address for event in listed.events} == {"127.0.0.1"}
    assert all(event.user_agent.startswith("grpcurl/") for event in listed.events)


async def test_grpcurl_lists_and_describes_every_service(grpcurl: Grpcurl) -> None:
    listed = set((await grpcurl.ask("list")).split())
    assert listed >= {
        "grpc.health.v1.Health",
        "pandora.user.v1.AuditService",
        "pandora.user.v1.AuthService",
        "pandora.user.v1.KycService",
        "pandora.user.v1.SessionService",
        "pandora.user.v1.UserService",
    }
    for service in listed:
        described = await grpcurl.ask("describe", service)
        assert f"{service} is a service" in described
    route = await grpcurl.ask("describe", "pandora.user.v1.KycService.UpdateKyc")
    assert 'put:"/v1/users/{user_id}/kyc"' in route.replace(" ", "")


async def test_grpcurl_asks_for_the_health_of_each_service(grpcurl: Grpcurl) -> None:
    for service in ("", "pandora.user.v1.AuthService", "dependency.postgres"):
        answer = await grpcurl.ask(
            "grpc.health.v1.Health/Check", flags=[f'-d={{"service": "{service}"}}']
        )
        assert json.loads(answer) == {"status": "SERVING"}


async def test_a_refusal_carries_reason_fields_and_the_requests_name(
    stubs: Stubs, rest: Rest
) -> None:
    person = await new_person(rest)
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    metadata = (
        *bearer(person.access_token),
        ("x-request-id", "a-request-of-mine"),
        ("traceparent", f"00-{trace_id}-00f067aa0ba902b7-01"),
    )
    request = user_service_pb2.UpdateUserRequest(user_id="me", full_name="x" * 201)
    refusal = await refused(
        stubs.users.UpdateUser(request, metadata=metadata, timeout=DEADLINE_SECONDS)
    )

    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.info is not None
    assert (refusal.info.reason, refusal.info.domain) == (
        "VALIDATION_FAILED",
        "user.pandora.exchange",
    )
    assert refusal.bad_request is not None
    (violation,) = refusal.bad_request.field_violations
    assert (violation.field, violation.reason) == ("full_name", "string.max_len")
    assert refusal.request is not None
    assert refusal.request.request_id == "a-request-of-mine"
    assert refusal.request.serving_data == trace_id
    assert refusal.metadata["x-request-id"] == "a-request-of-mine"


async def test_a_call_without_a_trace_or_a_name_is_given_both(stubs: Stubs) -> None:
    request = auth_service_pb2.LoginRequest(email="nobody@example.com", password="x")
    refusal = await refused(stubs.auth.Login(request, timeout=DEADLINE_SECONDS))

    assert refusal.reason == "INVALID_CREDENTIALS"
    assert refusal.request is not None
    assert len(bytes.fromhex(refusal.request.serving_data)) == 16
    assert refusal.request.request_id == refusal.metadata["x-request-id"] != ""


def _claims(answer: Any) -> Any:  # noqa: ANN401 - JSON of whatever form
    payload = answer["accessToken"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
