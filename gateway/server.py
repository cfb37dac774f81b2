"""aiohttp's server with two manners of its own.

What its parser refuses is answered with a problem document, and a client that takes too long to
send the head of a request is cut off.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from gateway.problem import Problem, internal, refuse

_LINGER_SECONDS: Final = 1.0
_TOO_MANY_HEADERS: Final = "Too many headers received"

Refuse = Callable[[Problem], web.Response]
"""Makes the answer to a request that could not be read, and takes note of it."""


class Connection(RequestHandler):
    """One connection of one client."""

    def __init__(
        self,
        server: "HttpServer",
        *,
        refuse_unreadable: Refuse,
        head_timeout_seconds: float,
        **options: object,
    ) -> None:
        """Take what RequestHandler takes, and the two manners."""
        super().__init__(server, loop=asyncio.get_running_loop(), **options)  # type: ignore[arg-type]
        self._refuse_unreadable = refuse_unreadable
        self._head_timeout_seconds = head_timeout_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """Start the clock with the first byte of a head, stop it with the last."""
        super().data_received(data)
        waits_for_request = self._waiter is not None and not self._waiter.done()
        if not waits_for_request:
            self._stop_timer()
        elif self._head_timer is None:
            self._head_timer = asyncio.get_running_loop().call_later(
                self._head_timeout_seconds, self.force_close
            )

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the clock."""
        self._stop_timer()
        super().connection_lost(exc)

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
        """Send the answer; after a refusal go on reading a while.

        Closing a socket with unread data resets the connection, which can overtake the answer.
        """
        answered = await super().finish_response(request, resp, start_time)
        if self._refused:
            self._close = True  # data_received ignores what comes from now on
            if self.transport is not None and self.transport.can_write_eof():
                self.transport.write_eof()
            await asyncio.sleep(_LINGER_SECONDS)
        return answered

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class HttpServer(web.Server):
    """Makes a Connection for each client, and cancels the work for one that has gone."""

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        connect: Callable[["HttpServer"], Connection],
    ) -> None:
        """Take what answers requests, and what makes connections."""
        super().__init__(handler, handler_cancellation=True)
        self._connect = connect

    def __call__(self) -> RequestHandler:
        """Make the protocol of a new connection."""
        return self._connect(self)


def _problem(error: BaseException | None) -> Problem:
    if isinstance(error, LineTooLong) or _TOO_MANY_HEADERS in str(error):
        return refuse("HEADERS_TOO_LARGE", "The head of the request is too large.").problem
    return refuse("MALFORMED_REQUEST", "The request is not HTTP/1.1 as RFC 9112 has it.").problem
