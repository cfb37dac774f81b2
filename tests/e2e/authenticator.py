"""An authenticator app, as people carry it."""

import asyncio
import base64
from datetime import UTC, datetime
from typing import Final

from core.domain.totp import STEP_SECONDS, code_at, time_step

_MARGIN_SECONDS: Final = 5.0
"""A code of the step before is shown only if its time is not about to end."""
_POLL_SECONDS: Final = 0.05


class Authenticator:
    """Shows codes of one secret, each of a later step than the one before."""

    def __init__(self, secret: str) -> None:
        self._secret = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self._last: int | None = None

    async def code(self) -> str:
        """Return a code that is right at this moment; wait for the next step if need be."""
        step = self._earliest() if self._last is None else self._last + 1
        async with asyncio.timeout(2 * STEP_SECONDS):
            while time_step(datetime.now(UTC)) < step - 1:  # noqa: ASYNC110 - the time of day
                await asyncio.sleep(_POLL_SECONDS)
        self._last = step
        return code_at(self._secret, step)

    @property
    def last_code(self) -> str:
        """The code that was shown last."""
        assert self._last is not None
        return code_at(self._secret, self._last)

    def _earliest(self) -> int:
        now = datetime.now(UTC)
        left = STEP_SECONDS - now.timestamp() % STEP_SECONDS
        return time_step(now) - (1 if left > _MARGIN_SECONDS else 0)
