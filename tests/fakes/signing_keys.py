"""Keys in memory, and a mint whose keys are only names."""

from collections.abc import Callable, Sequence
from itertools import count

from core.domain.errors import Conflict, DependencyUnavailable
from core.domain.ports.signing_keys import KeySet
from core.domain.signing_key import KeyPair, StoredKey


class FakeSigningKeyMint:
    """Implements the port SigningKeyMint; each key names its number."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> KeyPair:
        number = next(self._numbers)
        return KeyPair(kid=f"made-{number}", private_key_pem=f"private half {number}")


class FakeSigningKeyStore:
    """Implements the port SigningKeyStore.

    `before_replace` and `after_replace` run around a replacement: what they do comes between, and
    what they raise is what the caller hears.
    """

    def __init__(self, *keys: StoredKey) -> None:
        self.keys = keys
        self.reachable = True
        self.before_replace: Callable[[], None] = lambda: None
        self.after_replace: Callable[[], None] = lambda: None
        self._version = 1

    async def load(self) -> KeySet:
        self._require_reach()
        return KeySet(keys=self.keys, version=self._version)

    async def replace(self, keys: Sequence[StoredKey], *, version: int) -> None:
        self.before_replace()
        self._require_reach()
        if version != self._version:
            raise Conflict("Somebody else changed the keys meanwhile.")
        self.keys, self._version = tuple(keys), version + 1
        self.after_replace()
        self._require_reach()

    def change_behind(self, *keys: StoredKey) -> None:
        """Replace the keys as another operator does."""
        self.keys, self._version = keys, self._version + 1

    def _require_reach(self) -> None:
        if not self.reachable:
            raise DependencyUnavailable("vault")
