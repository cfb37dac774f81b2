"""Reads one secret at a time, off the event loop, and survives a Vault that misbehaves."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from core.vault.blocking import run_blocking
from core.vault.client import VaultClient
from core.vault.errors import VaultUnreachable
from core.vault.secrets import Secret

T = TypeVar("T")

REQUESTS_PER_CALL = 3
"""A call makes up to three requests: renew, log in, and what it is for."""


class SecretSource:
    """One logged-in client, used by one call at a time, and replaced when it gets stuck.

    Every call raises VaultUnreachable where Vault does not answer in time.
    """

    def __init__(
        self, new_client: Callable[[], VaultClient], *, request_timeout_seconds: float
    ) -> None:
        self._new_client = new_client
        self._timeout_seconds = request_timeout_seconds * REQUESTS_PER_CALL
        self._client: VaultClient | None = None
        self._lock = asyncio.Lock()

    @property
    def seconds_until_renewal(self) -> float:
        """How long the client's token can be left alone."""
        return self._client.seconds_until_renewal if self._client else 0.0

    async def read(self, secret: Secret[T]) -> T:
        """Return a secret, as Vault has it now.

        Raises:
            SecretError: this secret is missing, forbidden or malformed.
            VaultError: no secret can be had.
        """
        value, _ = await self.read_version(secret)
        return value

    async def read_version(self, secret: Secret[T]) -> tuple[T, int]:
        """Return as `read` does, and the number of the version that it is."""
        content, version = await self._call(lambda client: client.read_version(secret.path))
        return secret.parsed(content), version

    async def write(self, path: str, content: Mapping[str, object], *, replacing: int) -> None:
        """Write a secret's next version; see `VaultClient.write`."""
        await self._call(lambda client: client.write(path, content, replacing=replacing))

    async def check(self) -> None:
        """Return if Vault can serve, for a health probe; raises as `VaultClient.check` does.

        Uses a client of its own, so as not to wait for a read under way.
        """
        await run_blocking(self._new_client().check, timeout_seconds=self._timeout_seconds)

    async def close(self) -> None:
        """Give the token back."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await run_blocking(client.close, timeout_seconds=self._timeout_seconds)
            except TimeoutError:
                return

    async def _call(self, work: Callable[[VaultClient], T]) -> T:
        async with self._lock:
            client = self._client = self._client or self._new_client()
            try:
                return await run_blocking(
                    lambda: work(client), timeout_seconds=self._timeout_seconds
                )
            except (TimeoutError, asyncio.CancelledError) as error:
                # The thread that was left behind may still be at work with it.
                self._client = None
                if isinstance(error, asyncio.CancelledError):
                    raise
                seconds = self._timeout_seconds
                raise VaultUnreachable(f"Vault does not answer within {seconds:g} s") from error
