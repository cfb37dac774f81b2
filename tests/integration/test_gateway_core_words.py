"""What the core says beside its answers becomes headers; what did not reach it is tried again."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.integration.gateway_stage import Stage, open_stage

LIMITS = (
    ("ratelimit-policy", '"login";q=20;w=60'),
    ("ratelimit", '"login";r=7;t=39'),
    ("ratelimit-policy", '"mailbox";q=3;w=3600'),
    ("ratelimit", '"mailbox";r=2;t=1200'),
    ("x-internal", "not for clients"),
)
LOGIN = '{"email": "a", "password": "b"}'


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/v1/users/me", "", 200),
        ("GET", "/v1/users/missing", "", 404),
        ("POST", "/v1/auth/login", LOGIN, 429),
    ],
)
async def test_the_limits_that_a_call_counted_against_are_told(
    stage: Stage, method: str, target: str, body: str, status: int
) -> None:
    stage.core.trailing = LIMITS
    answer = await stage.request(method, target, body)
    assert answer.status == status
    assert answer.headers["ratelimit-policy"] == '"login";q=20;w=60, "mailbox";q=3;w=3600'
    assert answer.headers["ratelimit"] == '"login";r=7;t=39, "mailbox";r=2;t=1200'
    assert "x-internal" not in answer.headers
    assert ("retry-after" in answer.headers) == (status == 429)


@pytest.mark.asyncio
async def test_an_answer_that_was_not_counted_says_nothing_of_limits(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/users/me")
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


@pytest.mark.asyncio
async def test_a_read_that_did_not_reach_the_core_is_tried_again(stage: Stage) -> None:
    stage.core.failures = 2
    answer = await stage.request("GET", "/v1/users/me")
    assert answer.status == 200
    assert len(stage.core.calls) == 3


@pytest.mark.asyncio
async def test_a_change_that_may_have_been_made_is_not_tried_again(stage: Stage) -> None:
    stage.core.failures = 1
    answer = await stage.request("DELETE", "/v1/users/x")
    assert (answer.status, answer.json["reason"]) == (503, "DEPENDENCY_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert len(stage.core.calls) == 1


@pytest.mark.asyncio
async def test_what_the_core_refuses_for_now_is_not_tried_again(stage: Stage) -> None:
    answer = await stage.request("GET", "/v1/users/busy")
    assert (answer.status, answer.json["reason"]) == (503, "SERVER_BUSY")
    assert len(stage.core.calls) == 1


@pytest.mark.asyncio
async def test_a_core_that_stays_away_is_left_alone_after_a_few_tries(stage: Stage) -> None:
    stage.core.failures = 100
    for _ in range(10):
        assert (await stage.request("GET", "/v1/users/me")).status == 503
    # The budget of all calls together: five failures, then one try each.
    assert len(stage.core.calls) < 10 + 6


@pytest.mark.asyncio
async def test_the_words_of_other_systems_about_the_trace_travel_on(stage: Stage) -> None:
    headers = {
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate": "vendor=1,other@x=2",
    }
    await stage.request("GET", "/v1/users/me", headers=headers)
    assert stage.core.calls[0].metadata["tracestate"] == "vendor=1,other@x=2"
    for tracestate in ("v=" + "1" * 600, "no state", "\xff=1"):
        await stage.request("GET", "/v1/users/me", headers={**headers, "tracestate": tracestate})
        assert "tracestate" not in stage.core.calls[-1].metadata
    await stage.request("GET", "/v1/users/me", headers={"tracestate": "vendor=1"})
    assert "tracestate" not in stage.core.calls[-1].metadata
