"""Keys that sign access tokens, and the times at which one follows the other.

A key is announced first: everybody who verifies tokens learns it before it signs one. When the
next key signs in its place it goes on verifying, until the last token that it signed has expired.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from core.domain.errors import Conflict


class KeyState(StrEnum):
    """What a key does at a moment."""

    ANNOUNCED = "announced"
    SIGNING = "signing"
    VERIFYING = "verifying"
    EXPIRED = "expired"


class KeyTimes(Protocol):
    """The times of a key: it signs from `signs_from` on and verifies until `expires_at`.

    `expires_at` is None where no end has been set.
    """

    @property
    def kid(self) -> str: ...  # noqa: D102 - the key's id in JWT headers and in the JWKS
    @property
    def signs_from(self) -> datetime: ...  # noqa: D102
    @property
    def expires_at(self) -> datetime | None: ...  # noqa: D102


K = TypeVar("K", bound=KeyTimes)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A new key on P-256; the private half is PEM (PKCS #8), which nobody here looks into."""

    kid: str
    private_key_pem: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as its keeper has it. Implements KeyTimes."""

    kid: str
    private_key_pem: str = field(repr=False)
    published_at: datetime
    signs_from: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """What an operator may know of a key."""

    kid: str
    state: KeyState
    published_at: datetime
    signs_from: datetime
    expires_at: datetime | None


def is_valid(key: KeyTimes, now: datetime) -> bool:
    """Tell whether a key verifies. It does so before it signs: another clock may be ahead."""
    return key.expires_at is None or now < key.expires_at


def signer_among(keys: Iterable[K], now: datetime) -> K | None:
    """Return the key that signs: the latest valid one whose time has come, or None."""
    due = [key for key in keys if key.signs_from <= now and is_valid(key, now)]
    return max(due, key=_order, default=None)


def statuses(keys: Sequence[StoredKey], now: datetime) -> Sequence[KeyStatus]:
    """Return what each key does now, in the order of their first signatures."""
    signer = signer_among(keys, now)
    return [
        KeyStatus(
            kid=key.kid,
            state=_state(key, signer, now),
            published_at=key.published_at,
            signs_from=key.signs_from,
            expires_at=key.expires_at,
        )
        for key in sorted(keys, key=_order)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotationPolicy:
    """How long each part of a rotation takes, in seconds.

    `announcement_seconds` pass from the publication of a key to its first signature: until then
    every replica has loaded it, and no cached JWKS is older than it. `longest_token_seconds` is the
    longest life of any access token, a service's included. Clocks differ by `clock_skew_seconds`.
    """

    announcement_seconds: float
    longest_token_seconds: float
    clock_skew_seconds: float

    def announce(
        self, keys: Iterable[StoredKey], pair: KeyPair, *, now: datetime, force: bool
    ) -> tuple[StoredKey, ...]:
        """Return the keys that have not expired, each with an end, and after them the new one.

        Raises:
            Conflict: a key is announced that does not sign yet (unless `force`), or none signs
                now, so that there is nothing to wait for.
        """
        kept = [key for key in keys if is_valid(key, now)]
        if signer_among(kept, now) is None:
            raise Conflict("No key signs at present; a new one has to sign immediately.")
        if not force and any(now < key.signs_from for key in kept):
            raise Conflict("A key is announced that does not sign yet; wait for it, or force it.")
        signs_from = now + timedelta(seconds=self.announcement_seconds)
        new = _stored(pair, published_at=now, signs_from=signs_from)
        last = max(kept, key=_order)
        return (*(self._ended(key, new, extend=key is last) for key in kept), new)

    def replace_at_once(
        self, keys: Iterable[StoredKey], pair: KeyPair, *, now: datetime
    ) -> tuple[StoredKey, ...]:
        """Return a key that signs already and the others, which have just expired.

        For keys that somebody else may know: every token that they signed is worthless from now
        on. A replica whose clock is behind takes the new key all the same: it is due there, and it
        comes after every other one, also after one that began to sign a moment ago.
        """
        signs_from = now - timedelta(seconds=self.clock_skew_seconds)
        new = _stored(pair, published_at=now, signs_from=signs_from)
        before = signs_from - timedelta(seconds=1)
        used = [key for key in keys if is_valid(key, now) and key.signs_from < now]
        return (
            *(replace(k, signs_from=min(k.signs_from, before), expires_at=now) for k in used),
            new,
        )

    def _ended(self, key: StoredKey, successor: StoredKey, *, extend: bool) -> StoredKey:
        """Let a key verify until the last token that it can have signed has expired.

        The key that signs until its successor does must live as long as that, whatever end it had.
        """
        stops = max(key.signs_from, successor.signs_from)
        end = stops + timedelta(seconds=self.longest_token_seconds + self.clock_skew_seconds)
        if key.expires_at is None or (extend and key.expires_at < end):
            return replace(key, expires_at=end)
        return key


def _stored(pair: KeyPair, *, published_at: datetime, signs_from: datetime) -> StoredKey:
    return StoredKey(
        kid=pair.kid,
        private_key_pem=pair.private_key_pem,
        published_at=published_at,
        signs_from=signs_from,
    )


def _state(key: StoredKey, signer: StoredKey | None, now: datetime) -> KeyState:
    if not is_valid(key, now):
        return KeyState.EXPIRED
    if now < key.signs_from:
        return KeyState.ANNOUNCED
    return KeyState.SIGNING if key is signer else KeyState.VERIFYING


def _order(key: KeyTimes) -> tuple[datetime, str]:
    return key.signs_from, key.kid
