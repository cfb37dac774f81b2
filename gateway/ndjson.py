"""Streams as NDJSON: one JSON text per line.

An error before the first line is an ordinary problem; afterwards the status has been sent, and the
problem is the last line, as `{"error": …}`.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Final

import grpc
from aiohttp import web
from google.protobuf.message import Message

from gateway.compression import Compression
from gateway.converters import json_text
from gateway.exchange import Exchange
from gateway.problem import Problem, ProblemError, internal
from gateway.rpc_errors import problem_of

CONTENT_TYPE: Final = "application/x-ndjson"


async def answer(
    exchange: Exchange,
    messages: AsyncIterable[Message],
    *,
    to_json: Callable[[Message], object],
    status: int,
    write_seconds: float,
    compression: Compression | None,
) -> web.StreamResponse:
    """Send messages as they come; the client's pace is the pace of reading from the core.

    Raises ProblemError before the first line, and ConnectionError where the client has gone or
    does not take what is sent within write_seconds.
    """
    lines = _lines(exchange, messages, to_json)
    try:
        line = await anext(lines, None)
    except grpc.aio.AioRpcError as error:
        raise ProblemError(problem_of(error)) from error
    headers = {**exchange.answer_headers, "Content-Type": CONTENT_TYPE}
    compressor = compression.stream(exchange, headers) if compression else None
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(exchange.request)
    exchange.started = True
    while line is not None and exchange.request.method != "HEAD":
        await _write(
            exchange, response, compressor.add(line) if compressor else line, write_seconds
        )
        line = await anext(lines, None)
    if compressor and exchange.request.method != "HEAD":
        await _write(exchange, response, compressor.end(), write_seconds)
    await response.write_eof()
    return response


async def _write(
    exchange: Exchange, response: web.StreamResponse, line: bytes, seconds: float
) -> None:
    try:
        async with asyncio.timeout(seconds):
            await response.write(line)
    except TimeoutError:
        # Closing would wait for the client to read what is still buffered.
        if exchange.request.transport is not None:
            exchange.request.transport.abort()
        raise ConnectionAbortedError from None


async def _lines(
    exchange: Exchange, messages: AsyncIterable[Message], to_json: Callable[[Message], object]
) -> AsyncIterator[bytes]:
    try:
        async for message in messages:
            yield _line(to_json(message))
    except grpc.aio.AioRpcError as error:
        if not exchange.started:
            raise
        yield _last_line(exchange, problem_of(error))
    except Exception as error:
        if not exchange.started:
            raise
        exchange.failure = error
        yield _last_line(exchange, internal())


def _last_line(exchange: Exchange, refusal: Problem) -> bytes:
    exchange.reason = refusal.reason
    return _line({"error": refusal.document(exchange.trace_id)})


def _line(document: object) -> bytes:
    return json_text.write(document).encode() + b"\n"
