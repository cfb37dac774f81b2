"""Requests go through the gateway to the core, and answers come back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.gateway_stage import Answer, Stage, open_stage

ROUNDING_SECONDS = 0.1
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


@pytest.mark.asyncio
async def test_a_path_variable_reaches_the_core(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/users/me")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "user": {
            "id": "me",
            "email": "",
            "role": "user",
            "email_verified": False,
            "mfa_enabled": False,
        }
    }


@pytest.mark.asyncio
async def test_a_body_reaches_the_core_and_the_status_is_the_protos(stage: Stage) -> None:
    body = '{"email": "Zoë@example.org", "password": "\\u0000 any"}'
    answer = await stage.request("POST", "/v1/auth/register", body)
    assert (answer.status, answer.json["user"]["email"]) == (201, "Zoë@example.org")
    assert stage.core.calls[0].request.password == "\0 any"  # type: ignore[attr-defined]


@pytest.mark.asyncio
async def test_query_parameters_reach_the_core(stage: Stage) -> None:
    target = "/v1/users?query=a+%2B&kyc_status=rejected&show_deleted=true&page_size=7&role=admin"
    answer = await stage.request("GET", target)
    assert answer.json == {"users": [], "next_page_token": ""}
    request = stage.core.calls[0].request
    assert str(request).splitlines() == [
        'query: "a +"',
        "kyc_status: KYC_STATUS_REJECTED",
        "role: ROLE_ADMIN",
        "show_deleted: true",
        "page_size: 7",
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("headers", [{}, {"Content-Length": "0"}, {"Content-Type": "text/plain"}])
async def test_an_empty_body_is_an_empty_object(stage: Stage, headers: dict[str, str]) -> None:
    answer = await stage.request("POST", "/v1/users/x:restore", b"", headers)
    assert (answer.status, answer.json) == (200, {})
    assert stage.core.calls[0].request.user_id == "x"  # type: ignore[attr-defined]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        'application/json; charset="UTF-8"',
        "application/json;",
    ],
)
async def test_json_has_many_spellings(stage: Stage, content_type: str) -> None:
    answer = await stage.request(
        "POST", "/v1/users/x:restore", "{}", {"Content-Type": content_type}
    )
    assert answer.status == 200


@pytest.mark.asyncio
async def test_head_is_get_without_the_body(stage: Stage) -> None:
    answer = await stage.request("HEAD", "/v1/users/me")
    full = await stage.request("GET", "/v1/users/me")
    assert answer.status == 200
    assert answer.headers["content-length"] == str(len(full.body))


@pytest.mark.asyncio
async def test_nothing_is_cached_but_public_keys(stage: Stage) -> None:
    assert (await stage.request("GET", "/v1/users/me")).headers["cache-control"] == "no-store"
    keys = await stage.request("GET", "/.well-known/jwks.json")
    assert keys.headers["cache-control"] == "public, max-age=300"
    refused = await stage.request("POST", "/.well-known/jwks.json")
    assert refused.headers["cache-control"] == "no-store"


@pytest.mark.asyncio
async def test_every_answer_carries_security_headers(stage: Stage) -> None:
    for target in ("/v1/users/me", "/v1/users/missing", "/nowhere", "/healthz"):
        headers = (await stage.request("GET", target)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "aiohttp" not in headers["server"]
        assert "strict-transport-security" not in headers


@pytest.mark.asyncio
async def test_strict_transport_security_is_told_where_it_is_configured() -> None:
    async with open_stage({"HSTS_MAX_AGE_SECONDS": "3600"}) as stage:
        headers = (await stage.request("GET", "/healthz")).headers
        assert headers["strict-transport-security"] == "max-age=3600; includeSubDomains"


@pytest.mark.asyncio
async def test_credentials_request_id_trace_and_client_reach_the_core(stage: Stage) -> None:
    headers = {
        "Authorization": "Bearer abc.def",
        "X-Request-Id": "req-1",
        "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
        "User-Agent": "curl/8 (Zoë)",
        "X-Forwarded-For": "6.6.6.6",
    }
    answer = await stage.request("GET", "/v1/users/me", headers=headers)
    metadata = stage.core.calls[0].metadata
    assert metadata["authorization"] == "Bearer abc.def"
    assert metadata["x-request-id"] == "req-1"
    assert answer.headers["x-request-id"] == "req-1"
    assert metadata["x-client-address"] == "127.0.0.1"
    assert metadata["x-client-user-agent"] == "curl/8 (Zo?)"
    version, trace, span, _ = str(metadata["traceparent"]).split("-")
    assert (version, trace) == ("00", TRACE)
    assert span != "b7ad6b7169203331"


@pytest.mark.asyncio
async def test_what_a_trusted_proxy_says_of_the_client_reaches_the_core() -> None:
    async with open_stage({"TRUSTED_PROXIES": "127.0.0.0/8"}) as stage:
        headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
        await stage.request("GET", "/v1/users/me", headers=headers)
        assert stage.core.calls[0].metadata["x-client-address"] == "203.0.113.7"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "credentials",
    ["Bearer é", "Bearer \xff", "Bearer a\r\nAuthorization: Bearer b", "Bearer " + "a" * 4090],
    ids=["no ASCII", "no UTF-8", "twice", "too long"],
)
async def test_credentials_that_grpc_cannot_carry_are_for_the_core_to_refuse(
    stage: Stage, credentials: str
) -> None:
    head = f"GET /v1/users/me HTTP/1.1\r\nHost: g\r\nAuthorization: {credentials}\r\n\r\n"
    await stage.send(head.encode("latin-1"))
    assert stage.core.calls[0].metadata["authorization"] == "Bearer unreadable"


@pytest.mark.asyncio
@pytest.mark.parametrize("given", ["é", "a b", "x" * 129, ""])
async def test_a_request_id_that_is_not_fit_is_replaced(stage: Stage, given: str) -> None:
    answer = await stage.request("GET", "/v1/users/me", headers={"X-Request-Id": given})
    made = answer.headers["x-request-id"]
    assert len(made) == 32
    assert stage.core.calls[0].metadata["x-request-id"] == made


@pytest.mark.asyncio
async def test_the_deadline_is_the_setting_or_less_where_the_client_asks_for_less() -> None:
    async with open_stage({"REQUEST_TIMEOUT_SECONDS": "9"}) as stage:
        for header in ({}, {"Grpc-Timeout": "2S"}, {"Grpc-Timeout": "1H"}):
            await stage.request("GET", "/v1/users/me", headers=header)
        bounds = [(8, 9), (1, 2), (8, 9)]
        for call, (low, high) in zip(stage.core.calls, bounds, strict=True):
            # gRPC rounds a time-out up before it sends it.
            assert low < call.seconds_left <= high + ROUNDING_SECONDS


@pytest.mark.asyncio
async def test_one_field_can_be_the_body_and_one_the_answer(stage: Stage) -> None:
    answer = await stage.request("POST", "/v1/things?count=3&labels=a&labels=b", '{"size": 5}')
    assert (answer.status, answer.json) == (202, {"id": "", "size": 5, "note": ""})
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert str(stage.core.calls[0].request).split() == [
        *("thing", "{", "size:", "5", "}", "count:", "3", "labels:", '"a"', "labels:", '"b"')
    ]


@pytest.mark.asyncio
async def test_a_path_variable_can_be_a_nested_field(stage: Stage) -> None:
    body = '{"thing": {"size": 5}, "count": 1}'
    answer = await stage.request("PUT", "/v1/things/a%20b", body)
    assert answer.json == {
        "thing": {"id": "a b", "size": 5, "note": ""},
        "number": "9007199254740992",
    }
    answer = await stage.request("GET", "/v1/things/x?thing.note=hello")
    assert answer.json == "9007199254740992"
    assert stage.core.calls[1].request.thing.note == "hello"  # type: ignore[attr-defined]


@pytest.mark.asyncio
async def test_a_connection_serves_many_requests(stage: Stage) -> None:
    async with stage.connection() as (reader, writer):
        for target in ("/v1/users/a", "/nowhere", "/v1/users/b"):
            writer.write(f"GET {target} HTTP/1.1\r\nHost: g\r\n\r\n".encode())
            answer = await Answer.read(reader)
            assert answer.status in {200, 404}
        # Pipelined: the answers come in the order of the requests.
        writer.write(b"GET /v1/users/c HTTP/1.1\r\nHost: g\r\n\r\n" * 3)
        answers = [await Answer.read(reader) for _ in range(3)]
        assert [answer.json["user"]["id"] for answer in answers] == ["c"] * 3


@pytest.mark.asyncio
async def test_a_client_that_expects_100_continue_is_told_to_go_on(stage: Stage) -> None:
    async with stage.connection() as (reader, writer):
        writer.write(
            b"POST /v1/users/x:restore HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        )
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"{}")
        assert (await Answer.read(reader)).status == 200


@pytest.mark.asyncio
async def test_an_upgrade_that_is_offered_is_not_taken(stage: Stage) -> None:
    async with stage.connection() as (reader, writer):
        upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        writer.write(b"GET /v1/users/a HTTP/1.1\r\nHost: g\r\n" + upgrade + b"\r\n")
        assert (await Answer.read(reader)).status == 200
        writer.write(b"GET /v1/users/b HTTP/1.1\r\nHost: g\r\n\r\n")
        assert (await Answer.read(reader)).json["user"]["id"] == "b"


@pytest.mark.asyncio
async def test_calls_are_spread_over_the_channels(stage: Stage) -> None:
    answers = await asyncio.gather(
        *(stage.request("GET", f"/v1/users/{number}") for number in range(20))
    )
    assert {answer.json["user"]["id"] for answer in answers} == {str(n) for n in range(20)}
