"""/openapi.json and /docs as they come over the wire."""

import gzip
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.documentation import PAGE_POLICY
from tests.integration.gateway_stage import Stage, open_stage

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage({"DOCUMENTATION": "page"}) as stage:
        yield stage


async def test_the_document_is_served(stage: Stage) -> None:
    answer = await stage.request("GET", "/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["openapi"] == "3.1.0"
    assert answer.json["paths"]["/v1/things/{thing.id}"], "what is served is described"
    assert answer.headers["cache-control"] == "no-cache"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_what_has_not_changed_is_not_sent_again(stage: Stage, path: str) -> None:
    etag = (await stage.request("GET", path)).headers["etag"]
    for condition in (etag, f'"other", {etag}', etag.removeprefix("W/"), "*"):
        answer = await stage.request("GET", path, headers={"If-None-Match": condition})
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    answer = await stage.request("GET", path, headers={"If-None-Match": '"other"'})
    assert answer.status == 200


async def test_it_is_compressed_for_those_who_ask(stage: Stage) -> None:
    plain = await stage.request("GET", "/openapi.json")
    for accepted in ("gzip", "br, gzip;q=0.5", "GZIP"):
        answer = await stage.request("GET", "/openapi.json", headers={"Accept-Encoding": accepted})
        assert answer.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert gzip.decompress(answer.body) == plain.body
        assert len(answer.body) < len(plain.body) / 4
    for accepted in ("identity", "gzip;q=0", "br", ""):
        answer = await stage.request("GET", "/openapi.json", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in answer.headers
        assert answer.body == plain.body


async def test_the_head_alone_can_be_asked_for(stage: Stage) -> None:
    answer = await stage.request("HEAD", "/openapi.json")
    assert answer.status == 200
    assert int(answer.headers["content-length"]) > 100_000


async def test_the_page_and_all_that_it_names_are_served_from_here(stage: Stage) -> None:
    page = await stage.request("GET", "/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    names = set(re.findall(r'(?:href|src)="([^"#]+)"', page.body.decode()))
    assert "docs/main.js" in names
    while names:
        name = names.pop()
        answer = await stage.request("GET", f"/{name}")
        assert answer.status == 200, name
        if name.endswith(".js"):
            assert answer.headers["content-type"].startswith("text/javascript")
            text = answer.body.decode()
            names |= {f"docs/{found}" for found in re.findall(r'from "\./([^"]+)"', text)}
            assert not re.search(r"innerHTML|outerHTML|insertAdjacent|eval\(|localStorage", text)


async def test_nothing_in_the_page_names_another_origin(stage: Stage) -> None:
    page = (await stage.request("GET", "/docs")).body.decode()
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)
    assert not re.search(r"\son[a-z]+=|style=", page)
    assert "//" not in re.sub(r"<!--.*?-->", "", page)


async def test_no_other_file_is_served(stage: Stage) -> None:
    for path in ("/docs/", "/docs/index.html", "/docs/../app.py", "/docs/%2e%2e/app.py"):
        assert (await stage.request("GET", path)).status == 404


@pytest.mark.parametrize(
    ("choice", "document", "page"), [("page", 200, 200), ("openapi", 200, 404), ("off", 404, 404)]
)
async def test_the_setting_says_what_is_served(choice: str, document: int, page: int) -> None:
    async with open_stage({"DOCUMENTATION": choice}) as stage:
        assert (await stage.request("GET", "/openapi.json")).status == document
        assert (await stage.request("GET", "/docs")).status == page
        assert (await stage.request("GET", "/docs/main.js")).status == page


async def test_a_change_of_anything_else_is_refused(stage: Stage) -> None:
    answer = await stage.request("POST", "/openapi.json", "{}")
    assert answer.status == 405
    assert json.loads(answer.body)["reason"] == "METHOD_NOT_ALLOWED"
