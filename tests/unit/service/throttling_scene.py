"""People who try to log in, from one place and another."""

from dataclasses import dataclass, field, replace

from core.domain.caller import Caller, Origin
from core.domain.errors import DomainError
from core.domain.events import DomainEvent, LoginThrottled
from core.domain.session import LoginResult
from core.domain.throttling import ThrottlePolicy
from tests.fakes.world import ELSEWHERE, ORIGIN, PASSWORD, THROTTLE, World

ADA = "ada@example.com"

HOME = ORIGIN
ABROAD = ELSEWHERE

FIRST_WAIT = THROTTLE.account.first_seconds
LONGEST_WAIT = THROTTLE.account.longest_seconds
FREE = THROTTLE.account.from_failure
"""The failure from which on one waits."""


def closing_soon(most_failures: int) -> ThrottlePolicy:
    """Close an account after a few failures."""
    return replace(THROTTLE, most_failures=most_failures)


@dataclass(kw_only=True)
class Scene:
    """A world in which Ada, and perhaps nobody else, has an account."""

    world: World = field(default_factory=World)

    async def tries(
        self, password: str = "wrong", *, email: str = ADA, origin: Origin = ABROAD
    ) -> str:
        """Try once; return `in`, `challenge` or the reason of the refusal."""
        try:
            outcome = await self.world.use_cases.login.login(
                email=email, password=password, caller=Caller(origin=origin)
            )
        except DomainError as refusal:
            return refusal.reason
        return "in" if isinstance(outcome, LoginResult) else "challenge"

    async def fails(self, times: int, *, email: str = ADA, origin: Origin = ABROAD) -> list[str]:
        """Fail so many times, each as soon as it is let."""
        reasons = []
        for _ in range(times):
            reason = await self.tries(email=email, origin=origin)
            if reason == "LOGIN_THROTTLED":
                self.world.clock.advance(LONGEST_WAIT + 1)
                reason = await self.tries(email=email, origin=origin)
            reasons.append(reason)
        return reasons

    async def enters(self, *, email: str = ADA, origin: Origin = ABROAD) -> str:
        """Try with the right password."""
        return await self.tries(PASSWORD, email=email, origin=origin)

    @property
    def lock_outs(self) -> list[DomainEvent]:
        """The events that tell of lock-outs."""
        return [event for event in self.world.database.events if isinstance(event, LoginThrottled)]


async def at_home(throttle: ThrottlePolicy = THROTTLE) -> Scene:
    """Let Ada register and log in at home."""
    scene = Scene(world=World(throttle=throttle))
    await scene.world.register(ADA)
    assert await scene.enters(origin=HOME) == "in"
    return scene
