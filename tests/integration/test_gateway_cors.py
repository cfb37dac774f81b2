"""Scripts of the web origins that the settings name may call; nobody else's may."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from tests.integration.gateway_stage import Stage, open_stage

APP: Final = "https://app.example.org"
PREFLIGHT: Final = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage({"CORS_ORIGINS": f"{APP}, http://localhost:3000"}) as opened:
        yield opened


@pytest.mark.asyncio
async def test_options_tells_the_methods_of_a_path(stage: Stage) -> None:
    answer = await stage.request("OPTIONS", "/v1/users/x")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
    assert "access-control-allow-methods" not in answer.headers
    assert (await stage.request("OPTIONS", "*")).status == 204
    assert (await stage.request("OPTIONS", "/nowhere")).status == 404
    assert stage.core.calls == []


@pytest.mark.asyncio
@pytest.mark.parametrize("origin", [APP, "http://localhost:3000"])
async def test_a_preflight_of_a_named_origin_is_told_what_it_may_do(
    stage: Stage, origin: str
) -> None:
    answer = await stage.request("OPTIONS", "/v1/users/x", headers={"Origin": origin, **PREFLIGHT})
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert "PATCH" in answer.headers["access-control-allow-methods"].split(", ")
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "x-request-id"} <= set(allowed)
    assert answer.headers["access-control-max-age"] == "600"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers
    assert stage.core.calls == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target", "status"), [("/v1/users/x", 200), ("/v1/users/missing", 404), ("/nowhere", 404)]
)
async def test_a_named_origin_can_read_answers_and_problems_and_their_headers(
    stage: Stage, target: str, status: int
) -> None:
    answer = await stage.request("GET", target, headers={"Origin": APP})
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == APP
    exposed = answer.headers["access-control-expose-headers"].lower().split(", ")
    assert {"x-request-id", "retry-after", "ratelimit", "www-authenticate"} <= set(exposed)
    assert answer.headers["vary"] == "Origin"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://app.example.org.evil.example",
        "https://sub.app.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://APP.example.org",
        "null",
        "*",
        "",
    ],
)
async def test_another_origin_gets_the_answer_without_leave_to_read_it(
    stage: Stage, origin: str
) -> None:
    for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = await stage.request(method, "/v1/users/x", headers={"Origin": origin, **headers})
        assert answer.status in {200, 204}
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["vary"] == "Origin"


@pytest.mark.asyncio
async def test_without_origins_in_the_settings_no_answer_speaks_of_them() -> None:
    async with open_stage() as stage:
        for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
            answer = await stage.request(method, "/v1/users/x", headers={"Origin": APP, **headers})
            assert not [name for name in answer.headers if name.startswith("access-control-")]
            assert "vary" not in answer.headers
