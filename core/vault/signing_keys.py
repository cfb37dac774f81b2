"""The private keys that sign access tokens, as Vault holds them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from core.domain.signing_key import StoredKey
from core.vault.fields import moment, text

_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key on P-256: published from one time on, signing from another, gone after a third.

    Two records are equal if their PEM texts and times are.
    """

    kid: str
    private_key_pem: str = field(repr=False)
    private_key: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)
    published_at: datetime
    signs_from: datetime
    expires_at: datetime | None


def signing_keys(content: Mapping[str, object]) -> tuple[SigningKey, ...]:
    """Return the keys of the field `keys`.

    Raises:
        ValueError: there is none, one is not of the agreed form, or two share a kid.
    """
    items = content.get("keys")
    if not isinstance(items, list) or not items:
        raise ValueError("keys must be a list with at least one key")
    keys = tuple(_signing_key(item, position) for position, item in enumerate(items, 1))
    if len({key.kid for key in keys}) != len(keys):
        raise ValueError("two keys share a kid")
    return keys


def as_content(keys: Iterable[StoredKey]) -> dict[str, object]:
    """Return what `signing_keys` reads these keys from."""
    return {
        "keys": [
            {
                "kid": key.kid,
                "private_key_pem": key.private_key_pem,
                "published_at": key.published_at.isoformat(),
                "signs_from": key.signs_from.isoformat(),
                "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
            }
            for key in keys
        ]
    }


def _signing_key(item: object, position: int) -> SigningKey:
    if not isinstance(item, dict):
        raise ValueError(f"key {position} must have fields")  # noqa: TRY004 - see Secret.parse
    try:
        return _from_fields(item)
    except ValueError as error:
        raise ValueError(f"key {position}: {error}") from None


def _from_fields(item: Mapping[str, object]) -> SigningKey:
    kid, pem = text(item, "kid"), text(item, "private_key_pem")
    if not _KID.fullmatch(kid):
        raise ValueError("kid must be up to 64 letters, digits, dots, _ and -")
    key = SigningKey(
        kid=kid,
        private_key_pem=pem,
        private_key=_p256(pem),
        published_at=moment(item, "published_at"),
        signs_from=moment(item, "signs_from"),
        expires_at=None if item.get("expires_at") is None else moment(item, "expires_at"),
    )
    if key.expires_at is not None and key.expires_at <= key.signs_from:
        raise ValueError("it expires before it signs")
    return key


def _p256(pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("private_key_pem must be an unencrypted private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("private_key_pem must be a key on P-256")  # noqa: TRY004 - see Secret.parse
    return key
