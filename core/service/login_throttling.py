"""Throttling of logins, and of whatever else asks for a password or a code.

A try is held against a lane: that of the account as strangers meet it, or that of one known
device of it. So strangers who fail shut out strangers alone. Nothing in here depends on whether
there is such an account: every read and every write is the same for an address that nobody has.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from core.domain.audit import AuditAction
from core.domain.caller import Caller, Origin
from core.domain.client_network import ExemptNetworks, client_network
from core.domain.email_address import email_key
from core.domain.errors import LoginThrottled
from core.domain.events import LoginThrottled as LockOut
from core.domain.ports.crypto import KeyedDigests
from core.domain.ports.limits import AttemptLimiter, OthersUnderWay
from core.domain.ports.unit_of_work import Database, Repositories, UnitOfWork
from core.domain.throttling import (
    Admission,
    Attempt,
    Bucket,
    BucketKind,
    Lane,
    Standing,
    Strike,
    ThrottlePolicy,
)
from core.domain.user import User
from core.service.device_recognition import DeviceRecognition
from core.service.recording import Affected, Record, Recorder
from core.service.turns import Turns

_NOBODY = UUID(int=0)
"""Stands for the person behind an address that nobody has; no UUIDv7 is like it."""

PATIENCE_SECONDS = 5.0
"""How long a try waits for its turn before it is refused."""

_PAUSE_SECONDS = 0.01
"""How often it asks whether it is its turn: a few times while one password is verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginThrottling:
    """Decides who may try, and counts who has failed. `exempt` clients fill no address's bucket."""

    database: Database
    limiter: AttemptLimiter
    digests: KeyedDigests
    devices: DeviceRecognition
    policy: ThrottlePolicy
    exempt: ExemptNetworks
    recorder: Recorder
    turns: Turns = field(default_factory=Turns)

    async def standing(
        self, stored: Repositories, *, key: str, user_id: UUID | None, origin: Origin
    ) -> Standing:
        """Find out what a try will be held against.

        `key` is that of the address presented; `user_id` is None where nobody is known to have it.
        """
        someone = user_id or _NOBODY
        account = self._account(key)
        device = await self.devices.known(stored, someone, origin)
        lane = Lane(account=account, digest=device or account)
        return Standing(
            user_id=someone,
            lane=lane,
            failures=await stored.login_failures.count(lane.digest),
            buckets=self._buckets(lane, origin),
        )

    async def standing_of(self, stored: Repositories, user: User, origin: Origin) -> Standing:
        """Find out what a try of somebody will be held against, who is known already."""
        return await self.standing(
            stored, key=email_key(user.email), user_id=user.id, origin=origin
        )

    async def admit(
        self, standing: Standing, *, action: AuditAction, affected: Affected, caller: Caller
    ) -> Attempt:
        """Let a try be judged, or record that it is refused.

        Of many tries at once only so many are judged together as may fail before a wait begins;
        the others wait here for their turn, so that nobody with a right password is refused.

        Raises:
            LoginThrottled: there were too many failures; the password must not be looked at.
        """
        try:
            return await self._admit(standing)
        except LoginThrottled as error:
            async with self.database.transaction() as unit:
                await self.recorder.begin(unit, caller).refused(action, affected, error)
            raise

    @asynccontextmanager
    async def judging(self, attempt: Attempt) -> AsyncIterator[None]:
        """Let others try if this one ends in an error, be it a judgement or not.

        A try that is cancelled is counted as failed: otherwise guesses would be free for whoever
        hangs up.
        """
        try:
            yield
        except asyncio.CancelledError:
            await self.limiter.fail(attempt.admission)
            raise
        except Exception:
            await self.give_back(attempt)
            raise

    async def give_back(self, attempt: Attempt) -> None:
        """Let others try: this one was right, but does not let anybody in yet."""
        await self.limiter.give_back(attempt.admission)

    async def succeed(self, attempt: Attempt) -> None:
        """Begin anew in the short window; called after the commit."""
        await self.limiter.succeed(attempt.admission)

    async def strike(self, attempt: Attempt) -> Strike:
        """Count a failure in the short window; `fail` counts it for good."""
        return Strike(attempt=attempt, failures=await self.limiter.fail(attempt.admission))

    async def hold(self, unit: UnitOfWork, strike: Strike) -> None:
        """Lock the person's row if a lock-out may begin with a failure: then they are told.

        Called before `fail` where the row is not locked already, and before any other row is.
        """
        if self._begins_waiting(strike) or self._may_close(strike.attempt):
            await unit.users.lock(strike.attempt.standing.user_id)

    async def fail(self, record: Record, strike: Strike) -> None:
        """Count a failure for good, and tell of a lock-out that begins with it."""
        unit, policy, standing = record.unit, self.policy, strike.attempt.standing
        failures = await unit.login_failures.add(standing.lane, at=record.at)
        await unit.login_failures.drop_stale(
            below=policy.most_failures, before=policy.stale_before(record.at)
        )
        closes = self._may_close(strike.attempt) and policy.closes_at(failures)
        if self._begins_waiting(strike) or closes:
            await record.event_unless_nobody(LockOut(user_id=standing.user_id))

    async def is_closed(self, unit: UnitOfWork, attempt: Attempt) -> bool:
        """Tell whether the lane was closed while the password was being verified."""
        return self.policy.closes_at(await unit.login_failures.count(attempt.standing.lane.digest))

    def closed(self) -> LoginThrottled:
        """Return the refusal of a lane that only a new password opens again."""
        return LoginThrottled(retry_after_seconds=self.policy.account.longest_seconds)

    async def clear(self, unit: UnitOfWork, attempt: Attempt) -> None:
        """Begin the durable count anew after a success; a lane that is closed stays closed.

        What strangers have failed is forgotten as well, in their own lane: the person is in.
        """
        lane = attempt.standing.lane
        await unit.login_failures.clear(
            sorted({lane.account, lane.digest}), below=self.policy.most_failures
        )

    async def reopen(self, unit: UnitOfWork, key: str) -> None:
        """Open every lane of an account: it has a new password, or is a new account."""
        await unit.login_failures.clear_account(self._account(key))

    async def reopened(self, key: str) -> None:
        """End the wait that strangers have caused; called after the commit of `reopen`."""
        await self.limiter.forget(self._bucket(BucketKind.ACCOUNT, self._account(key)))

    async def _admit(self, standing: Standing) -> Attempt:
        if self.policy.closes_at(standing.failures):
            raise self.closed()
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        try:
            async with asyncio.timeout_at(end) as patience, AsyncExitStack() as turns:
                # Of those who wait in this process, one at a time asks again.
                for bucket in standing.buckets:
                    await turns.enter_async_context(self.turns.turn(bucket.digest))
                # Nobody breaks off while a place is being taken: it would stay taken.
                patience.reschedule(None)
                return Attempt(standing=standing, admission=await self._place(standing, end))
        except TimeoutError:
            raise LoginThrottled from None

    async def _place(self, standing: Standing, end: float) -> Admission:
        """Ask for a place until there is one. Raises TimeoutError when the time is over."""
        while True:
            try:
                return await self.limiter.admit(standing.buckets)
            except OthersUnderWay:
                if asyncio.get_running_loop().time() >= end:
                    raise TimeoutError from None
            await asyncio.sleep(_PAUSE_SECONDS)

    def _begins_waiting(self, strike: Strike) -> bool:
        """Tell whether a failure is the first that is waited for; the next ones prolong it."""
        return strike.failures == self.policy.account.from_failure

    def _may_close(self, attempt: Attempt) -> bool:
        return self.policy.closes_at(attempt.standing.failures + 1)

    def _account(self, key: str) -> str:
        return failures_account(self.digests, key)

    def _buckets(self, lane: Lane, origin: Origin) -> tuple[Bucket, ...]:
        account = self._bucket(BucketKind.ACCOUNT, lane.digest)
        client = client_network(origin.ip_address)
        # A known device is not held back by whoever else is behind its address.
        if client is None or not lane.is_strangers or self.exempt.hold(origin.ip_address):
            return (account,)
        address = self.digests.digest("login address", json.dumps(client))
        return (account, self._bucket(BucketKind.ADDRESS, address))

    def _bucket(self, kind: BucketKind, digest: str) -> Bucket:
        return Bucket(kind=kind, digest=digest)


def failures_account(digests: KeyedDigests, key: str) -> str:
    """Return what stands for an address where its failed logins are counted."""
    return digests.digest("login account", key)
