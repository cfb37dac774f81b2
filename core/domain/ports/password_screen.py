"""What is known of other people's passwords."""

from collections.abc import Collection
from typing import Protocol


class PasswordScreen(Protocol):
    """Lists of passwords that an attacker tries first."""

    def is_common(self, forms: Collection[str]) -> bool:
        """Tell whether one of a password's folded forms is among the most common passwords."""
        ...

    async def is_breached(self, password: str) -> bool:
        """Tell whether a password was in a data breach, as it was typed or in its normal form.

        False where no list of breached passwords is kept.

        Raises:
            ServerBusy: too many look-ups and hashings wait already.
        """
        ...
