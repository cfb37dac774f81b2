"""What an operator decides about events: on their way out, and on their way in."""

from dataclasses import dataclass
from typing import Annotated

from core.config.rules import Between, Shape

_ListenPort = Annotated[int, Between(0, 65535)]
StreamKey = Annotated[str, Shape(r"[!-~]{1,128}", "visible ASCII")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """The process that carries events from the outbox to Redis."""

    metrics_port: _ListenPort = 9466
    batch_size: Annotated[int, Between(1, 10_000)] = 100
    poll_interval_seconds: Annotated[float, Between(0.01, 60)] = 0.2
    backlog_interval_seconds: Annotated[float, Between(0.05, 60)] = 5.0
    """How often the number and the age of waiting events are measured."""
    stream_max_length: Annotated[int, Between(100, 100_000_000)] = 1_000_000
    """Most entries of the stream; what a registered group still needs is not dropped for it."""
    check_interval_seconds: Annotated[float, Between(0.1, 3600)] = 10.0
    """How often is looked whether the stream has lost entries, beside each reconnection."""
    retention_seconds: Annotated[int, Between(60, 31_536_000)] = 604_800
    """How long published events are kept, so that a stream that lost them can be made whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings:
    """The process that handles what other services have told."""

    metrics_port: _ListenPort = 9468
    stream: StreamKey = "pandora.compliance.events"
    """What cannot be applied goes to the stream of this name with `.dead` at its end."""
    group: StreamKey = "pandora-user-service"
    batch_size: Annotated[int, Between(1, 1000)] = 50
    """Most events in one reading."""
    block_seconds: Annotated[float, Between(0.01, 60)] = 1.0
    """Longest wait for new events; shorter than redis.command_timeout_seconds."""
    claim_idle_seconds: Annotated[float, Between(0.2, 3600)] = 30.0
    """How long nobody has worked on an event that another replica takes over."""
    max_deliveries: Annotated[int, Between(2, 100)] = 10
    """How often an event is tried before it becomes a dead letter; outages do not count."""
    forget_idle_seconds: Annotated[float, Between(1, 2_592_000)] = 3600.0
    """How long after its last sign the name of a replica that holds nothing is removed."""
