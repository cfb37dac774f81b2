"""Rates of calls in Redis, shared by every process of the service."""

from dataclasses import dataclass

from core.domain.rate_limit import Allowance, Rate
from core.redis.scripts import ScriptRunner

# The generic cell rate algorithm (ITU-T I.371): one number per client, the time at which all of
# its calls would be used up if they came at an even pace. In microseconds of the server's clock.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now) + interval
if due - now > window then
    return {0, due - now - window, due - interval - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
return {1, math.floor((window - (due - now)) / interval), due - now}
"""

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisRates:
    """Implements the port RateLimiter, but raises DependencyUnavailable without Redis."""

    scripts: ScriptRunner

    async def take(self, key: str, rate: Rate) -> Allowance:
        """Count a call under a key, unless it is one too many."""
        interval = round(rate.interval_seconds * _MICROSECONDS)
        arguments = (interval, interval * rate.calls)
        is_allowed, number, reset = await self.scripts.run(
            _TAKE, [f"rate.{key}"], arguments, operation="take_rate"
        )
        return Allowance(
            is_allowed=bool(is_allowed),
            remaining=number if is_allowed else 0,
            retry_after_seconds=0.0 if is_allowed else number / _MICROSECONDS,
            reset_after_seconds=reset / _MICROSECONDS,
        )
