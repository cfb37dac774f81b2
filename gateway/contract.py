"""What the descriptors say about every RPC: the one source of routes and answers."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar, cast

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
    MethodDescriptor,
    ServiceDescriptor,
)
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

from pandora.options.v1 import access_pb2

Option = TypeVar("Option", bound=Message)

PACKAGE: Final = "pandora.user.v1"

_OK = 200
_REPEATABLE: Final = frozenset({MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT})
_PATTERNS: Final = ("get", "put", "post", "delete", "patch")


class ContractError(Exception):
    """The descriptors ask for what the gateway cannot serve; the message names the RPC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpBinding:
    """One HTTP method and path of an RPC (google.api.HttpRule)."""

    method: str
    template: str
    body: str
    """`*`, the name of a field, or empty: the request has no body."""
    response_body: str
    """The field that is answered instead of the whole message; empty for the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One RPC with everything that a door to it needs to know."""

    name: str
    """`pandora.user.v1.UserService.GetUser`."""
    request: Descriptor
    response: Descriptor
    server_streaming: bool
    success_status: int
    is_repeatable: bool
    """Whether making the call again does no harm (idempotency_level)."""
    public_max_age_seconds: int
    """How long anyone may cache a successful answer; 0: nobody may."""
    time_limit_seconds: int
    """How long a call may go on where that is longer than usual; 0: as usual."""
    bindings: tuple[HttpBinding, ...]
    """Empty for an RPC without HTTP route."""
    access: access_pb2.AccessRule
    """Who may call; the core decides by it, the gateway only says it."""
    has_side_effects: bool
    """False for an RPC that declares NO_SIDE_EFFECTS."""

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether a repeat with the same Idempotency-Key is answered as the first call was.

        Of the others, those with side effects refuse the header, and those without ignore it.
        """
        return (
            self.has_side_effects
            and self.access.idempotency_keys == access_pb2.IDEMPOTENCY_KEYS_ACCEPTED
        )

    @property
    def path(self) -> str:
        """The path of the gRPC call."""
        service, _, method = self.name.rpartition(".")
        return f"/{service}/{method}"


def load_services(package: str = PACKAGE) -> list[ServiceDescriptor]:
    """Import every generated module of a package and list the services found, by name."""
    folder = importlib.import_module(package).__path__
    modules = (
        importlib.import_module(f"{package}.{module.name}")
        for module in pkgutil.iter_modules(folder)
        if module.name.endswith("_pb2")
    )
    found = [service for module in modules for service in _services_of(module.DESCRIPTOR)]
    return sorted(found, key=lambda service: service.full_name)


def rpcs_of(services: Iterable[ServiceDescriptor]) -> list[Rpc]:
    """Describe every RPC. Raises ContractError for one whose route cannot be served."""
    return [_rpc(method) for service in services for method in service.methods]


def _services_of(file: object) -> Sequence[ServiceDescriptor]:
    services: dict[str, ServiceDescriptor] = getattr(file, "services_by_name", {})
    return list(services.values())


def _rpc(method: MethodDescriptor) -> Rpc:
    access = _option(method, access_pb2.access, access_pb2.AccessRule)
    rule = _option(method, annotations_pb2.http, HttpRule)
    bindings = tuple(_bindings(method, rule)) if rule.WhichOneof("pattern") else ()
    if bindings and method.client_streaming:
        raise ContractError(f"{method.full_name}: a stream of requests has no HTTP route")
    idempotency: int = getattr(method.GetOptions(), "idempotency_level", 0)
    return Rpc(
        name=method.full_name,
        request=method.input_type,
        response=method.output_type,
        server_streaming=method.server_streaming,
        success_status=access.success_status or _OK,
        is_repeatable=idempotency in _REPEATABLE,
        public_max_age_seconds=access.public_max_age_seconds,
        time_limit_seconds=access.time_limit_seconds,
        bindings=bindings,
        access=access,
        has_side_effects=idempotency != MethodOptions.NO_SIDE_EFFECTS,
    )


def _option(method: MethodDescriptor, extension: FieldDescriptor, kind: type[Option]) -> Option:
    """An option of an RPC; the empty message where it is not set."""
    extensions: Mapping[FieldDescriptor, object] = cast(
        "Mapping[FieldDescriptor, object]", method.GetOptions().Extensions
    )
    option = extensions[extension]
    if not isinstance(option, kind):
        raise ContractError(f"{method.full_name}: {extension.full_name} is not a {kind.__name__}")
    return option


def _bindings(method: MethodDescriptor, rule: HttpRule) -> Iterable[HttpBinding]:
    pattern = rule.WhichOneof("pattern")
    if pattern == "custom":
        verb, template = rule.custom.kind, rule.custom.path
    elif pattern in _PATTERNS:
        verb, template = pattern.upper(), getattr(rule, pattern)
    else:
        raise ContractError(f"{method.full_name}: the HTTP rule has no path")
    yield HttpBinding(
        method=verb, template=template, body=rule.body, response_body=rule.response_body
    )
    for further in rule.additional_bindings:
        yield from _bindings(method, further)
