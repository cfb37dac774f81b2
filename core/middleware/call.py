"""One call on its way through the pipeline: what is known of it, and what the stages add."""

from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import grpc.aio

from core.domain.caller import Caller, Origin

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
"""What grpc hands to a servicer beside the request."""

Answer: TypeAlias = object
"""What goes back: the bytes of a message, or None where a stream of them has been written."""

UNREADABLE = object()
"""Stands in for a request whose bytes are no message of the type that the method takes."""

_NOWHERE = Origin(request_id="", trace_id="")
_NOBODY = Caller(origin=_NOWHERE)


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One call. Stages replace `trace_id`, `origin` and `caller` as they find them out.

    `method` is the path without its leading slash, for example
    `pandora.user.v1.UserService/GetUser`. `request` is a message, or UNREADABLE, or, where the
    client streams, an asynchronous iterator of messages.
    """

    method: str
    request: Any = field(repr=False)
    context: Context = field(repr=False)
    metadata: Iterable[tuple[str, str | bytes]] = field(repr=False)
    trace_id: str = ""
    origin: Origin = _NOWHERE
    caller: Caller = _NOBODY
    narrowed_to: frozenset[str] | None = None
    """The only methods that what let the caller in is good for; None leaves it to the rules."""
    before_message: Callable[[], Awaitable[None]] | None = None
    """Awaited before each message of a stream of answers; raises what ends the stream."""

    def values(self, key: str) -> list[str]:
        """Return every textual value of a metadata key, which is given in lower case."""
        return [value for name, value in self.metadata if name == key and isinstance(value, str)]


Next: TypeAlias = Callable[[Call], Awaitable[Answer]]
"""The rest of the way: the stages that follow, and the servicer at its end."""


class Stage(Protocol):
    """One concern that every call passes through. Stages keep no state of a call in themselves."""

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Do what is to be done before, await `proceed(call)`, do what is to be done after."""
        ...


_CURRENT: ContextVar[Call] = ContextVar("current_call")


def enter(call: Call) -> None:
    """Make a call the current one of this task; grpc.aio runs each call in a task of its own."""
    _CURRENT.set(call)


def current_call() -> Call:
    """Return the call that this task serves.

    Raises:
        LookupError: the task serves no call.
    """
    return _CURRENT.get()


def current_caller() -> Caller:
    """Return who makes the call that this task serves; nobody (`role` None) where anyone may.

    Raises:
        LookupError: the task serves no call.
    """
    return _CURRENT.get().caller
