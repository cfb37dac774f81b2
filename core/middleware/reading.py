"""Requests that cannot be read: answered by us, not by grpc.

Where a deserialiser raises, grpc.aio answers UNKNOWN with the parser's own text and logs a
traceback. So it never does: it hands on a token, which is refused after authentication.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf.message import DecodeError

from core.domain.errors import MalformedRequest
from core.middleware.call import UNREADABLE, Answer, Call, Next

Deserializer = Callable[[bytes], Any]


def tolerant(deserialize: Deserializer) -> Deserializer:
    """Wrap a message's parser: what it refuses becomes UNREADABLE.

    It refuses broken wire format, invalid UTF-8 in a string, and nesting deeper than 100 levels.
    Fields that it does not know are kept aside, as proto3 wants it of every reader.
    """

    def read(raw: bytes) -> Any:  # noqa: ANN401 - whatever message the method takes
        try:
            return deserialize(raw)
        except DecodeError:
            return UNREADABLE

    return read


async def readable(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Pass a stream of requests on up to the first that cannot be read.

    Raises:
        MalformedRequest: there is one.
    """
    async for request in requests:
        if request is UNREADABLE:
            raise MalformedRequest
        yield request


class Readability:
    """Stage: refuses a request that could not be read."""

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Let a message pass.

        Raises:
            MalformedRequest: the request is UNREADABLE.
        """
        if call.request is UNREADABLE:
            raise MalformedRequest
        return await proceed(call)
