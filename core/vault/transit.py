"""Sealing with a key of Vault's transit engine; the key itself never leaves Vault."""

import asyncio
import base64
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from core.domain.errors import DependencyUnavailable
from core.domain.ports.mfa import SealBroken
from core.vault.blocking import run_blocking
from core.vault.client import VaultClient
from core.vault.errors import CiphertextRefused, VaultError

T = TypeVar("T")

DEPENDENCY: Final = "vault"
"""How errors, health and metrics call this dependency."""

_CONNECTIONS: Final = 4
"""How many calls are under way at once; a code comes at the speed of people typing."""

_log = structlog.get_logger(__name__)


class TransitSecretBox:
    """Implements the port SecretBox. Each call ends within `timeout_seconds`, whatever Vault does.

    Clients log in at their first use and are kept. One whose call ran out of time is left behind:
    its thread may still be at work with it.
    """

    def __init__(self, new_client: Callable[[], VaultClient], *, timeout_seconds: float) -> None:
        """Take what makes a client, and how long a call may take, waiting for a client included."""
        self._new_client = new_client
        self._timeout_seconds = timeout_seconds
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._idle: list[VaultClient] = []

    async def seal(self, secret: bytes, *, context: str) -> str:
        """Return `vault:vN:…`, bound to the context as associated data (AES-GCM)."""
        plaintext, bound = _encoded(secret), _encoded(context.encode())
        return await self._call(lambda client: client.encrypt(plaintext, associated_data=bound))

    async def open(self, sealed: str, *, context: str) -> bytes:
        """Return the secret; see the port."""
        bound = _encoded(context.encode())
        try:
            plaintext = await self._call(
                lambda client: client.decrypt(sealed, associated_data=bound)
            )
            return base64.b64decode(plaintext, validate=True)
        except (CiphertextRefused, ValueError):
            # Neither text nor cause: both may quote what was sent.
            raise SealBroken("a sealed secret does not open") from None

    async def close(self) -> None:
        """Give the tokens of all clients back, as far as Vault is there to take them."""
        idle, self._idle = self._idle, []
        closings = (
            run_blocking(client.close, timeout_seconds=self._timeout_seconds) for client in idle
        )
        await asyncio.gather(*closings, return_exceptions=True)

    async def _call(self, work: Callable[[VaultClient], T]) -> T:
        try:
            async with asyncio.timeout(self._timeout_seconds), self._slots:
                client = self._idle.pop() if self._idle else self._new_client()
                return await self._with(client, work)
        except TimeoutError:
            raise DependencyUnavailable(DEPENDENCY, detail="TimeoutError") from None
        except CiphertextRefused:
            raise
        except VaultError as error:
            _log.warning("transit_unavailable", kind=error.kind, problem=str(error))
            raise DependencyUnavailable(DEPENDENCY, detail=error.kind) from None

    async def _with(self, client: VaultClient, work: Callable[[VaultClient], T]) -> T:
        """Work with a client, and keep it if its thread has come back."""
        try:
            result = await run_blocking(lambda: work(client), timeout_seconds=self._timeout_seconds)
        except VaultError:
            self._idle.append(client)
            raise
        self._idle.append(client)
        return result


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
