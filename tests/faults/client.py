"""A client of two cores, which notes whatever it asks."""

import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from operator import attrgetter
from random import Random
from types import TracebackType
from typing import Any, Final, Self

import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from pandora.user.v1 import mfa_service_pb2_grpc
from tests.e2e.grpc_door import Stubs
from tests.faults.journal import Journal, Operation, Outcome, outcome_of

PATIENCE_SECONDS: Final = 4.0
_IMPATIENT: Final = 0.05
_IMPATIENCE_SECONDS: Final = 0.1
"""Some hang up sooner, at any moment of the service's work."""
_OPTIONS: Final = (
    # A core that is back is found again at once, and a call is never sent twice.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 400),
    ("grpc.enable_retries", 0),
)


class _AllStubs(Stubs):
    def __init__(self, channel: grpc.aio.Channel) -> None:
        super().__init__(channel)
        self.mfa = mfa_service_pb2_grpc.MfaServiceStub(channel)


class Client:
    """Calls the cores in turn by chance. A call is named as in `users.UpdateUser`."""

    def __init__(self, addresses: Sequence[str], journal: Journal, random: Random) -> None:
        self._addresses = addresses
        self._journal = journal
        self._random = random
        self._stubs: list[_AllStubs] = []
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for address in self._addresses:
            channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
            self._stubs.append(_AllStubs(await self._open.enter_async_context(channel)))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    def begin(self, kind: str, person: int, **facts: str) -> Operation:
        """Note what is about to be asked."""
        return self._journal.begin(kind, person, facts)

    async def perform(
        self, operation: Operation, call: str, request: object, *, token: str = ""
    ) -> Any:  # noqa: ANN401 - an answer of whatever kind
        """Call once; the answer is None unless the operation is acknowledged."""
        try:
            answer = await self._call(call, request, operation.id, token, self._patience())
        except grpc.aio.AioRpcError as error:
            reason = reason_of(error)
            self._journal.end(operation, outcome_of(error.code(), reason), reason)
            return None
        self._journal.end(operation, Outcome.DONE, "")
        return answer

    async def look(self, call: str, request: object, *, token: str) -> Any:  # noqa: ANN401
        """Read; None where there is no answer."""
        try:
            return await self._call(call, request, secrets.token_hex(16), token, PATIENCE_SECONDS)
        except grpc.aio.AioRpcError:
            return None

    def _patience(self) -> float:
        if self._random.random() < _IMPATIENT:
            return self._random.uniform(0, _IMPATIENCE_SECONDS)
        return PATIENCE_SECONDS

    async def _call(self, call: str, request: object, name: str, token: str, seconds: float) -> Any:  # noqa: ANN401
        metadata = [
            ("x-request-id", name),
            ("traceparent", f"00-{name}-{secrets.token_hex(8)}-00"),
        ]
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        method = attrgetter(call)(self._random.choice(self._stubs))
        return await method(request, metadata=metadata, timeout=seconds)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the service's own reason, else the code's name.

    An INTERNAL that the service itself answered is told from one of a broken connection.
    """
    name = str(error.code().name)
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            name = f"{name} by the service"
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return str(info.reason)
    return name
