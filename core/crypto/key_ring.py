"""The keys that sign access tokens: several at once, so that one can follow the other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from core.crypto import base64url
from core.domain.access_token import PublicKey
from core.domain.errors import DependencyUnavailable
from core.domain.ports.clock import Clock
from core.domain.signing_key import KeyTimes, is_valid, signer_among

_COORDINATE_BYTES = 32


class SigningKey(KeyTimes, Protocol):
    """A private key on P-256 and its times, as the keeper of the keys hands it over."""

    @property
    def private_key(self) -> ec.EllipticCurvePrivateKey: ...  # noqa: D102


class KeySetRefused(ValueError):
    """A set of keys cannot be used: none of them may sign now, or two share an id."""


class _Entry(NamedTuple):
    key: SigningKey
    public_key: ec.EllipticCurvePublicKey


class KeyRing:
    """Signs with the newest key whose time has come, verifies with every key still valid.

    `replace` swaps all keys in one assignment, so that readers see the old set or the new one.
    """

    def __init__(self, keys: Iterable[SigningKey], *, clock: Clock) -> None:
        """Take the first keys.

        Raises:
            KeySetRefused: see `replace`.
        """
        self._clock = clock
        self._keys: Mapping[str, _Entry] = {}
        self.replace(keys)

    def replace(self, keys: Iterable[SigningKey]) -> None:
        """Use these keys from now on.

        Raises:
            KeySetRefused: none of them may sign at this moment, or two share an id; the old ones
                stay in use.
        """
        sequence = tuple(keys)
        by_id = {key.kid: key for key in sequence}
        if len(by_id) != len(sequence):
            raise KeySetRefused("two signing keys share one kid")
        if signer_among(sequence, self._clock.now()) is None:
            raise KeySetRefused("no signing key may sign at this moment")
        self._keys = {kid: _Entry(key, key.private_key.public_key()) for kid, key in by_id.items()}

    def signer(self) -> SigningKey:
        """Return the key that signs now.

        Raises:
            DependencyUnavailable: every key has expired since the last replacement.
        """
        signer = signer_among((entry.key for entry in self._keys.values()), self._clock.now())
        if signer is None:
            raise DependencyUnavailable("signing keys")
        return signer

    def signer_age_seconds(self) -> float:
        """Return for how long the key that signs now has done so; errors as `signer`."""
        return (self._clock.now() - self.signer().signs_from).total_seconds()

    def verifier(self, kid: str) -> ec.EllipticCurvePublicKey | None:
        """Return the public half of a key, or None if it is unknown or expired."""
        entry = self._keys.get(kid)
        if entry is None or not is_valid(entry.key, self._clock.now()):
            return None
        return entry.public_key

    def public_keys(self) -> Sequence[PublicKey]:
        """Return every key still valid, also one that does not sign yet: caches need the time."""
        now = self._clock.now()
        return tuple(_jwk(entry) for entry in self._keys.values() if is_valid(entry.key, now))


def _jwk(entry: _Entry) -> PublicKey:
    numbers = entry.public_key.public_numbers()
    x, y = (number.to_bytes(_COORDINATE_BYTES, "big") for number in (numbers.x, numbers.y))
    return PublicKey(kid=entry.key.kid, x=base64url.encode(x), y=base64url.encode(y))
