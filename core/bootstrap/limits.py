"""Limits: on guessers and on those who call too often, shared through Redis while it is there."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from opentelemetry import trace

from core.bootstrap.foundation import Foundation, redis_endpoint, redis_login
from core.bootstrap.startup import Startup
from core.config.limit_settings import LimitSettings, ThrottlingSettings
from core.domain.client_network import ExemptNetworks
from core.domain.ports.limits import AttemptLimiter, RateLimiter
from core.domain.rate_limit import Rate, RateClass
from core.domain.throttling import DelayPolicy, ThrottlePolicy
from core.middleware.rate_limit import RateTable
from core.observability.standard_gauges import watch_limits
from core.redis.attempts import RedisAttempts
from core.redis.connection import open_client
from core.redis.failover import Failover, FailoverAttempts, FailoverRates
from core.redis.local import LocalAttempts, LocalRates
from core.redis.rates import RedisRates
from core.redis.scripts import ScriptRunner
from core.redis.tracing import ScriptSpans
from core.vault.refresher import SecretRefresher

_CONNECTIONS = 16
"""A script takes a fraction of a millisecond: these serve more logins than can be hashed."""

_SECONDS: Mapping[str, float] = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_RATE = re.compile(r"([0-9]+)/([a-z]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What counts: failures, and calls in all processes together or in this one alone."""

    attempts: AttemptLimiter
    shared_rates: RateLimiter
    local_rates: RateLimiter


def connect_limits(startup: Startup, foundation: Foundation, secrets: SecretRefresher) -> Limits:
    """Return limits that are kept in Redis; it is first spoken to when something is counted."""
    settings = foundation.settings.limits
    endpoint = replace(redis_endpoint(foundation.settings), max_connections=_CONNECTIONS)
    client = open_client(endpoint, redis_login(secrets))
    startup.on_end(client.aclose)
    scripts = ScriptRunner(
        client,
        timeout_seconds=settings.redis_timeout_seconds,
        concurrency=_CONNECTIONS,
        spans=ScriptSpans(trace.get_tracer("core.redis")),
    )
    failover = Failover(retry_seconds=settings.redis_retry_seconds, seconds=time.monotonic)
    watch_limits(foundation.live, lambda: failover.is_local)
    policy = throttle_policy(foundation.settings.throttling)
    return Limits(
        attempts=FailoverAttempts(
            shared=RedisAttempts(scripts=scripts, policy=policy),
            local=LocalAttempts(policy, time.monotonic),
            failover=failover,
        ),
        shared_rates=FailoverRates(
            shared=RedisRates(scripts=scripts),
            local=LocalRates(time.monotonic),
            failover=failover,
        ),
        local_rates=LocalRates(time.monotonic),
    )


def unshared_attempts(foundation: Foundation) -> AttemptLimiter:
    """Return what counts failures of an operator's process, who fails at nothing."""
    return LocalAttempts(throttle_policy(foundation.settings.throttling), time.monotonic)


def throttle_policy(settings: ThrottlingSettings) -> ThrottlePolicy:
    """Return how failed logins are throttled."""
    return ThrottlePolicy(
        account=DelayPolicy(
            from_failure=settings.account_delay_from_failure,
            first_seconds=settings.account_first_delay_seconds,
            longest_seconds=settings.account_longest_delay_seconds,
            memory_seconds=settings.memory_seconds,
        ),
        address=DelayPolicy(
            from_failure=settings.address_delay_from_failure,
            first_seconds=settings.address_first_delay_seconds,
            longest_seconds=settings.address_longest_delay_seconds,
            memory_seconds=settings.memory_seconds,
        ),
        most_failures=settings.most_failures,
        stale_days=settings.stale_days,
    )


def rate_table(settings: LimitSettings) -> RateTable:
    """Return how many calls of each kind are allowed."""
    return RateTable(
        by_class={kind: rate(getattr(settings, kind.value)) for kind in RateClass},
        mailbox=rate(settings.mailbox),
        service=rate(settings.service),
        exempt=ExemptNetworks.parse(settings.exempt_networks),
    )


def rate(text: str) -> Rate:
    """Return what a setting like `30/minute` means.

    Raises:
        ValueError: it is no rate.
    """
    found = _RATE.fullmatch(text)
    if found is None or found[2] not in _SECONDS:
        raise ValueError(f"{text} is no rate")
    return Rate(calls=int(found[1]), window_seconds=_SECONDS[found[2]])
