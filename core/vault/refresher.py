"""Keeps the secrets fresh while the service runs, and the service running while Vault does not."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

import structlog

from core.vault.errors import SecretError, SecretMalformed, VaultError
from core.vault.secrets import (
    ONE_TIME_TOKEN_KEY,
    PAGE_TOKEN_KEY,
    PERSONAL_DATA_KEY,
    POSTGRES,
    REDIS,
    REFRESH_TOKEN_KEY,
    SIGNING_KEYS,
    THROTTLE_KEY,
    Secret,
    ServiceSecrets,
)
from core.vault.source import SecretSource

T = TypeVar("T")

RETRY_SECONDS: Final = 2.0
"""Pause after a read that failed, unless the usual pause is shorter."""

_SHORTEST_PAUSE_SECONDS = 0.05

_SECRETS: Final[Mapping[str, Secret[object]]] = MappingProxyType(
    {
        "kept_postgres": POSTGRES,
        "redis": REDIS,
        "signing_keys": SIGNING_KEYS,
        "refresh_token_keys": REFRESH_TOKEN_KEY,
        "page_token_keys": PAGE_TOKEN_KEY,
        "one_time_token_keys": ONE_TIME_TOKEN_KEY,
        "throttle_key": THROTTLE_KEY,
        "personal_data_keys": PERSONAL_DATA_KEY,
    }
)
"""What fills each field of ServiceSecrets."""

_log = structlog.get_logger(__name__)


async def read_service_secrets(
    source: SecretSource, *, with_postgres: bool = True
) -> ServiceSecrets:
    """Read everything for the first time; the login to PostgreSQL only if Vault keeps it.

    Raises:
        VaultError: with one clear line on the first thing that is wrong.
    """
    return ServiceSecrets(
        kept_postgres=await source.read(POSTGRES) if with_postgres else None,
        redis=await source.read(REDIS),
        signing_keys=await source.read(SIGNING_KEYS),
        refresh_token_keys=await source.read(REFRESH_TOKEN_KEY),
        page_token_keys=await source.read(PAGE_TOKEN_KEY),
        one_time_token_keys=await source.read(ONE_TIME_TOKEN_KEY),
        throttle_key=await source.read(THROTTLE_KEY),
        personal_data_keys=await source.read(PERSONAL_DATA_KEY),
    )


class SecretRefresher:
    """Reads all secrets again and again; `current` is the last usable version of each.

    Neither a Vault that is lost, sealed or slow nor a secret that has become unusable takes away
    what was read before: both are logged once and told to the metrics until they are over.
    """

    def __init__(
        self,
        source: SecretSource,
        initial: ServiceSecrets,
        *,
        interval_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._current = initial
        self._interval_seconds = interval_seconds
        self._monotonic = monotonic
        self._complete_at = monotonic()
        self._failures: Counter[str] = Counter()
        self._rejected: dict[str, str] = {}
        self._lost: str | None = None
        self._followers: defaultdict[str, list[Callable[[object], None]]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None

    @property
    def current(self) -> ServiceSecrets:
        """The secrets to use now."""
        return self._current

    @property
    def lost(self) -> str | None:
        """The kind of error that keeps Vault away at present, or None."""
        return self._lost

    @property
    def rejected(self) -> Mapping[str, str]:
        """Paths of secrets whose version in Vault is unusable, and why."""
        return dict(self._rejected)

    @property
    def rejected_count(self) -> int:
        """How many secrets have an unusable version in Vault."""
        return len(self._rejected)

    @property
    def age_seconds(self) -> float:
        """How long ago everything was read without a fault."""
        return self._monotonic() - self._complete_at

    @property
    def failures(self) -> Mapping[str, int]:
        """How many reads have failed since the start, by kind."""
        return dict(self._failures)

    def follow(self, secret: Secret[T], apply: Callable[[T], None]) -> None:
        """Hand every new version of a secret to whoever works with it.

        `apply` may refuse a version with ValueError; then the one before stays current.
        """
        self._followers[secret.path].append(cast(Callable[[object], None], apply))

    def start(self) -> None:
        """Begin to refresh in the background."""
        self._task = asyncio.create_task(self._run(), name="secret-refresher")

    async def stop(self) -> None:
        """End the refreshing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def refresh(self) -> bool:
        """Read everything once; tell whether all of it could be read and used."""
        for name, secret in _SECRETS.items():
            # What was not read at the start is not kept in Vault.
            if getattr(self._current, name) is None:
                continue
            if not await self._renew(name, secret):
                return False
        self._find()
        if not self._rejected:
            self._complete_at = self._monotonic()
        return not self._rejected

    async def reload(self, secret: Secret[T]) -> None:
        """Read one secret out of turn; what keeps it away is reported as ever."""
        name = next(name for name, each in _SECRETS.items() if each.path == secret.path)
        await self._renew(name, _SECRETS[name])

    async def _renew(self, name: str, secret: Secret[object]) -> bool:
        """Read a secret, and take it if it can be used; tell whether Vault is there."""
        try:
            self._take(name, secret, await self._source.read(secret))
        except SecretError as error:
            self._reject(error)
        except VaultError as error:
            self._lose(error)
            return False
        else:
            self._accept(secret.path)
        return True

    async def _run(self) -> None:
        pause = self._interval_seconds
        while True:
            await asyncio.sleep(max(pause, _SHORTEST_PAUSE_SECONDS))
            try:
                await self.refresh()
            except Exception:  # noqa: BLE001 - a follower's defect must not end the refreshing
                _log.exception("secret_refresh_failed")
            if self._lost:
                pause = min(self._interval_seconds, RETRY_SECONDS)
            else:
                pause = min(self._interval_seconds, self._source.seconds_until_renewal)

    def _take(self, name: str, secret: Secret[object], value: object) -> None:
        if value == getattr(self._current, name):
            return
        for apply in self._followers[secret.path]:
            try:
                apply(value)
            except ValueError as error:
                raise SecretMalformed(secret.path, f"is refused: {error}") from error
        change: dict[str, Any] = {name: value}
        self._current = replace(self._current, **change)
        _log.info("secret_changed", path=secret.path)

    def _reject(self, error: SecretError) -> None:
        self._failures[error.kind] += 1
        if self._rejected.get(error.path) != str(error):
            self._rejected[error.path] = str(error)
            _log.error("secret_rejected", path=error.path, kind=error.kind, problem=str(error))

    def _accept(self, path: str) -> None:
        if self._rejected.pop(path, None) is not None:
            _log.info("secret_usable_again", path=path)

    def _lose(self, error: VaultError) -> None:
        self._failures[error.kind] += 1
        if self._lost != error.kind:
            self._lost = error.kind
            _log.warning("vault_lost", kind=error.kind, problem=str(error))

    def _find(self) -> None:
        if self._lost is not None:
            self._lost = None
            _log.info("vault_back")
