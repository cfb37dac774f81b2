"""Keeps a login of the database engine alive, and replaces it long before it ends."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from core.vault.blocking import run_blocking
from core.vault.database_client import DatabaseLogin, DatabaseLoginClient
from core.vault.errors import LeaseRefused, VaultError, VaultUnreachable

RETRY_SECONDS: Final = 2.0
"""Pause after a try that failed, unless the usual pause is shorter; up to this much longer."""

_REQUESTS: Final = 3
"""A step makes up to three requests: log in or renew, ask for a lease, or lengthen it."""

_log = structlog.get_logger(__name__)


class DatabaseLogins:
    """`current` is the login to connect with now; whoever holds connections follows its changes.

    A login is lengthened every `interval_seconds` or sooner. It is replaced as soon as Vault gives
    it less than half of its first length, or refuses to lengthen it; a Vault that is away takes
    nothing away: the login is good until its end, which nobody can put off meanwhile.
    """

    def __init__(
        self,
        new_client: Callable[[], DatabaseLoginClient],
        *,
        role: str,
        request_timeout_seconds: float,
        interval_seconds: float,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take what makes a client that is not logged in, and the engine's role."""
        self._new_client = new_client
        self._role = role
        self._request_seconds = request_timeout_seconds
        self._timeout_seconds = request_timeout_seconds * _REQUESTS
        self._interval_seconds = interval_seconds
        self._chance = chance
        self._client: DatabaseLoginClient | None = None
        self._current: DatabaseLogin | None = None
        self._followers: list[Callable[[], Awaitable[None]]] = []
        self._failures: Counter[str] = Counter()
        self._lost: str | None = None
        self._replaced = 0
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def current(self) -> DatabaseLogin:
        """The login to use for new connections."""
        if self._current is None:
            raise RuntimeError("no login has been taken yet")
        return self._current

    @property
    def seconds_left(self) -> float:
        """How long the current login exists at least, if nobody revokes it."""
        return 0.0 if self._client is None else self._client.seconds_left

    @property
    def replaced_count(self) -> int:
        """How many logins have been replaced by another one."""
        return self._replaced

    @property
    def failures(self) -> Mapping[str, int]:
        """How many steps have failed since the start, by kind."""
        return dict(self._failures)

    def follow(self, renew: Callable[[], Awaitable[None]]) -> None:
        """Call `renew` after each change, to close connections of the login before."""
        self._followers.append(renew)

    async def begin(self) -> None:
        """Take the first login.

        Raises:
            VaultError: there is none to be had.
        """
        await self._take()

    def start(self) -> None:
        """Keep it alive in the background."""
        self._task = asyncio.create_task(self._run(), name="database-logins")

    async def close(self) -> None:
        """End, and give the login back: Vault removes the role at once, if it is there.

        A step under way is waited for, as long as one request may take. Broken off, it would go on
        in its thread: lengthen a lease while that is given back, or take a login that nobody knows
        of and nobody gives back.
        """
        if self._task is not None:
            self._ending.set()
            await asyncio.wait((self._task,), timeout=self._request_seconds)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        client, self._client = self._client, None
        if client is not None:
            closing = run_blocking(client.close, timeout_seconds=self._timeout_seconds)
            await asyncio.gather(closing, return_exceptions=True)

    async def _run(self) -> None:
        while not await self._ends_within(self._pause()):
            try:
                await self._step()
            except VaultError as error:
                self._lose(error)
            except Exception:  # noqa: BLE001 - a follower's defect must not end the keeping
                _log.exception("database_login_not_kept")

    async def _ends_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._ending.wait()
        except TimeoutError:
            return False

    def _pause(self) -> float:
        if self._lost is not None:
            return min(self._interval_seconds, RETRY_SECONDS * (1 + self._chance()))
        if self._client is None:
            return self._interval_seconds
        return min(self._interval_seconds, self._client.seconds_until_prolonging)

    async def _step(self) -> None:
        try:
            await self._prolong()
        except LeaseRefused as refusal:
            _log.info("database_login_ends", problem=str(refusal))
            await self._take()
            self._replaced += 1
            _log.info("database_login_replaced", seconds=round(self.seconds_left, 1))
            for renew in self._followers:
                await renew()
        self._find()

    async def _prolong(self) -> None:
        client = self._client
        if client is None:
            raise LeaseRefused("no lease is held")
        try:
            await run_blocking(client.prolong, timeout_seconds=self._timeout_seconds)
        except TimeoutError as error:
            # The thread that was left behind may still be at work with the client; what it holds
            # is used on, and replaced at the next step.
            self._client = None
            raise self._too_slow() from error

    async def _take(self) -> None:
        """Take a login, with a client of its own; the one before ends by itself, unless it has."""
        client = self._new_client()
        try:
            login = await run_blocking(
                lambda: client.take(self._role), timeout_seconds=self._timeout_seconds
            )
        except TimeoutError as error:
            raise self._too_slow() from error
        self._client, self._current = client, login

    def _too_slow(self) -> VaultUnreachable:
        return VaultUnreachable(f"Vault does not answer within {self._timeout_seconds:g} s")

    def _lose(self, error: VaultError) -> None:
        self._failures[error.kind] += 1
        if self._lost != error.kind:
            self._lost = error.kind
            _log.warning(
                "database_login_not_lengthened",
                kind=error.kind,
                problem=str(error),
                seconds_left=round(self.seconds_left, 1),
            )

    def _find(self) -> None:
        if self._lost is not None:
            self._lost = None
            _log.info("database_login_kept_again", seconds_left=round(self.seconds_left, 1))
