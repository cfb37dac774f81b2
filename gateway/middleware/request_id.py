"""A name for each request, the client's own where it is fit to be carried on."""

import re
from collections.abc import Callable
from typing import Final

from aiohttp import web

from gateway.exchange import Exchange, Next

HEADER: Final = "X-Request-Id"

_FIT: Final = re.compile(r"[!-~]{1,128}")


class RequestId:
    """Takes X-Request-Id from the request or makes one, and answers it."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        """Take the source of new ids."""
        self._new_id = new_id

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Name the request; see Middleware."""
        given = exchange.request.headers.get(HEADER)
        exchange.request_id = given if given and _FIT.fullmatch(given) else self._new_id()
        exchange.answer_headers[HEADER] = exchange.request_id
        return await proceed(exchange)
