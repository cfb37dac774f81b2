"""Server reflection: clients such as grpcurl learn the contract from the server itself."""

from collections.abc import Iterable
from typing import Any

import grpc.aio
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from grpc_reflection.v1alpha import reflection


class _PoolThatKnowsMethods:
    """The pool of descriptors, which by itself finds the file of everything but a method.

    Without it `describe pandora.user.v1.UserService.GetUser` would not be answered.
    """

    def __init__(self, pool: descriptor_pool.DescriptorPool) -> None:
        self._pool = pool

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 - the pool's
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            method = self._pool.FindMethodByName(symbol)
            return method.containing_service.file

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the pool has there
        return getattr(self._pool, name)


def enable_reflection(server: grpc.aio.Server, services: Iterable[str]) -> None:
    """Describe these services, and reflection itself, to whoever asks."""
    pool = _PoolThatKnowsMethods(descriptor_pool.Default())
    reflection.enable_server_reflection(  # type: ignore[no-untyped-call]
        (*services, reflection.SERVICE_NAME), server, pool
    )
