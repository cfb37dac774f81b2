"""How often a client may call, by the kind of call that the contract says each RPC is."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from core.domain.client_network import ExemptNetworks, client_network
from core.domain.email_address import presented_key
from core.domain.errors import RateLimited
from core.domain.ports.crypto import KeyedDigests
from core.domain.ports.limits import RateLimiter
from core.domain.rate_limit import Allowance, Rate, RateClass
from core.domain.user import Role
from core.middleware.call import UNREADABLE, Answer, Call, Next
from pandora.options.v1 import access_pb2

_ACCESS: Any = access_pb2.access
"""The option's extension; generated code and type stubs disagree on its class."""

_CLASSES: Mapping[int, RateClass] = MappingProxyType(
    {
        access_pb2.RATE_CLASS_LOGIN: RateClass.LOGIN,
        access_pb2.RATE_CLASS_REGISTRATION: RateClass.REGISTRATION,
        access_pb2.RATE_CLASS_RECOVERY: RateClass.RECOVERY,
        access_pb2.RATE_CLASS_TOKEN: RateClass.TOKEN,
        access_pb2.RATE_CLASS_READ: RateClass.READ,
        access_pb2.RATE_CLASS_WRITE: RateClass.WRITE,
        access_pb2.RATE_CLASS_BULK: RateClass.BULK,
    }
)

_SHARED: Final = frozenset({RateClass.LOGIN, RateClass.REGISTRATION, RateClass.RECOVERY})
"""Counted in all processes together. All else is counted in each process for itself: a trip to
Redis would cost more than many a read, and a few times the limit does no harm there."""

_MAILBOX: Final = "mailbox"
_SERVICE: Final = "service"
_MAILBOX_FIELD: Final = "email"
_MAILED: Final = frozenset({RateClass.REGISTRATION, RateClass.RECOVERY})
"""Kinds of calls that send mail to an address that the request names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """How many calls are allowed: of each kind, to one mailbox, and by one service.

    Clients from `exempt` networks are not counted.
    """

    by_class: Mapping[RateClass, Rate]
    mailbox: Rate
    service: Rate
    exempt: ExemptNetworks = field(default_factory=ExemptNetworks)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateParts:
    """The limits, and what counts: in all processes together, and in this one alone."""

    table: RateTable
    shared: RateLimiter
    local: RateLimiter
    digests: KeyedDigests


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """One count that a call is held against; `name` is that of its limit."""

    name: str
    content: str
    rate: Rate
    is_shared: bool


def rate_classes(services: Iterable[ServiceDescriptor]) -> Mapping[str, RateClass]:
    """Return the kind of each method (`package.Service/Method`).

    One that the contract says nothing of is limited like a change.
    """
    return MappingProxyType(
        {
            f"{service.full_name}/{method.name}": _CLASSES.get(
                method.GetOptions().Extensions[_ACCESS].rate_class, RateClass.WRITE
            )
            for service in services
            for method in service.methods
        }
    )


class RateLimits:
    """Stage: refuses a call that is one too many, once it is known who makes it.

    Who has no access token is counted by address, whoever has one by person, and a service of the
    platform by its name. A client whose address is not known, and who is nobody, is not counted.
    """

    def __init__(self, classes: Mapping[str, RateClass], parts: RateParts) -> None:
        """Take the kind of each method, the limits, and what counts."""
        self._classes = classes
        self._table = parts.table
        self._shared = parts.shared
        self._local = parts.local
        self._digests = parts.digests

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Let a call pass.

        Raises:
            RateLimited: it is one too many.
        """
        if not self._table.exempt.hold(call.origin.ip_address):
            for count in self._counts(call):
                await self._take(call, count)
        return await proceed(call)

    async def _take(self, call: Call, count: _Count) -> None:
        if not count.is_shared:
            allowance = await self._local.take(f"{count.name}.{count.content}", count.rate)
        else:
            # What another server keeps must not name anybody.
            digest = self._digests.digest(f"rate {count.name}", count.content)
            allowance = await self._shared.take(f"{count.name}.{digest}", count.rate)
            _tell(call, count, allowance)
        if not allowance.is_allowed:
            raise RateLimited(retry_after_seconds=allowance.retry_after_seconds)

    def _counts(self, call: Call) -> Iterator[_Count]:
        kind = self._classes.get(call.method, RateClass.WRITE)
        caller = call.caller
        if caller.role is Role.SERVICE:
            yield _Count(
                name=_SERVICE,
                content=caller.service_name or "",
                rate=self._table.service,
                is_shared=False,
            )
            return
        content = self._whom(call)
        if content is not None:
            yield _Count(
                name=kind.value,
                content=content,
                rate=self._table.by_class[kind],
                is_shared=kind in _SHARED,
            )
        mailbox = _mailbox(call.request) if kind in _MAILED else None
        if mailbox is not None:
            yield _Count(name=_MAILBOX, content=mailbox, rate=self._table.mailbox, is_shared=True)

    def _whom(self, call: Call) -> str | None:
        if call.caller.user_id is not None:
            return str(call.caller.user_id)
        return client_network(call.origin.ip_address)


def _mailbox(request: object) -> str | None:
    """Return the key of the address that a request names, whether anybody has it or not."""
    if request is UNREADABLE or not isinstance(request, Message):
        return None
    if _MAILBOX_FIELD not in request.DESCRIPTOR.fields_by_name:
        return None
    address: str = getattr(request, _MAILBOX_FIELD)
    return presented_key(address) or None


def _tell(call: Call, count: _Count, allowance: Allowance) -> None:
    """Tell the client where it stands, in the words of draft-ietf-httpapi-ratelimit-headers."""
    name = json.dumps(count.name)
    policy = f"{name};q={count.rate.calls};w={ceil(count.rate.window_seconds)}"
    state = f"{name};r={allowance.remaining};t={ceil(allowance.reset_after_seconds)}"
    call.context.set_trailing_metadata(
        (
            *call.context.trailing_metadata(),
            ("ratelimit-policy", policy),
            ("ratelimit", state),
        )
    )
