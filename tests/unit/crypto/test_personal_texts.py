"""How personal texts are encrypted, and how the keys in Vault are replaced."""

import hashlib
import hmac
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from core.crypto import base64url
from core.crypto.personal_texts import SealedPersonalTexts
from core.domain.personal_key import SealBroken, TextPlace

PLACE = TextPlace(row_id=UUID(int=7), field="reason")
SALT = bytes(range(32))
OLD, NEW, NEXT = b"o" * 32, b"n" * 32, b"x" * 32


def hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, section 2."""
    extracted = hmac.digest(salt or bytes(32), key, hashlib.sha256)
    derived, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(extracted, block + info + bytes([number]), hashlib.sha256)
        derived += block
    return derived[:length]


@pytest.mark.parametrize(
    ("salt", "kind", "info"),
    [
        (SALT, "p1.", b"pandora personal text 1: of a person"),
        (b"", "n1.", b"pandora personal text 1: of nobody in particular"),
    ],
)
def test_the_form_is_what_its_description_says(salt: bytes, kind: str, info: bytes) -> None:
    sealed = SealedPersonalTexts([OLD]).seal("blurred", salt=salt, place=PLACE)
    cipher = AESSIV(hkdf(OLD, salt, info, 64))
    context = [kind.encode(), PLACE.row_id.bytes, b"reason"]
    assert sealed == kind + base64url.encode(cipher.encrypt(b"blurred", context))


def test_one_text_in_two_places_does_not_look_alike() -> None:
    texts = SealedPersonalTexts([OLD])
    places = [TextPlace(row_id=UUID(int=number), field="reason") for number in range(20)]
    assert len({texts.seal("blurred", salt=SALT, place=place) for place in places}) == 20


def test_the_first_key_seals_and_the_others_still_open() -> None:
    texts = SealedPersonalTexts([OLD])
    before = texts.seal("before", salt=SALT, place=PLACE)
    texts.replace([NEW, OLD])
    after = texts.seal("after", salt=SALT, place=PLACE)
    assert texts.open(before, salt=SALT, place=PLACE) == "before"
    assert texts.open(after, salt=SALT, place=PLACE) == "after"
    assert SealedPersonalTexts([NEW]).open(after, salt=SALT, place=PLACE) == "after"
    texts.replace([NEXT, NEW])
    with pytest.raises(SealBroken):
        texts.open(before, salt=SALT, place=PLACE)
    assert texts.open(after, salt=SALT, place=PLACE) == "after"


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b"short"]])
def test_keys_that_are_none_leave_the_old_ones_in_use(keys: list[bytes]) -> None:
    texts = SealedPersonalTexts([OLD])
    with pytest.raises(ValueError, match="32 bytes"):
        texts.replace(keys)
    sealed = texts.seal("blurred", salt=SALT, place=PLACE)
    assert SealedPersonalTexts([OLD]).open(sealed, salt=SALT, place=PLACE) == "blurred"


@pytest.mark.parametrize("salt", [b"s", b"s" * 31, b"s" * 33])
def test_a_salt_of_another_length_seals_nothing(salt: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealedPersonalTexts([OLD]).seal("blurred", salt=salt, place=PLACE)
