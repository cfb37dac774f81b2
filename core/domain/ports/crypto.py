"""Passwords and tokens, without their mathematics."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.domain.access_token import AccessTokenClaims, PublicKey


class PasswordHasher(Protocol):
    """Slow, salted, bounded hashing. Passwords are normalised inside.

    Every method raises ServerBusy at once when too many calls wait already.
    """

    async def hash(self, password: str) -> str:
        """Return the hash of a password in PHC string format."""
        ...

    async def verify(self, hashed_password: str | None, password: str) -> bool:
        """Tell whether a password is right.

        None stands for «there is no such account» and costs the same work as a wrong password.
        """
        ...


class AccessTokenCodec(Protocol):
    """Signs and reads access tokens."""

    def issue(self, claims: AccessTokenClaims) -> str:
        """Return the signed token."""
        ...

    def read(self, token: str) -> AccessTokenClaims:
        """Return the claims of a token that was issued here and has not expired.

        Raises:
            TokenExpired: it is genuine, but its life is over.
            TokenInvalid: anything else is wrong with it.
        """
        ...

    def public_keys(self) -> Sequence[PublicKey]:
        """Return every key that a token in use may be signed with."""
        ...


class RefreshTokenMint(Protocol):
    """Makes opaque refresh tokens and their digests."""

    def new(self) -> str:
        """Return a token with at least 256 bits of randomness."""
        ...

    def digest(self, token: str) -> str:
        """Return the digest under which a token is stored: lower-case hex SHA-256."""
        ...


class PageTokenCodec(Protocol):
    """Makes page tokens that clients can neither read meaning into nor alter."""

    def encode(self, position: str, filters: Mapping[str, str]) -> str:
        """Return the token for the page after `position` under `filters`."""
        ...

    def decode(self, token: str, filters: Mapping[str, str]) -> str:
        """Return the position.

        Raises:
            PageTokenInvalid: the token was not issued here, or for other filters.
        """
        ...
