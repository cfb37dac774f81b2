"""Any RPC through either door, made from its descriptor: a new one needs no line here.

Each call comes from a client address of its own, so that no limit on addresses has a say.
"""

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, Final, Protocol
from urllib.parse import quote

import aiohttp
import grpc.aio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from core.transport.services import SERVICES
from gateway.contract import HttpBinding, Rpc, load_services, rpcs_of
from gateway.converters.encoding import Writers
from gateway.path_template import PathTemplate
from tests.e2e.rest import DEADLINE_SECONDS
from tests.unit.middleware.door import Refusal, full_path

METHODS: Final[Mapping[str, MethodDescriptor]] = {
    f"{service.name}/{method.name}": method for service in SERVICES for method in service.methods
}
"""Every RPC of the contract by `Service/Method`."""

_DOCUMENTATION: Final = int(IPv6Address("2001:db8::"))


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a door said: the code's name and, for a refusal, its reason.

    `status` is the HTTP status; 0 where the door does not speak HTTP.
    """

    code: str
    reason: str | None = None
    status: int = 0


class Door(Protocol):
    """One of the two ways in."""

    def serves(self, method: str) -> bool:
        """Tell whether an RPC can be called here."""
        ...

    async def call(self, method: str, request: Message, *, token: str | None = None) -> Reply:
        """Call an RPC; `token` stands after `Bearer ` as it is."""
        ...


class GrpcDoor:
    """The core's port. The tests' machine is believed to be a gateway."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def serves(self, method: str) -> bool:
        return method in METHODS

    async def call(self, method: str, request: Message, *, token: str | None = None) -> Reply:
        metadata = [("x-client-address", new_address())]
        if token is not None:
            metadata.append(("authorization", f"Bearer {token}"))
        try:
            await self._answered(method, request, tuple(metadata))
        except grpc.aio.AioRpcError as error:
            return Reply(code=error.code().name, reason=Refusal.of(error).reason)
        return Reply(code="OK")

    async def _answered(self, method: str, request: Message, metadata: Any) -> None:  # noqa: ANN401
        descriptor = METHODS[method]
        answer = GetMessageClass(descriptor.output_type)
        kind = "unary_stream" if descriptor.server_streaming else "unary_unary"
        stub: Any = getattr(self._channel, kind)(
            full_path(method), type(request).SerializeToString, answer.FromString
        )
        call = stub(request, metadata=metadata, timeout=DEADLINE_SECONDS)
        if descriptor.server_streaming:
            async for _ in call:
                pass
        else:
            await call


class RestDoor:
    """The gateway's port, which believes its peers about whom they forward for."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._writers = Writers()

    def serves(self, method: str) -> bool:
        return method in _ROUTED

    async def call(self, method: str, request: Message, *, token: str | None = None) -> Reply:
        rpc = _ROUTED[method]
        binding = rpc.bindings[0]
        document = self._writers.message(rpc.request)(request)
        headers = {"x-forwarded-for": new_address()}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        body = None
        path = _path(binding, document)
        if binding.body:
            headers["content-type"] = "application/json"
            body = json.dumps(document if binding.body == "*" else document[binding.body])
        async with self._session.request(
            binding.method,
            self._url + path,
            params=None if binding.body else _query(document),
            data=body,
            headers=headers,
        ) as response:
            content = await response.read()
        return _reply(response, content, rpc)


def new_address() -> str:
    """Return an address for documentation (RFC 3849), in a /64 that nobody else is in."""
    return str(IPv6Address(_DOCUMENTATION + (random.getrandbits(32) << 64) + 1))


def new_id() -> str:
    """Return an id that nothing has."""
    return str(uuid.uuid4())


def _path(binding: HttpBinding, document: dict[str, object]) -> str:
    """Fill the template, and take the fields that stand in it out of the document."""
    path = binding.template
    for name in PathTemplate.parse(binding.template).variables:
        path = path.replace(f"{{{name}}}", quote(str(document.pop(name)), safe=""))
    return path


def _query(document: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    values = {
        name: value if isinstance(value, list) else [value]
        for name, value in document.items()
        if value not in ("", 0, False)
    }
    return [(name, str(each)) for name, several in values.items() for each in several]


def _reply(response: aiohttp.ClientResponse, content: bytes, rpc: Rpc) -> Reply:
    if response.status < 400:
        assert response.status == rpc.success_status
        return Reply(code="OK", status=response.status)
    assert response.content_type == "application/problem+json", content
    problem = json.loads(content)
    return Reply(code=problem["code"], reason=problem["reason"], status=response.status)


def _routed() -> Mapping[str, Rpc]:
    rpcs = {rpc.path.removeprefix("/"): rpc for rpc in rpcs_of(load_services()) if rpc.bindings}
    by_path = {full_path(method).removeprefix("/"): method for method in METHODS}
    return {by_path[path]: rpc for path, rpc in rpcs.items()}


_ROUTED: Final = _routed()
