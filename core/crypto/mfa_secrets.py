"""The second factor's random parts: TOTP secrets, recovery codes, tokens of challenges."""

import secrets
from collections.abc import Callable, Sequence

from core.crypto import base64url
from core.domain.mfa import RECOVERY_CODE_COUNT, RecoveryCode
from core.domain.totp import SECRET_BYTES

CHALLENGE_PREFIX = "pmc_"
"""Begins every challenge token, so that log redaction and secret scanners know one."""

_CHALLENGE_BYTES = 32
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no letter of it is taken for a digit or for another letter."""

_CODE_BYTES = 16
_CODE_LETTERS = 25
"""125 of 128 random bits: NIST SP 800-63B-4 section 3.1.2.2 asks for 112 where a plain digest is
stored."""

_GROUP_LETTERS = 5


class RandomMfaSecrets:
    """Implements the port MfaSecretMint. `randomness` returns as many bytes as it is asked."""

    def __init__(self, *, randomness: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._randomness = randomness

    def totp_secret(self) -> bytes:
        """Return 160 random bits."""
        return self._randomness(SECRET_BYTES)

    def recovery_codes(self) -> Sequence[RecoveryCode]:
        """Return ten codes of five groups of five letters and digits."""
        return [RecoveryCode(self._recovery_code()) for _ in range(RECOVERY_CODE_COUNT)]

    def challenge_token(self) -> str:
        """Return `pmc_` and 256 random bits as base64url."""
        return CHALLENGE_PREFIX + base64url.encode(self._randomness(_CHALLENGE_BYTES))

    def _recovery_code(self) -> str:
        number = int.from_bytes(self._randomness(_CODE_BYTES), "big")
        letters = "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_CODE_LETTERS))
        groups = range(0, _CODE_LETTERS, _GROUP_LETTERS)
        return "-".join(letters[start : start + _GROUP_LETTERS] for start in groups)
