"""Hostile and broken requests get a problem document, and the gateway keeps serving."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import pytest
import pytest_asyncio

from tests.integration.gateway_stage import LIMIT_SECONDS, Answer, Stage, open_stage

LARGE: Final = 70_000
REGISTER: Final = "/v1/auth/register"
RESTORE: Final = "/v1/users/x:restore"
JSON: Final = "Content-Type: application/json\r\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One request, as bytes, and how it is refused."""

    name: str
    raw: bytes
    status: int
    reason: str
    field: str | None = None


def _head(method: str, target: str, headers: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: g\r\n{headers}\r\n".encode("latin-1")


def _post(target: str, body: bytes, headers: str = JSON, method: str = "POST") -> bytes:
    return _head(method, target, f"{headers}Content-Length: {len(body)}\r\n") + body


def _malformed(name: str, raw: bytes, field: str | None = None) -> Row:
    return Row(name, raw, 400, "MALFORMED_REQUEST", field)


def _body(name: str, body: bytes, field: str | None = None, target: str = REGISTER) -> Row:
    return _malformed(name, _post(target, body), field)


ROWS: Final = (
    # Bodies that are no JSON, or no JSON to rely on.
    _body("broken JSON", b'{"email": '),
    _body("text after JSON", b'{"email": "a"} x'),
    _body("single quotes", b"{'email': 'a'}"),
    _body("only white space", b"  "),
    _body("byte order mark", b'\xef\xbb\xbf{"email": "a"}'),
    _body("UTF-16", '{"email": "a"}'.encode("utf-16")),
    _body("invalid UTF-8", b'{"email": "\xff"}'),
    _body("surrogate in UTF-8", b'{"email": "\xed\xa0\x80"}'),
    _body("raw NUL", b'{"email": "\x00"}'),
    _body("lone surrogate", b'{"email": "\\ud800"}', "email"),
    _body("reversed surrogates", b'{"email": "\\udc00\\ud800"}', "email"),
    _body("lone surrogate in a name", b'{"\\ud800": 1}', "\N{REPLACEMENT CHARACTER}"),
    _body("10,000 arrays", b"[" * 10_000),
    _body("10,000 objects", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    _body("deep but whole", b'{"email": ' + b"[" * 200 + b"]" * 200 + b"}"),
    _body("a number of 5,000 digits", b'{"email": ' + b"9" * 5000 + b"}"),
    _body("NaN", b'{"email": NaN}'),
    _body("Infinity", b'{"email": Infinity}'),
    _body("a name twice", b'{"email": "a", "email": "b"}', "email"),
    _body("a name twice in disguise", b'{"email": "a", "\\u0065mail": "b"}', "email"),
    # JSON that is not the method's.
    _body("unknown field", b'{"admin": true}', "admin"),
    _body("lowerCamelCase", b'{"email": "a", "fullName": "b"}', "fullName"),
    _body("number for a string", b'{"email": 1}', "email"),
    _body("object for a string", b'{"email": {}}', "email"),
    _body("array for an object", b"[]", ""),
    _body("string for an object", b'"x"', ""),
    _body("null for an object", b"null", ""),
    _body("field of the path", b'{"user_id": "y"}', "user_id", RESTORE),
    _malformed(
        "unknown enum", _post("/v1/users/x/kyc", b'{"status": "gone"}', method="PUT"), "status"
    ),
    _malformed(
        "unspecified enum",
        _post("/v1/users/x/kyc", b'{"status": "unspecified"}', method="PUT"),
        "status",
    ),
    _malformed(
        "string for a bool",
        _post("/v1/users/x/sessions:revoke", b'{"keep_current": "true"}'),
        "keep_current",
    ),
    _malformed(
        "too large for an int32",
        _post("/v1/things", b'{"size": 1e99}'),
        "thing.size",
    ),
    _malformed("a fraction", _post("/v1/things", b'{"size": 1.5}'), "thing.size"),
    # Bodies in other forms.
    Row("no content type", _post(REGISTER, b"{}", ""), 415, "UNSUPPORTED_MEDIA_TYPE"),
    Row(
        "a form",
        _post(REGISTER, b"a=1", "Content-Type: application/x-www-form-urlencoded\r\n"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    Row(
        "text that is JSON",
        _post(REGISTER, b"{}", "Content-Type: text/plain\r\n"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    Row(
        "another charset",
        _post(REGISTER, b"{}", "Content-Type: application/json; charset=latin-1\r\n"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    Row(
        "compressed",
        _post(REGISTER, b"{}", JSON + "Content-Encoding: gzip\r\n"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    Row("large body", _post(REGISTER, b" " * LARGE), 413, "PAYLOAD_TOO_LARGE"),
    Row(
        "large body announced",
        _head("POST", REGISTER, JSON + "Content-Length: 99999999999\r\n"),
        413,
        "PAYLOAD_TOO_LARGE",
    ),
    Row(
        "large body in chunks",
        _head("POST", REGISTER, JSON + "Transfer-Encoding: chunked\r\n")
        + f"{LARGE:x}\r\n".encode()
        + b" " * LARGE
        + b"\r\n0\r\n\r\n",
        413,
        "PAYLOAD_TOO_LARGE",
    ),
    _malformed("body for GET", _post("/v1/users/x", b"{}", method="GET")),
    _malformed("body for DELETE", _post("/v1/users/x", b"{}", method="DELETE")),
    # Queries.
    _malformed("unknown parameter", _head("GET", "/v1/users?sort=asc"), "sort"),
    _malformed("parameter beside a body", _post(REGISTER + "?email=a", b"{}"), "email"),
    _malformed("parameter twice", _head("GET", "/v1/users?page_size=1&page_size=2"), "page_size"),
    _malformed("word for a number", _head("GET", "/v1/users?page_size=ten"), "page_size"),
    _malformed("huge number", _head("GET", "/v1/users?page_size=99999999999"), "page_size"),
    _malformed("number for a bool", _head("GET", "/v1/users?show_deleted=1"), "show_deleted"),
    _malformed("enum in capitals", _head("GET", "/v1/users?role=ROLE_ADMIN"), "role"),
    _malformed("parameter of the path", _head("GET", "/v1/users/x?user_id=y"), "user_id"),
    _malformed("half an escape", _head("GET", "/v1/users?query=%4")),
    _malformed("escaped bytes that are no UTF-8", _head("GET", "/v1/users?query=%ff%fe")),
    _malformed("raw bytes that are no UTF-8", _head("GET", "/v1/users?query=\xff")),
    _malformed(
        "time without zone", _head("GET", "/v1/audit-events?from_time=2026-01-01"), "from_time"
    ),
    _malformed("a deadline that is none", _head("GET", "/v1/users/x", "Grpc-Timeout: soon\r\n")),
    # Paths and methods.
    Row("unknown path", _head("GET", "/v2/users"), 404, "ROUTE_NOT_FOUND"),
    Row("trailing slash", _head("GET", "/v1/users/x/"), 404, "ROUTE_NOT_FOUND"),
    Row("traversal", _head("GET", "/v1/../../etc/passwd"), 404, "ROUTE_NOT_FOUND"),
    Row("encoded slash", _head("GET", "/v1/users/..%2fx"), 404, "ROUTE_NOT_FOUND"),
    Row("encoded colon", _head("POST", "/v1/users/x%3Arestore"), 404, "ROUTE_NOT_FOUND"),
    Row("unknown verb", _head("POST", "/v1/users/x:promote"), 404, "ROUTE_NOT_FOUND"),
    Row("CONNECT", _head("CONNECT", "evil.example:443"), 404, "ROUTE_NOT_FOUND"),
    Row("absolute form", _head("GET", "http://evil.example/x"), 404, "ROUTE_NOT_FOUND"),
    Row("RPC without route", _head("POST", "/v1/users:batchGet"), 404, "ROUTE_NOT_FOUND"),
    Row("wrong method", _head("GET", RESTORE), 405, "METHOD_NOT_ALLOWED"),
    Row("TRACE", _head("TRACE", "/v1/users/x"), 405, "METHOD_NOT_ALLOWED"),
    _malformed("path that is no UTF-8", _head("GET", "/v1/users/%ff")),
    _malformed("path with half an escape", _head("GET", "/v1/users/%e")),
    # What the HTTP parser refuses.
    _malformed("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    _malformed("HTTP/2 in clear", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    _malformed("another version", b"GET /v1/users/x HTTP/3.7\r\nHost: g\r\n\r\n"),
    _malformed("no version", b"GET /v1/users/x\r\n\r\n"),
    _malformed("unknown method", b"PERSON@EXAMPLE.ORG / HTTP/1.1\r\n\r\n"),
    _malformed("no Host", b"GET /v1/users/x HTTP/1.1\r\n\r\n"),
    _malformed("NUL in a header", _head("GET", "/v1/users/x", "X-A: a\x00b\r\n")),
    _malformed("space before the colon", _head("GET", "/v1/users/x", "X-A : b\r\n")),
    _malformed(
        "two lengths", _head("POST", REGISTER, "Content-Length: 2\r\nContent-Length: 3\r\n")
    ),
    _malformed(
        "length beside chunks",
        _head("POST", REGISTER, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
    ),
    _malformed("negative length", _head("POST", REGISTER, "Content-Length: -2\r\n")),
    _malformed(
        "chunk size that is none",
        _head("POST", REGISTER, JSON + "Transfer-Encoding: chunked\r\n") + b"zz\r\n{}\r\n0\r\n\r\n",
    ),
    Row(
        "1 MiB header",
        _head("GET", "/v1/users/x", f"X-A: {'a' * 1024 * 1024}\r\n"),
        431,
        "HEADERS_TOO_LARGE",
    ),
    Row("long target", _head("GET", "/v1/users?query=" + "a" * 9000), 431, "HEADERS_TOO_LARGE"),
    Row(
        "many headers",
        _head("GET", "/v1/users/x", "X-A: b\r\n" * 200),
        431,
        "HEADERS_TOO_LARGE",
    ),
    Row(
        "large head in sum",
        _head("GET", "/v1/users/x", f"X-A: {'a' * 6000}\r\n" * 3),
        431,
        "HEADERS_TOO_LARGE",
    ),
)


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


@pytest.mark.asyncio
async def test_each_is_answered_with_its_problem_and_the_gateway_keeps_serving() -> None:
    async with open_stage() as stage:
        for row in ROWS:
            answer = await stage.send(row.raw)
            _check(row, answer)
            assert (await stage.request("GET", "/healthz")).status == 200, row.name
        assert stage.core.calls == []
        assert not stage.lines("event loop")
        assert [line for line in stage.lines() if "failure" in line] == []


def _check(row: Row, answer: Answer) -> None:
    problem = answer.json
    assert (row.name, answer.status, problem["reason"]) == (row.name, row.status, row.reason)
    assert answer.headers["content-type"] == "application/problem+json", row.name
    assert answer.headers["cache-control"] == "no-store", row.name
    assert answer.headers["x-content-type-options"] == "nosniff", row.name
    assert len(answer.headers["x-request-id"]) == 32, row.name
    assert len(problem["trace_id"]) == 32, row.name
    assert problem["status"] == row.status, row.name
    fields = [violation["field"] for violation in problem.get("violations", [])]
    assert fields == ([] if row.field is None else [row.field]), row.name
    assert "PERSON" not in answer.body.decode()


@pytest.mark.asyncio
async def test_405_tells_the_methods_in_allow(stage: Stage) -> None:
    answer = await stage.request("PUT", "/v1/users/x")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


@pytest.mark.asyncio
async def test_415_tells_what_is_accepted(stage: Stage) -> None:
    answer = await stage.request("POST", REGISTER, b"x", {"Content-Type": "text/plain"})
    assert answer.headers["accept"] == "application/json"


@pytest.mark.asyncio
async def test_a_refusal_in_the_middle_of_a_connection_leaves_the_rest_intact(
    stage: Stage,
) -> None:
    async with stage.connection() as (reader, writer):
        for row in ROWS[:10]:
            writer.write(row.raw)
            assert (await Answer.read(reader)).status == row.status
        writer.write(_head("GET", "/v1/users/x"))
        assert (await Answer.read(reader)).status == 200


@pytest.mark.asyncio
async def test_a_body_that_stays_out_ends_in_a_problem_and_a_closed_connection() -> None:
    limit = {"BODY_TIMEOUT_SECONDS": str(LIMIT_SECONDS)}
    async with open_stage(limit) as stage, stage.connection() as (reader, writer):
        writer.write(_head("POST", REGISTER, JSON + "Content-Length: 20\r\n") + b'{"em')
        answer = await Answer.read(reader)
        assert (answer.status, answer.json["reason"]) == (400, "MALFORMED_REQUEST")
        assert answer.headers["connection"] == "close"
        assert await reader.read() == b""


@pytest.mark.asyncio
async def test_a_head_that_trickles_is_cut_off() -> None:
    async with open_stage({"HEAD_TIMEOUT_SECONDS": str(LIMIT_SECONDS)}) as stage:
        async with stage.connection() as (reader, writer):
            writer.write(b"GET /v1/users/x HTTP/1.1\r\nHost: g\r\nX-A: ")
            trickle = asyncio.create_task(_trickle(writer))
            assert await _read_to_the_end(reader) == b""
            trickle.cancel()
        assert (await stage.request("GET", "/healthz")).status == 200


async def _read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    """Read until the server has cut the connection.

    A byte that reaches a socket which the server closes at that moment makes TCP answer with a
    reset instead of an orderly end (RFC 9293 section 3.10.7.1); both are a cut.
    """
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def _trickle(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"a")
        await asyncio.sleep(LIMIT_SECONDS / 10)


@pytest.mark.asyncio
async def test_a_connection_that_is_idle_is_closed_and_one_with_slow_answers_is_not() -> None:
    settings = {
        "KEEPALIVE_TIMEOUT_SECONDS": str(LIMIT_SECONDS),
        "HEAD_TIMEOUT_SECONDS": str(LIMIT_SECONDS),
    }
    async with open_stage(settings) as stage, stage.connection() as (reader, writer):
        writer.write(_head("GET", "/v1/users/hanging"))
        await stage.core.entered.wait()
        loop = asyncio.get_running_loop()
        loop.call_later(3 * LIMIT_SECONDS, stage.core.release.set)
        assert (await Answer.read(reader)).status == 200
        assert await reader.read() == b""


@pytest.mark.asyncio
async def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(stage: Stage) -> None:
    async with stage.connection() as (_, writer):
        writer.write(_head("POST", REGISTER, JSON + "Content-Length: 20\r\n") + b'{"em')
        await writer.drain()
    assert (await stage.request("GET", "/healthz")).status == 200
    assert stage.core.calls == []
