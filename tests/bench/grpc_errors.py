"""A gRPC server on which each Nth call fails: over HTTP every answer of it is a 200."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

import grpc

PATH: Final = "/bench.Test/Call"
ANSWER: Final = b"x" * 100


@asynccontextmanager
async def failing_server(*, every: int) -> AsyncIterator[tuple[str, list[int]]]:
    """Serve; yields the address, and a list of two: calls so far, and how many of them failed."""
    counted = [0, 0]
    numbers = count(1)

    async def answer(_: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        counted[0] += 1
        if next(numbers) % every == 0:
            counted[1] += 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "on purpose")
        return ANSWER

    class Handler(grpc.GenericRpcHandler):
        def service(
            self, handler_call_details: grpc.HandlerCallDetails
        ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
            if handler_call_details.method != PATH:
                return None
            return grpc.unary_unary_rpc_method_handler(answer)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}", counted
    finally:
        await server.stop(0)
