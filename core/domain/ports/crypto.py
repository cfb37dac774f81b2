"""Passwords and tokens, without their mathematics."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from core.domain.access_token import AccessTokenClaims, PublicKey
from core.domain.one_time_token import TokenPurpose
from core.domain.password_hash import AdoptedHash, Verdict


class PasswordHasher(Protocol):
    """Slow, salted, bounded hashing. Passwords are normalised inside.

    Every slow method raises ServerBusy at once when too many calls wait already, or when the call
    that it serves could not be answered in time.
    """

    def ensure_capacity(self) -> None:
        """Raise ServerBusy if hashing that began now would be refused; nothing is reserved."""
        ...

    async def hash(self, password: str) -> str:
        """Return the hash of a password in PHC string format."""
        ...

    async def verify(self, hashed_password: str | None, password: str) -> bool:
        """Tell whether a password is right.

        None stands for «there is no such account» and costs the same work as a wrong password.
        """
        ...

    async def judge(self, hashed_password: str | None, password: str) -> Verdict:
        """As `verify`, but tell a password apart that the hash cannot read to its end."""
        ...

    def needs_rehash(self, hashed_password: str) -> bool:
        """Tell whether a hash was made with other parameters than today's, or elsewhere."""
        ...

    def adopt(self, hashed_password: str) -> AdoptedHash:
        """Check a hash that was made elsewhere, without computing it.

        Raises:
            ValidationFailed: it is of no kind that can be verified here, or it asks for more
                memory or work than one login may cost. The message does not repeat it.
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

    async def learn_key(self, token: str) -> bool:
        """Tell whether a token that `read` refused is worth reading once more.

        It is if its key was not known and has been learnt since. Looking for one takes a second
        at most, and happens seldom, whatever tokens are presented.
        """
        ...

    def public_keys(self) -> Sequence[PublicKey]:
        """Return every key that a token in use may be signed with."""
        ...


class RefreshTokenMint(Protocol):
    """Makes opaque refresh tokens, those that follow them, and their digests."""

    def new(self) -> str:
        """Return a token with at least 256 bits of randomness."""
        ...

    def digest(self, token: str) -> str:
        """Return the digest under which a token is stored: lower-case hex SHA-256."""
        ...

    def successor(self, token: str) -> str:
        """Return the token that follows; it cannot be told from a new one without the key."""
        ...

    def recover_successor(self, token: str, digest: str) -> str | None:
        """Return the token that followed this one and has the digest.

        None where no key that is known leads there: the key was replaced since.
        """
        ...

    def mark(self, token: str, purpose: str, content: str) -> str:
        """Return a digest of `content`, keyed with the token: lower-case hex, 256 bits.

        Whoever does not hold the token can neither compute nor check it.
        """
        ...


class OneTimeTokenMint(Protocol):
    """Makes one-time tokens out of their ids, and their digests.

    The id of a token is no secret: without the key nobody gets from it to the token.
    """

    def derive(self, token_id: UUID, purpose: TokenPurpose) -> str:
        """Return the token with this id; no other id and no other purpose has the same one."""
        ...

    def digest(self, token: str) -> str:
        """Return the digest under which a token is stored: lower-case hex SHA-256."""
        ...

    def recover(self, token_id: UUID, purpose: TokenPurpose, digest: str) -> str | None:
        """Return the token with this id and this digest.

        None where no key that is known leads there: the key was replaced since.
        """
        ...


class KeyedDigests(Protocol):
    """Stands in for what must not be stored: without the key nobody gets from one to the other."""

    def digest(self, purpose: str, content: str) -> str:
        """Return a digest of `content` for one purpose alone: lower-case hex, 256 bits."""
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
