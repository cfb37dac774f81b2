"""What is done with which type of event."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message
from protovalidate import Validator

from core.domain.ports.consumed_events import Consumption
from core.domain.ports.event_source import Refusal
from core.events.inbound import MALFORMED, EventRefused, InboundEvent
from core.events.typed_payload import PayloadInvalid, read_payload

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Generic[M]):
    """One type of event, its message, and what handles it.

    `handle` has to be one unit of work that records the consumption; it returns False where the
    event had been handled before. DomainErrors that no retry mends lead to a dead letter.
    """

    event_type: str
    message_type: type[M]
    handle: Callable[[M, InboundEvent, Consumption], Awaitable[bool]]

    def prepare(
        self, event: InboundEvent, consumption: Consumption, validator: Validator
    ) -> Callable[[], Awaitable[bool]]:
        """Read the payload; return what handles it.

        Raises:
            EventRefused: the payload breaks its message's rules.
        """
        try:
            message = read_payload(self.message_type, event.payload, validator)
        except PayloadInvalid as invalid:
            raise EventRefused(
                Refusal(
                    reason=MALFORMED,
                    detail=str(invalid),
                    event_id=str(event.id),
                    event_type=event.event_type,
                )
            ) from None
        return lambda: self.handle(message, event, consumption)


class Subscriptions:
    """All that one consumer group handles; other types on the stream are for others."""

    def __init__(self, consumer: str, subscriptions: Iterable[Subscription[Message]]) -> None:
        """Take the group's name, under which handled events are recorded."""
        self._consumer = consumer
        self._by_type = {one.event_type: one for one in subscriptions}
        self._validator = Validator()

    def prepare(self, event: InboundEvent) -> Callable[[], Awaitable[bool]] | None:
        """Return what handles an event, or None where nobody here listens to its type.

        Raises:
            EventRefused: the payload breaks its message's rules.
        """
        subscription = self._by_type.get(event.event_type)
        if subscription is None:
            return None
        consumption = Consumption(consumer=self._consumer, event_id=event.id)
        return subscription.prepare(event, consumption, self._validator)
