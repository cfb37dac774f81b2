"""One client's connection: aiohttp's protocol with the manners that it leaves to others.

What the parser refuses is answered with a problem document; a client that is slow to send the head
of a request, or to take an answer, is cut off; nobody keeps one connection for ever.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import HttpVersion10, HttpVersion11, web
from aiohttp.http import HttpRequestParser, RawRequestMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

from gateway.problem import Problem, internal, refuse
from gateway.timer import Timer

SPOKEN: Final = frozenset({HttpVersion10, HttpVersion11})
"""The parser lets others pass, HTTP/0.9 among them, which has neither headers nor a status."""

_LINGER_SECONDS: Final = 1.0
_TOO_MANY_HEADERS: Final = "Too many headers received"

Refuse = Callable[[Problem], web.Response]
"""Makes the answer to a request that could not be read, and takes note of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What a connection may cost; times in seconds."""

    head_seconds: float
    """From the first byte of a head to its last."""
    write_seconds: float
    """How long written bytes may wait for a client that does not read."""
    max_seconds: float
    """The age from which the next answer is the last."""
    max_requests: int
    """The number of requests of which the last is answered with the end."""


class Connection(RequestHandler):
    """One connection of one client."""

    def __init__(
        self,
        server: web.Server,
        *,
        refuse_unreadable: Refuse,
        limits: ConnectionLimits,
        **options: object,
    ) -> None:
        """Take what RequestHandler takes, and the manners."""
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, **options)  # type: ignore[arg-type]
        # One request at a time is taken from the parser, so that one that cannot be read spoils
        # none before it: with the error the parser drops what it has read at once.
        self._max_msg_queue_size, self._msg_queue_resume_size = 1, 0
        self._parser = HttpRequestParser(
            self,
            loop,
            self._read_bufsize,
            max_line_size=self.max_line_size,
            max_field_size=self.max_field_size,
            max_headers=self.max_headers,
            payload_exception=RequestPayloadError,
            auto_decompress=False,
            max_msg_queue_size=1,
        )
        self._refuse_unreadable = refuse_unreadable
        self._limits = limits
        self._head_timer = Timer(limits.head_seconds, self.force_close)
        self._write_timer = Timer(limits.write_seconds, self._abort)
        self._wears_out_at = loop.time() + limits.max_seconds
        self._wire: asyncio.BaseTransport | None = None
        self._refused = False
        self._is_retired = False

    def retire(self) -> None:
        """Make the next answer the last one, which its head says where it is not sent yet."""
        self._is_retired = True

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has arrived that was not answered."""
        return self._waits_for_request and not self._head_timer.is_running

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; aiohttp forgets the transport when it closes it, which may take a while."""
        self._wire = transport
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Start the clock with the first byte of a head, stop it with the last."""
        super().data_received(data)
        if not self._messages and not self._reading_paused:
            # A request that was answered before its body came ends here, and the parser with it:
            # with one request at a time it stops behind each, and would keep the next to itself.
            super().data_received(b"")
        self._fail_broken_body()
        if not self._waits_for_request:
            self._head_timer.stop()
        elif data:
            self._head_timer.start()

    def pause_writing(self) -> None:
        """Start the clock when more is written than the client takes."""
        super().pause_writing()
        self._write_timer.start()

    def resume_writing(self) -> None:
        """Stop the clock when the client has taken most of it."""
        super().resume_writing()
        self._write_timer.stop()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the clocks."""
        self._wire = None
        self._head_timer.stop()
        self._write_timer.stop()
        super().connection_lost(exc)

    async def start(self) -> None:
        """Serve; an end waits for the client to take what is written, but not for ever."""
        try:
            await super().start()
        finally:
            if self._wire is not None:
                self._write_timer.start()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what the parser refused, without a word of what it read."""
        del message
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has been begun already")
        response = self._refuse_unreadable(
            _problem(exc) if status == HTTPStatus.BAD_REQUEST else internal()
        )
        response.force_close()
        self._refused = True
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the answer, and say so where it is the last one.

        After a refusal go on reading a while: closing a socket with unread data resets the
        connection, which can overtake the answer.
        """
        if self._is_retired or self._is_worn_out():
            resp.force_close()
        if request.version not in SPOKEN:
            # aiohttp would answer in a version that nobody here speaks.
            request._cache["version"] = HttpVersion11  # noqa: SLF001
        answered = await super().finish_response(request, resp, start_time)
        if self._refused:
            self._close = True  # data_received ignores what comes from now on
            if self.transport is not None and self.transport.can_write_eof():
                self.transport.write_eof()
            await asyncio.sleep(_LINGER_SECONDS)
        return answered

    @property
    def _waits_for_request(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _is_worn_out(self) -> bool:
        return (
            self._request_count >= self._limits.max_requests
            or self._loop.time() >= self._wears_out_at
        )

    def _fail_broken_body(self) -> None:
        """Tell whoever waits for the rest of a body that the parser has given up on it.

        aiohttp queues the parser's error as a request of its own, behind the one that it broke.
        """
        if not self._messages or isinstance(self._messages[-1][0], RawRequestMessage):
            return
        bodies = [payload for _, payload in self._messages]
        if self._current_request is not None:
            bodies.append(self._current_request.content)
        for body in bodies:
            if not body.is_eof():
                body.set_exception(RequestPayloadError())
                body.feed_eof()

    def _abort(self) -> None:
        if isinstance(self._wire, asyncio.WriteTransport):
            self._wire.abort()


def _problem(error: BaseException | None) -> Problem:
    if isinstance(error, LineTooLong) or _TOO_MANY_HEADERS in str(error):
        return refuse("HEADERS_TOO_LARGE", "The head of the request is too large.").problem
    return refuse("MALFORMED_REQUEST", "The request is not HTTP/1.1 as RFC 9112 has it.").problem
