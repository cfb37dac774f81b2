"""Limits for servers under test: none that an honest test would meet, unless it asks for some."""

import time
from collections.abc import Callable, Mapping

from core.domain.client_network import ExemptNetworks
from core.domain.rate_limit import Rate, RateClass
from core.middleware.rate_limit import RateParts, RateTable
from core.redis.local import LocalRates
from tests.fakes.crypto import FakeKeyedDigests

PLENTY = Rate(calls=1_000_000, window_seconds=1.0)


def unlimited_rates() -> RateParts:
    """Allow everything."""
    return rates({})


def rates(
    limits: Mapping[RateClass, Rate],
    *,
    mailbox: Rate = PLENTY,
    service: Rate = PLENTY,
    exempt: tuple[str, ...] = (),
    seconds: Callable[[], float] = time.monotonic,
) -> RateParts:
    """Limit some kinds of calls, and allow everything else."""
    return RateParts(
        table=RateTable(
            by_class={kind: limits.get(kind, PLENTY) for kind in RateClass},
            mailbox=mailbox,
            service=service,
            exempt=ExemptNetworks.parse(exempt),
        ),
        shared=LocalRates(seconds),
        local=LocalRates(seconds),
        digests=FakeKeyedDigests(),
    )
