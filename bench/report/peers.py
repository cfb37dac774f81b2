"""What others do by their own word or by somebody's measurement: never a part of our run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Requests a second; where two processes and 16 (logins, refreshes) or 64 connections."""

    who: str
    login: float | None = None
    refresh: float | None = None
    get_me: float | None = None


PUBLISHED: Final = (
    Published(who="better-auth", login=96, refresh=596, get_me=1046),
    Published(who="oidc-provider", refresh=642),
    Published(who="fastapi-users", login=67, refresh=296, get_me=706),
    Published(who="simplejwt", login=61, refresh=183, get_me=670),
    Published(who="allauth", login=49, refresh=241, get_me=344),
)
"""Issue 7's figures, each of a service with a database of its own: another run on another 2-core
machine, Argon2id m=19456 KiB t=2 p=1, PostgreSQL 18 with fsync on."""


def published_table() -> Iterator[str]:
    """Yield them, marked."""
    yield "**Not measured in this run**: peers as issue 7 has them, from another 2-core machine."
    yield ""
    yield "| peer, with a database of its own | login/s (16) | refresh/s (16) | get-me/s (64) |"
    yield "| --- | --- | --- | --- |"
    for one in PUBLISHED:
        figures = (one.login, one.refresh, one.get_me)
        cells = ["" if figure is None else f"{figure:,.0f}" for figure in figures]
        yield f"| {one.who} | {' | '.join(cells)} |"
