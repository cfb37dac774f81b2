"""One request on its way through the gateway, and the shape of what handles it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from aiohttp import web

UNMATCHED: Final = "unmatched"
"""Stands for the route of a request that no route matched; the raw path is never recorded."""
CLIENT_GONE: Final = 499
"""Recorded as the status where the client left before its answer; it is never sent."""


class Endpoint(Protocol):
    """What a route leads to."""

    async def __call__(
        self, exchange: "Exchange", variables: Mapping[str, str]
    ) -> web.StreamResponse:
        """Answer a request; variables hold what the path says. Raises ProblemError."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What is known of a request; each middleware adds its part."""

    request: web.BaseRequest
    endpoint: Endpoint
    route: str = UNMATCHED
    """The path template."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the path says, by field path of the template's variables."""
    allowed: tuple[str, ...] = ()
    """The methods that the path has; known where OPTIONS asks for them."""
    request_id: str = ""
    client_address: str = ""
    """Empty where the peer is a Unix socket."""
    scheme: str = ""
    """What a trusted proxy says that the client speaks: `https`, `http`; empty if none says."""
    trace_id: str = ""
    """32 lower-case hexadecimal digits."""
    traceparent: str = ""
    """What the core shall continue (W3C Trace Context)."""
    tracestate: str = ""
    """What other systems on the way have to say about the trace."""
    reason: str = ""
    """Why the request was refused, also after the first line of a stream; empty if it was not."""
    failure: Exception | None = None
    """What nobody expected; it is logged, and the client is told nothing but INTERNAL."""
    started: bool = False
    """Whether the head of the answer has been sent, so that no other answer can be given."""
    answer_headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer carries, whatever it is."""


Next = Callable[[Exchange], Awaitable[web.StreamResponse]]
"""The rest of the way."""


class Middleware(Protocol):
    """A layer around the rest of the way."""

    async def __call__(self, exchange: Exchange, proceed: Next) -> web.StreamResponse:
        """Answer, as a rule by what proceed answers."""


def compose(layers: Sequence[Middleware], innermost: Next) -> Next:
    """Put layers around a handler, the first of them outermost."""
    handler = innermost
    for layer in reversed(layers):
        handler = partial(layer, proceed=handler)
    return handler
