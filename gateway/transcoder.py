"""Endpoints that are RPCs: HTTP in, one gRPC call, HTTP out; one class per kind of answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import grpc
from aiohttp import web
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway import idempotency_key, ndjson
from gateway.call_metadata import metadata_of, timeout_of
from gateway.channel import CoreChannels, StreamCall, UnaryCall
from gateway.compression import Compression
from gateway.contract import ContractError, HttpBinding, Rpc
from gateway.converters import json_text
from gateway.converters.decoding import Readers
from gateway.converters.encoding import Writers
from gateway.exchange import Endpoint, Exchange
from gateway.path_template import PathTemplate
from gateway.problem import ProblemError
from gateway.request_message import BodyLimits, RequestMessageReader
from gateway.retrying import Retries, Retrying
from gateway.rpc_errors import problem_of
from gateway.trailing_metadata import headers_of

_JSON: Final = "application/json"

ToJson = Callable[[Message], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long the core may take for an answer, in seconds."""

    unary_seconds: float
    stream_seconds: float
    write_seconds: float
    """How long a client may take to accept the next part of a stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnaryEndpoint:
    """An RPC with one answer."""

    request: RequestMessageReader
    call: UnaryCall
    to_json: ToJson
    status: int
    cache_control: str | None
    timeout_seconds: float
    has_side_effects: bool
    """Whether an idempotency key means anything."""
    compression: Compression | None
    """None for answers that may hold a token or a secret."""

    async def __call__(
        self, exchange: Exchange, variables: Mapping[str, str]
    ) -> web.StreamResponse:
        """Answer with the message, or the field of it that the route names."""
        message = await self.request.read(exchange, variables)
        timeout_seconds = timeout_of(exchange.request, self.timeout_seconds)
        metadata = metadata_of(exchange)
        if self.has_side_effects:
            metadata += idempotency_key.metadata_of(exchange.request)
        try:
            reply = await self.call(message, metadata=metadata, timeout_seconds=timeout_seconds)
        except grpc.aio.AioRpcError as error:
            raise ProblemError(problem_of(error)) from error
        headers = {
            **exchange.answer_headers,
            **headers_of(reply.trailing),
            "Content-Type": _JSON,
        }
        if self.cache_control is not None:
            headers["Cache-Control"] = self.cache_control
        body = json_text.write(self.to_json(reply.message)).encode()
        if self.compression is not None:
            body = self.compression.whole(exchange, headers, body)
        return web.Response(status=self.status, body=body, headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEndpoint:
    """An RPC with a stream of answers."""

    request: RequestMessageReader
    call: StreamCall
    to_json: ToJson
    status: int
    limits: TimeLimits
    compression: Compression | None

    async def __call__(
        self, exchange: Exchange, variables: Mapping[str, str]
    ) -> web.StreamResponse:
        """Answer one message per line (see ndjson)."""
        message = await self.request.read(exchange, variables)
        timeout_seconds = timeout_of(exchange.request, self.limits.stream_seconds)
        answers = self.call(
            message, metadata=metadata_of(exchange), timeout_seconds=timeout_seconds
        )
        try:
            return await ndjson.answer(
                exchange,
                answers,
                to_json=self.to_json,
                status=self.status,
                write_seconds=self.limits.write_seconds,
                compression=self.compression,
            )
        finally:
            answers.cancel()


class Transcoder:
    """Makes endpoints of RPCs; holds the converters, so that each is built once."""

    def __init__(
        self,
        channels: CoreChannels,
        *,
        time_limits: TimeLimits,
        body_limits: BodyLimits,
        retries: Retries,
        compression: Compression,
    ) -> None:
        """Take the way to the core, the limits of one request, and what is done for both ends."""
        self._compression = compression
        self._retries = retries
        self._channels = channels
        self._time_limits = time_limits
        self._body_limits = body_limits
        self._readers = Readers()
        self._writers = Writers()

    def endpoint(self, rpc: Rpc, binding: HttpBinding, template: PathTemplate) -> Endpoint:
        """Build what serves one HTTP binding.

        Raises ContractError or UnsupportedTypeError for one that cannot be served.
        """
        request = RequestMessageReader(
            rpc.request,
            template.variables,
            binding.body,
            readers=self._readers,
            limits=self._body_limits,
        )
        classes = GetMessageClass(rpc.request), GetMessageClass(rpc.response)
        to_json = self._to_json(rpc, binding)
        # Tokens and secrets are made by what has side effects, and shown by nothing else.
        compression = None if rpc.has_side_effects else self._compression
        if rpc.server_streaming:
            return StreamEndpoint(
                request=request,
                call=self._channels.stream(rpc.path, *classes),
                to_json=to_json,
                status=rpc.success_status,
                limits=self._time_limits,
                compression=compression,
            )
        max_age = rpc.public_max_age_seconds
        return UnaryEndpoint(
            request=request,
            call=Retrying(
                self._channels.unary(rpc.path, *classes),
                self._retries,
                is_repeatable=rpc.is_repeatable,
            ),
            to_json=to_json,
            status=rpc.success_status,
            cache_control=f"public, max-age={max_age}" if max_age else None,
            timeout_seconds=max(self._time_limits.unary_seconds, rpc.time_limit_seconds),
            has_side_effects=rpc.has_side_effects,
            compression=compression,
        )

    def _to_json(self, rpc: Rpc, binding: HttpBinding) -> ToJson:
        name = binding.response_body
        if not name:
            return self._writers.message(rpc.response)
        if name not in rpc.response.fields_by_name:
            raise ContractError(f"{rpc.name}: the response has no field {name}")
        write = self._writers.field(rpc.response.fields_by_name[name])
        if write is None:
            return lambda message: getattr(message, name)
        return lambda message: write(getattr(message, name))
