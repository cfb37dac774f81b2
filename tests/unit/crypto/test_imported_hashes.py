"""Hashes of other systems: which ones are read, what they cost at most, and that they verify."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto.hash_reading import read_imported
from core.crypto.imported_hash import MALFORMED, TOO_COSTLY, UNSUPPORTED, HashRefused
from tests.unit.crypto.hash_vectors import (
    BCRYPT_2B,
    DJANGO_BCRYPT_SHA256,
    DJANGO_PBKDF2,
    DJANGO_SCRYPT,
    PASSWORD,
    VECTORS,
    Vector,
)

every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)

PHC_PBKDF2 = "$pbkdf2-sha256$i=1000,l=32$c2FsdA$31ltvuXrbs8POP2F4tw9851NSNQCQpm0sCwu2eEvId8"
PHC_SCRYPT = "$scrypt$ln=4,r=8,p=1$c2FsdA$jkBzE6t+3YTzAuQ1ol2ZxJUOk0akIbgat0w+kf21AT0"


@every_vector
def test_a_published_hash_fits_its_password_alone(vector: Vector) -> None:
    hashed = read_imported(vector.text)
    assert hashed.algorithm == vector.algorithm
    assert hashed.matches(vector.password.encode())
    assert not hashed.matches(vector.password.encode() + b"x")
    assert not hashed.matches(b"x" + vector.password.encode())


@every_vector
def test_what_is_stored_reads_as_the_same_hash(vector: Vector) -> None:
    hashed = read_imported(vector.text)
    again = read_imported(hashed.stored)
    assert again == hashed
    assert again.matches(vector.password.encode())


@every_vector
def test_no_hash_shows_in_what_is_logged(vector: Vector) -> None:
    assert vector.text[-20:] not in repr(read_imported(vector.text))


def test_bcrypt_alone_reads_no_more_than_seventy_two_bytes() -> None:
    assert read_imported(BCRYPT_2B.text).reach_bytes == 72
    for vector in (DJANGO_BCRYPT_SHA256, DJANGO_PBKDF2, DJANGO_SCRYPT):
        assert read_imported(vector.text).reach_bytes is None


def test_seventy_two_bytes_are_read_to_the_last() -> None:
    # bcrypt 5.0.0: hashpw(b"x" * 72, b"$2b$04$abcdefghijklmnopqrstuu")
    hashed = read_imported("$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i")
    assert hashed.matches(b"x" * 72)
    assert not hashed.matches(b"x" * 71)
    assert not hashed.matches(b"x" * 71 + b"y")


def test_a_zero_byte_does_not_disguise_a_password() -> None:
    """Bcrypt repeats a password with a zero behind it: `a` and `a, zero, a` are one to it."""
    hashed = read_imported("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe")
    assert hashed.matches(b"a")
    assert not hashed.matches(b"a\0a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "!jdzJac5EUYcYKssBi7SZj9InlDsRcDTV64zjMdQh",
        "$1$saltsalt$qjXMvbEw8oaL.CzflDugk0",
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEO",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
        "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        " " + BCRYPT_2B.text,
        "pbkdf2" + DJANGO_PBKDF2.text,
        BCRYPT_2B.text + "$" * 600,
        "пароль",
    ],
)
def test_what_is_of_no_kind_that_we_know_is_refused(text: str) -> None:
    _refused(text, UNSUPPORTED)


@pytest.mark.parametrize(
    "text",
    [
        BCRYPT_2B.text.replace("$2b$", "$2x$"),
        BCRYPT_2B.text.replace("$2b$", "$2$"),
        BCRYPT_2B.text[:-1],
        BCRYPT_2B.text + "a",
        BCRYPT_2B.text + "\n",
        BCRYPT_2B.text[:-1] + "!",
        BCRYPT_2B.text.replace("$04$", "$4$"),
        BCRYPT_2B.text.replace("$04$", "$٠٤$").encode("ascii", "replace").decode(),
        DJANGO_BCRYPT_SHA256.text[:-1],
        DJANGO_PBKDF2.text.replace("sha256", "md5"),
        DJANGO_PBKDF2.text.replace("$1000$", "$x$"),
        DJANGO_PBKDF2.text.replace("$1000$", "$-1$"),
        DJANGO_PBKDF2.text.replace("$1000$", "$" + "9" * 30 + "$"),
        DJANGO_PBKDF2.text.replace("saltsaltsaltsalt", ""),
        DJANGO_PBKDF2.text.replace("saltsaltsaltsalt", "s" * 257),
        DJANGO_PBKDF2.text + "$more",
        DJANGO_PBKDF2.text.rpartition("$")[0] + "$",
        DJANGO_PBKDF2.text.rpartition("$")[0] + "$AAAA",
        DJANGO_PBKDF2.text.rpartition("$")[0] + "$" + "A" * 100,
        DJANGO_PBKDF2.text.rpartition("$")[0] + "$A" + "A" * 24,
        PHC_PBKDF2.replace("l=32", "l=31"),
        PHC_PBKDF2.replace("sha256", "sha224"),
        PHC_PBKDF2.replace("i=1000", "i=1e3"),
        DJANGO_SCRYPT.text.replace("$16384$", "$16383$"),
        DJANGO_SCRYPT.text.replace("$16384$", "$1$"),
        DJANGO_SCRYPT.text.replace("$16384$", "$0$"),
        DJANGO_SCRYPT.text.replace("$8$5$", "$0$5$"),
        DJANGO_SCRYPT.text.replace("$8$5$", "$8$0$"),
        DJANGO_SCRYPT.text.replace("$8$5$", "$8$"),
        PHC_SCRYPT.replace("ln=4,r=8", "ln=16,r=1"),
        PHC_SCRYPT.replace("ln=4", "ln=0"),
        PHC_SCRYPT.replace("p=1", "p=0"),
        PHC_SCRYPT.replace(",p=1", ""),
    ],
)
def test_a_damaged_hash_is_refused(text: str) -> None:
    _refused(text, MALFORMED)


@pytest.mark.parametrize(
    "text",
    [
        BCRYPT_2B.text.replace("$04$", "$15$"),
        BCRYPT_2B.text.replace("$04$", "$31$"),
        BCRYPT_2B.text.replace("$04$", "$03$"),
        DJANGO_BCRYPT_SHA256.text.replace("$04$", "$20$"),
        DJANGO_PBKDF2.text.replace("$1000$", "$3000001$"),
        DJANGO_PBKDF2.text.replace("$1000$", "$999999999$"),
        DJANGO_PBKDF2.text.replace("$1000$", "$0$"),
        PHC_PBKDF2.replace("i=1000", "i=4000000"),
        # Two blocks of twenty bytes each cost twice the iterations.
        "$pbkdf2$2000000$c2FsdA$" + "A" * 43,
        DJANGO_SCRYPT.text.replace("$16384$", "$1048576$"),
        DJANGO_SCRYPT.text.replace("$8$5$", "$512$1$"),
        DJANGO_SCRYPT.text.replace("$8$5$", "$8$9$"),
        PHC_SCRYPT.replace("ln=4", "ln=18"),
        PHC_SCRYPT.replace("ln=4,r=8", "ln=99,r=9999"),
        PHC_SCRYPT.replace("p=1", "p=9999").replace("ln=4", "ln=14"),
    ],
)
def test_a_hash_that_asks_for_too_much_is_refused_before_it_is_computed(text: str) -> None:
    _refused(text, TOO_COSTLY)


@pytest.mark.parametrize(
    "text",
    [
        BCRYPT_2B.text.replace("$04$", "$14$"),
        DJANGO_PBKDF2.text.replace("$1000$", "$1500000$"),
        "$pbkdf2$1500000$c2FsdA$" + "A" * 43,
        PHC_SCRYPT.replace("ln=4", "ln=17"),
        DJANGO_SCRYPT.text,
    ],
)
def test_what_others_recommend_is_within_the_bounds(text: str) -> None:
    assert read_imported(text).stored == text


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for whole in (text, f"$2b${text}", f"pbkdf2_sha256${text}", f"$scrypt${text}"):
        with pytest.raises(HashRefused, match=r"^[a-z].*"):
            read_imported(whole)


def _refused(text: str, rule: str) -> None:
    with pytest.raises(HashRefused, match=r"^(is|has|asks|holds) ") as caught:
        read_imported(text)
    assert caught.value.rule == rule
    assert re.search(r"[./A-Za-z0-9+]{20}", str(caught.value)) is None
    assert PASSWORD not in str(caught.value)
