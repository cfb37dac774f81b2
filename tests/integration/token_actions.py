"""What clients, thieves and staff do to sessions, and what has to come of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from core.domain.caller import Caller
from core.domain.errors import (
    Conflict,
    DomainError,
    InvalidCredentials,
    RefreshTokenInvalid,
    RefreshTokenReused,
    UserNotFound,
)
from core.domain.session import TokenPair
from core.domain.user import User
from core.service.refresh import Refresh
from tests.fakes.world import World
from tests.integration.token_model import Answer, Presentation, SessionModel


@dataclass(kw_only=True, eq=False)
class Person:
    """Somebody with an account, and the devices where they have logged in."""

    user: User
    password: str = field(repr=False)
    devices: "list[Device]" = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class Device:
    """An honest client with any number of tabs: it keeps one refresh token for all of them.

    `pending` is an attempt whose answer it has not received; it repeats that one before it tries
    anything else. `betrayed`: somebody else has presented one of its tokens. `ended`: its person
    or the staff meant it to end.
    """

    person: Person
    session: SessionModel
    stored: str = field(repr=False)
    pending: Presentation | None = None
    betrayed: bool = False
    ended: bool = False

    def must_live(self) -> bool:
        """Tell whether nobody but time may end its session."""
        return not self.betrayed and not self.ended

    def end(self) -> None:
        self.session.revoked = self.ended = True


class Action(ABC):
    """One call. Its row in the audit log is found by the request id of its caller."""

    caller: Caller

    @abstractmethod
    async def call(self, world: World) -> object:
        """Do it; a DomainError is an outcome like any other."""

    @abstractmethod
    def settle(self, outcome: object, world: World) -> None:
        """Compare the outcome with what the model says, and let the model follow."""


@dataclass(kw_only=True)
class Present(Action):
    """A refresh at some replica. `lost`: the client never sees the answer. No thief is `honest`."""

    device: Device
    what: Presentation
    at: Refresh
    honest: bool
    lost: bool = False

    def __post_init__(self) -> None:
        self.caller = self.what.caller
        self.device.betrayed |= not self.honest

    async def call(self, world: World) -> TokenPair:
        del world
        return await self.at.refresh(
            refresh_token=self.what.token, request_id=self.what.request_id, caller=self.caller
        )

    def settle(self, outcome: object, world: World) -> None:
        session, now = self.device.session, world.clock.now()
        was_alive = now < session.expires_at and self.device.must_live()
        expected = session.present(self.what, now)
        match expected:
            case Answer.NEXT | Answer.SAME:
                assert isinstance(outcome, TokenPair), outcome
                self._take(outcome, expected, world)
            case Answer.REUSED:
                assert isinstance(outcome, RefreshTokenReused), outcome
            case Answer.INVALID:
                assert isinstance(outcome, RefreshTokenInvalid), outcome
        if self.honest and was_alive:
            assert isinstance(outcome, TokenPair), "an honest client was logged out"

    def _take(self, pair: TokenPair, expected: Answer, world: World) -> None:
        session = self.device.session
        assert pair.session_id == session.session_id
        if expected is Answer.NEXT:
            session.follow(self.what, pair.refresh_token, world.clock.now())
        assert pair.refresh_token == session.newest.token
        session.access_tokens.append((pair.access_token, world.clock.now()))
        if self.honest and not self.lost:
            self.device.stored, self.device.pending = pair.refresh_token, None
        elif self.honest and self.device.stored == self.what.token:
            self.device.pending = self.device.pending or self.what


@dataclass(kw_only=True)
class LogOut(Action):
    """Ends a session by any of its refresh tokens."""

    device: Device
    refresh_token: str = field(repr=False)
    caller: Caller

    async def call(self, world: World) -> None:
        await world.use_cases.logout.logout(
            refresh_token=self.refresh_token, access_token=None, caller=self.caller
        )

    def settle(self, outcome: object, world: World) -> None:
        del world
        assert outcome is None
        self.device.end()


@dataclass(kw_only=True)
class Revoke(Action):
    """Ends one session by its id."""

    device: Device
    caller: Caller

    async def call(self, world: World) -> None:
        await world.use_cases.sessions.revoke(
            self.device.person.user.id, self.device.session.session_id, caller=self.caller
        )

    def settle(self, outcome: object, world: World) -> None:
        del world
        if not isinstance(outcome, UserNotFound):
            assert outcome is None
            self.device.end()


@dataclass(kw_only=True)
class EndOthers(Action):
    """Ends all sessions of a person but the device's own."""

    device: Device
    caller: Caller

    async def call(self, world: World) -> object:
        return await world.use_cases.sessions.revoke_all(
            self.device.person.user.id, keep_current=True, caller=self.caller
        )

    def settle(self, outcome: object, world: World) -> None:
        if not isinstance(outcome, UserNotFound):
            assert isinstance(outcome, int)
            end_all(self.device.person, world, keep=self.device)


@dataclass(kw_only=True)
class ChangePassword(EndOthers):
    """Replaces the password, which ends all sessions but the device's own."""

    new_password: str = field(repr=False)

    async def call(self, world: World) -> object:
        await world.use_cases.password_change.change(
            self.device.person.user.id,
            current_password=self.device.person.password,
            new_password=self.new_password,
            caller=self.caller,
        )
        return None

    def settle(self, outcome: object, world: World) -> None:
        if isinstance(outcome, DomainError):
            # Another change came first, or the account is deleted.
            assert isinstance(outcome, Conflict | InvalidCredentials | UserNotFound)
        else:
            self.device.person.password = self.new_password
            end_all(self.device.person, world, keep=self.device)


@dataclass(kw_only=True)
class Suspend(Action):
    """Suspends an account, which ends all of its sessions."""

    person: Person
    caller: Caller

    async def call(self, world: World) -> object:
        return await world.use_cases.administration.suspend(
            self.person.user.id, reason="fraud", caller=self.caller
        )

    def settle(self, outcome: object, world: World) -> None:
        if not isinstance(outcome, UserNotFound):
            assert isinstance(outcome, User)
            end_all(self.person, world)


@dataclass(kw_only=True)
class Delete(Suspend):
    """Deletes an account, which ends all of its sessions."""

    async def call(self, world: World) -> object:
        return await world.use_cases.deletion.delete(self.person.user.id, caller=self.caller)


def end_all(person: Person, world: World, *, keep: Device | None = None) -> None:
    """Let the model end the living sessions of a person."""
    for device in person.devices:
        if device is not keep and device.session.is_alive(world.clock.now()):
            device.end()
