"""Where every readable request comes in: it is routed, and goes through the layers."""

from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import hdrs, web

from gateway.exchange import Endpoint, Exchange, Middleware, compose
from gateway.percent import MalformedTextError
from gateway.problem import ProblemError, refuse
from gateway.routes import MethodNotAllowedError, PathNotFoundError, Router

_SERVER: Final = "*"
"""The target of a request that is for the server and no resource (RFC 9112 section 3.2.4)."""


class Dispatcher:
    """Handles requests for aiohttp's server."""

    def __init__(self, router: Router[Endpoint], layers: Sequence[Middleware]) -> None:
        """Take the routes, and the layers around each of them, the first outermost."""
        self._router = router
        self._handle = compose(layers, _serve)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, whatever it is."""
        return await self._handle(self._exchange(request))

    def _exchange(self, request: web.BaseRequest) -> Exchange:
        if request.method == hdrs.METH_OPTIONS and request.raw_path == _SERVER:
            return Exchange(request=request, endpoint=_tell_methods)
        try:
            match = self._router.find(request.method, request.rel_url.raw_path)
        except PathNotFoundError:
            return _refused(request, refuse("ROUTE_NOT_FOUND", "There is nothing at this path."))
        except MethodNotAllowedError as error:
            if request.method == hdrs.METH_OPTIONS:
                return Exchange(request=request, endpoint=_tell_methods, allowed=error.allowed)
            headers = {str(hdrs.ALLOW): ", ".join(error.allowed)}
            detail = "This path does not know this method; Allow lists those that it knows."
            return _refused(request, refuse("METHOD_NOT_ALLOWED", detail, headers=headers))
        except MalformedTextError:
            detail = "The path is not percent-encoded UTF-8."
            return _refused(request, refuse("MALFORMED_REQUEST", detail))
        return Exchange(
            request=request,
            endpoint=match.route.target,
            route=match.route.template.text,
            variables=match.variables,
        )


async def _serve(exchange: Exchange) -> web.StreamResponse:
    return await exchange.endpoint(exchange, exchange.variables)


async def _tell_methods(exchange: Exchange, variables: Mapping[str, str]) -> web.StreamResponse:
    """Answer OPTIONS (RFC 9110 section 9.3.7); a preflight's own headers are a layer's matter."""
    del variables
    headers = dict(exchange.answer_headers)
    if exchange.allowed:
        headers[hdrs.ALLOW] = ", ".join(exchange.allowed)
    return web.Response(status=204, headers=headers)


def _refused(request: web.BaseRequest, error: ProblemError) -> Exchange:
    async def endpoint(exchange: Exchange, variables: Mapping[str, str]) -> web.StreamResponse:
        del exchange, variables
        raise error

    return Exchange(request=request, endpoint=endpoint)
