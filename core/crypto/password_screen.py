"""The lists that new passwords are looked up in."""

from collections.abc import Collection

from core.crypto.background_pool import BackgroundPool
from core.crypto.breached_passwords import BreachedPasswords


class ListedPasswords:
    """Implements the port PasswordScreen.

    The common passwords lie in memory. The breached ones lie in a file, if there is one; it is
    read in the threads that hash, where the number of those who wait is bounded.
    """

    def __init__(
        self,
        common: Collection[str],
        breached: BreachedPasswords | None,
        pool: BackgroundPool,
    ) -> None:
        """Take folded common passwords, and what is looked up among breached ones."""
        self._common = frozenset(common)
        self._breached = breached
        self._pool = pool

    def is_common(self, forms: Collection[str]) -> bool:
        """See the port."""
        return not self._common.isdisjoint(forms)

    async def is_breached(self, password: str) -> bool:
        """See the port."""
        breached = self._breached
        if breached is None:
            return False
        return await self._pool.run(lambda: breached.hold(password))
