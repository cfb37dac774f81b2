"""Repeats of a call that bring its idempotency key are answered as the call was."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.rpc import status_pb2

from core.domain.caller import Caller
from core.domain.errors import DomainError
from core.domain.idempotency import KeyedCall, Outcome
from core.domain.ports.crypto import KeyedDigests
from core.domain.ports.idempotency import IdempotentCalls, Work
from core.middleware.access import CALLER_ALIAS
from core.middleware.access_rule import TARGET_FIELD
from core.middleware.call import UNREADABLE, Answer, Call, Next, Stage
from core.middleware.errors import RepeatedRefusal, refusal_status
from core.middleware.idempotency_key import METADATA_KEY, methods_with_keys, parse_key, refuse_key

REPLAYED: Final = "idempotency-replayed"
"""Trailing metadata of an answer that was given before."""

_PURPOSE: Final = "idempotency request"
_USER_FIELD: Final = "user"
_SHARE_OF_TIME: Final = 0.8
"""What of its time a call may spend on waiting; it must be able to say that it waited in vain."""


class Idempotency:
    """Stage: makes a call with a key once, and gives its answer to every repeat.

    It follows authentication and access: only who may make a call is answered again. Limits on the
    call, and the rules of its fields, follow it: they are no business of a repeat, whose call has
    met them before.
    """

    def __init__(
        self,
        services: Iterable[ServiceDescriptor],
        calls: IdempotentCalls,
        *,
        digests: KeyedDigests,
        limits: Stage,
    ) -> None:
        """Take the services, and what makes calls once.

        `digests` stand in for what must not be stored; `limits` let calls with a key in, be they
        repeats or not.

        Raises:
            AccessRuleInvalid: what the contract says of keys contradicts itself.
        """
        known = list(services)
        self._takes_key = methods_with_keys(known)
        self._answers: Mapping[str, type[Message]] = {
            f"{service.full_name}/{method.name}": message_factory.GetMessageClass(
                method.output_type
            )
            for service in known
            for method in service.methods
        }
        self._calls = calls
        self._digests = digests
        self._limits = limits

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Make the call, or give its answer again.

        Raises:
            RateLimited: it is one call with a key too many.
            ValidationFailed: the method takes no key, or this is none.
            IdempotencyKeyReused: the key came with another request before.
            Conflict: a call with this key is under way.
            RepeatedRefusal: the call was refused before.
        """
        keys = call.values(METADATA_KEY)
        if not keys or call.method not in self._takes_key or call.request is UNREADABLE:
            return await proceed(call)
        return await self._limits(call, partial(self._answer, proceed, keys))

    async def _answer(self, proceed: Next, keys: Sequence[str], call: Call) -> Answer:
        if not self._takes_key[call.method]:
            raise refuse_key()
        work = Work(execute=partial(self._execute, call, proceed), refusal=partial(_refusal, call))
        given = await self._calls.answer(self._keyed(call, parse_key(keys)), work)
        if given.is_repeat:
            call.context.set_trailing_metadata(
                (*call.context.trailing_metadata(), (REPLAYED, "true"))
            )
        if given.outcome.status:
            raise RepeatedRefusal(status_pb2.Status.FromString(given.outcome.content))
        return given.outcome.content

    def _keyed(self, call: Call, key: str) -> KeyedCall:
        return KeyedCall(
            digest=_digest(call.method, _identity(call.caller), key),
            request_digest=self._digests.digest(_PURPOSE, _digest(call.method, *_sent(call))),
            method=call.method,
            caller_id=call.caller.user_id,
            patience_seconds=_patience(call.context.time_remaining()),
        )

    async def _execute(self, call: Call, proceed: Next) -> Outcome:
        content = await proceed(call)
        if not isinstance(content, bytes):
            raise TypeError(f"{call.method} answered no message")
        answer = self._answers[call.method].FromString(content)
        return Outcome(
            status=0, content=content, subject_id=_target(call) or _described_user(answer)
        )


def _refusal(call: Call, error: DomainError) -> Outcome:
    status = refusal_status(error)
    return Outcome(
        status=status.code,
        content=status.SerializeToString(deterministic=True),
        subject_id=_target(call),
    )


def _patience(remaining_seconds: float | None) -> float | None:
    return None if remaining_seconds is None else remaining_seconds * _SHARE_OF_TIME


def _identity(caller: Caller) -> str:
    """Return whose key it is; one that nobody in particular brings is that of an address."""
    if caller.actor_id is not None:
        return f"{caller.actor_type} {caller.actor_id}"
    return f"address {caller.origin.ip_address or ''}"


def _sent(call: Call) -> list[str]:
    """Return what the client sent: the request, and credentials where they are a part of it.

    Who is known by an access token may bring a newer one with the repeat. Where anyone may call,
    a method may find out by itself whom the token names.
    """
    request: Message = call.request
    body = request.SerializeToString(deterministic=True).hex()
    return [body] if call.caller.actor_id is not None else [body, *call.values("authorization")]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _target(call: Call) -> UUID | None:
    """Return whom the request names."""
    named: str = getattr(call.request, TARGET_FIELD, "")
    return call.caller.user_id if named == CALLER_ALIAS else _uuid(named)


def _described_user(answer: Any) -> UUID | None:  # noqa: ANN401 - whatever message it is
    """Return the person whom an answer describes."""
    if _USER_FIELD not in answer.DESCRIPTOR.fields_by_name or not answer.HasField(_USER_FIELD):
        return None
    return _uuid(answer.user.id)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
