"""`python -m bench.floors.fixed_core SHARED_PORT OWN_PORT`: a core that answers the same always.

It reads nothing of a request. The first port is shared with other processes (SO_REUSEPORT), the
second is its own: whoever wants each of several processes to have its share of calls uses that.
"""

import sys
from typing import Final

import grpc
import uvloop
from grpc_health.v1 import health_pb2

from bench.floors.answers import answers

_HEALTH: Final = "/grpc.health.v1.Health/Check"


class Fixed(grpc.GenericRpcHandler):
    """Answers each RPC that it knows with its bytes."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        """Take the answers by the paths of the RPCs."""
        self._handlers = {path: _handler(answer) for path, answer in answers.items()}

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Find the handler of an RPC."""
        return self._handlers.get(handler_call_details.method)


def _handler(answer: bytes) -> "grpc.RpcMethodHandler[bytes, bytes]":
    async def answer_it(_request: bytes, _context: object) -> bytes:
        return answer

    return grpc.unary_unary_rpc_method_handler(answer_it)


async def serve(ports: list[int]) -> None:
    """Serve until the process is ended."""
    serving = health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)
    known = {**answers(), _HEALTH: serving}
    server = grpc.aio.server(options=(("grpc.so_reuseport", 1),))
    server.add_generic_rpc_handlers(
        (Fixed({path: answer.SerializeToString() for path, answer in known.items()}),)
    )
    for port in ports:
        server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve([int(port) for port in sys.argv[1:]]))
