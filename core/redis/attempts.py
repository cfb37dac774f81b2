"""The short window of failures in Redis, shared by every process of the service."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.errors import LoginThrottled
from core.domain.ports.limits import OthersUnderWay
from core.domain.throttling import Admission, Bucket, Hold, ThrottlePolicy
from core.redis.scripts import ScriptRunner

LEASE_SECONDS = 90.0
"""How long a place is kept for a process that has died; no call may take as long."""

# A bucket is a hash: n, the failures; u, the time until which it is closed; s, the number of the
# last place; p1, p2 …, places that are taken, each with the time at which it is free again. Times
# are milliseconds of the server's own clock, so that processes whose clocks differ agree.
_ADMIT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[1])
local wait, full = 0, false
for i, key in ipairs(KEYS) do
    local failures, until_, taken = 0, 0, 0
    local fields = redis.call('HGETALL', key)
    for f = 1, #fields, 2 do
        local name, value = fields[f], tonumber(fields[f + 1])
        if name == 'n' then failures = value
        elseif name == 'u' then until_ = value
        elseif string.sub(name, 1, 1) == 'p' then
            if value > now then taken = taken + 1 else redis.call('HDEL', key, name) end
        end
    end
    wait = math.max(wait, until_ - now)
    full = full or taken >= math.max(1, tonumber(ARGV[2 * i]) - failures)
end
if wait > 0 then return {0, wait} end
if full then return {2} end
local answer = {1}
for i, key in ipairs(KEYS) do
    local place = redis.call('HINCRBY', key, 's', 1)
    redis.call('HSET', key, 'p' .. place, string.format('%.0f', now + lease))
    redis.call('PEXPIRE', key, math.max(lease, tonumber(ARGV[2 * i + 1])))
    answer[#answer + 1] = place
end
return answer
"""

_FAIL = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
for i, key in ipairs(KEYS) do
    local place, from = ARGV[5 * i - 4], tonumber(ARGV[5 * i - 3])
    local first, longest = tonumber(ARGV[5 * i - 2]), tonumber(ARGV[5 * i - 1])
    if redis.call('HDEL', key, 'p' .. place) == 1 then
        local failures = redis.call('HINCRBY', key, 'n', 1)
        if failures >= from then
            local delay = math.min(longest, first * 2 ^ math.min(failures - from, 60))
            redis.call('HSET', key, 'u', string.format('%.0f', now + delay))
        end
        redis.call('PEXPIRE', key, tonumber(ARGV[5 * i]))
    end
    answer[i] = tonumber(redis.call('HGET', key, 'n')) or 0
end
return answer
"""

# The first argument of each key is the place, the second whether its failures are forgotten.
_GIVE_UP = """
for i, key in ipairs(KEYS) do
    redis.call('HDEL', key, 'p' .. ARGV[2 * i - 1])
    if ARGV[2 * i] == '1' then redis.call('HDEL', key, 'n', 'u') end
end
return {}
"""

_FORGET = """
redis.call('HDEL', KEYS[1], 'n', 'u')
return {}
"""

_PLACED, _WAITING = 1, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAttempts:
    """Implements the port AttemptLimiter, but raises where Redis is out of reach.

    Every method raises DependencyUnavailable then; `Failover` knows what to do.
    """

    scripts: ScriptRunner
    policy: ThrottlePolicy

    async def admit(self, buckets: Sequence[Bucket]) -> Admission:
        """Take a place in every bucket, unless one of them waits or is full."""
        arguments = [_milliseconds(LEASE_SECONDS)]
        for bucket in buckets:
            delays = self.policy.delays(bucket.kind)
            arguments += [delays.from_failure, _milliseconds(delays.memory_seconds)]
        state, *numbers = await self.scripts.run(
            _ADMIT, _keys(buckets), arguments, operation="admit_attempt"
        )
        if state == _WAITING:
            raise LoginThrottled(retry_after_seconds=numbers[0] / 1000)
        if state != _PLACED:
            raise OthersUnderWay
        places = zip(buckets, numbers, strict=True)
        return Admission(holds=tuple(Hold(bucket=each, number=number) for each, number in places))

    async def fail(self, admission: Admission) -> int:
        """Give the places up and count a failure in every bucket."""
        arguments: list[int] = []
        for hold in admission.holds:
            delays = self.policy.delays(hold.bucket.kind)
            times = (delays.first_seconds, delays.longest_seconds, delays.memory_seconds)
            arguments += [hold.number, delays.from_failure, *map(_milliseconds, times)]
        failures = await self.scripts.run(
            _FAIL, _keys_of(admission), arguments, operation="fail_attempt"
        )
        return failures[0]

    async def succeed(self, admission: Admission) -> None:
        """Give the places up, and forget the account's failures."""
        account = admission.holds[0]
        await self._give_up(admission, forgetting=account)

    async def give_back(self, admission: Admission) -> None:
        """Give the places up."""
        await self._give_up(admission, forgetting=None)

    async def forget(self, bucket: Bucket) -> None:
        """Forget the failures of a bucket."""
        await self.scripts.run(_FORGET, _keys([bucket]), [], operation="forget_failures")

    async def _give_up(self, admission: Admission, *, forgetting: Hold | None) -> None:
        arguments: list[int] = []
        for hold in admission.holds:
            arguments += [hold.number, int(hold is forgetting)]
        await self.scripts.run(
            _GIVE_UP, _keys_of(admission), arguments, operation="give_up_attempt"
        )


def _keys(buckets: Sequence[Bucket]) -> list[str]:
    return [f"{bucket.kind.value}.{bucket.digest}" for bucket in buckets]


def _keys_of(admission: Admission) -> list[str]:
    return _keys([hold.bucket for hold in admission.holds])


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
