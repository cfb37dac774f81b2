"""What is expected of refresh tokens, written down a second time and in another way.

The model knows every token in clear and the whole past of each session, so that it needs neither
digests nor locks nor a database.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from core.domain.caller import Caller

WINDOW = timedelta(seconds=10)
WINDOW_REPLAYS = 10
IDLE = timedelta(days=7)
ABSOLUTE = timedelta(days=30)


class Answer(Enum):
    """How an attempt to refresh is answered."""

    NEXT = "a new token"
    SAME = "the token that the first use was answered with"
    REUSED = "a theft"
    INVALID = "no token of a living session"


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """A refresh token on its way to the service; `network` and `agent` say by whom it is sent."""

    token: str
    request_id: str | None
    network: str
    agent: str
    caller: Caller = field(repr=False)

    @property
    def binding(self) -> tuple[str, str]:
        return self.network, self.agent


@dataclass(kw_only=True)
class Link:
    """One token of a session's chain, and how it was exchanged for the next one."""

    token: str
    used_at: datetime | None = None
    used_by: Presentation | None = None
    replays: int = 0


@dataclass(kw_only=True)
class SessionModel:
    """One session from its login on; access tokens stand beside the times of their issue."""

    session_id: UUID
    opened_at: datetime
    chain: list[Link]
    access_tokens: list[tuple[str, datetime]]
    expires_at: datetime
    revoked: bool = False

    def is_alive(self, now: datetime) -> bool:
        return not self.revoked and now < self.expires_at

    @property
    def tokens(self) -> list[str]:
        """Every token so far, the living one last."""
        return [link.token for link in self.chain]

    @property
    def newest(self) -> Link:
        return self.chain[-1]

    def present(self, what: Presentation, now: datetime) -> Answer:
        """Say what the answer must be, and take note of what follows from it."""
        place = self.tokens.index(what.token)
        link = self.chain[place]
        if link is self.newest:
            return Answer.NEXT if self.is_alive(now) else Answer.INVALID
        is_previous = place == len(self.chain) - 2
        named = link.used_by is not None and what.request_id in {link.used_by.request_id} - {None}
        if not (is_previous and (named or self._in_window(link, what, now))):
            self.revoked = True
            return Answer.REUSED
        if not self.is_alive(now):
            return Answer.INVALID
        link.replays += not named
        return Answer.SAME

    def follow(self, what: Presentation, successor: str, now: datetime) -> None:
        """Put the token that a rotation was answered with behind the one that was used."""
        assert successor not in self.tokens
        self.newest.used_at, self.newest.used_by = now, what
        self.chain.append(Link(token=successor))
        self.expires_at = min(now + IDLE, self.opened_at + ABSOLUTE)

    @staticmethod
    def _in_window(link: Link, what: Presentation, now: datetime) -> bool:
        if link.used_at is None or link.used_by is None:
            return False
        soon = now <= link.used_at + WINDOW
        return soon and link.replays < WINDOW_REPLAYS and link.used_by.binding == what.binding
