"""Passwords against hashes of other systems: verified like our own, and told to be renewed."""

import asyncio
import time

import bcrypt
import pytest

from core.crypto.argon2_hasher import Argon2idHasher
from core.crypto.argon2_text import read_argon2id
from core.crypto.background_pool import BackgroundPool
from core.crypto.imported_hash import HashRefused
from core.domain.errors import ValidationFailed
from core.domain.password_hash import Verdict
from tests.unit.crypto.hash_vectors import (
    BCRYPT_2B,
    DJANGO_ARGON2,
    DJANGO_BCRYPT_SHA256,
    DJANGO_PBKDF2,
    PASSWORD,
    VECTORS,
    Vector,
)
from tests.unit.crypto.test_argon2_hasher import CHEAP, hashing

pytestmark = pytest.mark.asyncio

EVERY_VECTOR = (*VECTORS, DJANGO_ARGON2)
every_vector = pytest.mark.parametrize("vector", EVERY_VECTOR, ids=lambda vector: vector.name)

ARGON2 = DJANGO_ARGON2.text.removeprefix("argon2")


def bcrypt_of(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


@every_vector
async def test_an_adopted_hash_verifies_and_wants_to_be_renewed(vector: Vector) -> None:
    async with hashing() as hasher:
        adopted = hasher.adopt(vector.text)
        assert adopted.algorithm == vector.algorithm
        assert await hasher.judge(adopted.stored, vector.password) is Verdict.RIGHT
        assert await hasher.judge(adopted.stored, vector.password + "x") is Verdict.WRONG
        renewed = await hasher.hash(vector.password)
        assert not hasher.needs_rehash(renewed)
        assert await hasher.verify(renewed, vector.password)
        # Its parameters happen to be today's: our own hash of it would be no better.
        assert hasher.needs_rehash(adopted.stored) is (vector is not DJANGO_ARGON2)


async def test_the_password_fits_as_it_was_typed_and_in_its_normal_form() -> None:
    """The other system may have hashed what was typed; here, two keyboards type one password."""
    typed = "\uff50\uff41\uff53\uff53 \u2026"
    async with hashing() as hasher:
        for stored in (bcrypt_of(typed.encode()), bcrypt_of(b"pass ...")):
            assert await hasher.verify(stored, typed)
        assert not await hasher.verify(bcrypt_of(typed.encode()), "pass ...")


@pytest.mark.parametrize("length", [73, 74, 128])
async def test_beyond_72_bytes_bcrypt_cannot_tell_and_nobody_is_let_in(length: int) -> None:
    async with hashing() as hasher:
        stored = bcrypt_of(b"x" * 72)
        assert await hasher.judge(stored, "x" * 72) is Verdict.RIGHT
        assert await hasher.judge(stored, "x" * length) is Verdict.CUT
        assert not await hasher.verify(stored, "x" * length)
        assert await hasher.judge(stored, "y" + "x" * (length - 1)) is Verdict.WRONG


async def test_bytes_are_counted_and_not_characters() -> None:
    async with hashing() as hasher:
        stored = bcrypt_of(("ü" * 36).encode())
        assert await hasher.judge(stored, "ü" * 36) is Verdict.RIGHT
        assert await hasher.judge(stored, "ü" * 37) is Verdict.CUT


@pytest.mark.parametrize("vector", [DJANGO_BCRYPT_SHA256, DJANGO_PBKDF2], ids=lambda v: v.name)
async def test_every_other_kind_reads_a_password_to_its_end(vector: Vector) -> None:
    async with hashing() as hasher:
        assert await hasher.judge(vector.text, PASSWORD + "x" * 100) is Verdict.WRONG


async def test_our_own_hashes_tell_passwords_apart_after_byte_72() -> None:
    async with hashing() as hasher:
        stored = await hasher.hash("x" * 72 + "a")
        assert await hasher.judge(stored, "x" * 72 + "a") is Verdict.RIGHT
        assert await hasher.judge(stored, "x" * 72 + "b") is Verdict.WRONG
        assert await hasher.judge(stored, "x" * 72) is Verdict.WRONG


async def test_the_work_of_a_wrong_password_does_not_depend_on_its_spelling_being_normal() -> None:
    """A password with two spellings is compared twice, be there an account or not."""
    async with hashing() as hasher:
        stored, compared = await hasher.hash(PASSWORD), []
        plain = hasher._matches

        def counted(hashed_password: str, data: bytes) -> bool:
            compared.append(data)
            return plain(hashed_password, data)

        hasher._matches = counted  # type: ignore[method-assign]
        counts = []
        for password in ("wrong", "wr\u2026ng"):
            for presented in (stored, None, "damaged"):
                compared.clear()
                assert not await hasher.verify(presented, password)
                counts.append(len([data for data in compared if data]))
    assert counts == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("plain text", "password_hash.unsupported"),
        (BCRYPT_2B.text[:-1], "password_hash.malformed"),
        (BCRYPT_2B.text.replace("$04$", "$31$"), "password_hash.cost"),
        (ARGON2.replace("argon2id", "argon2i"), "password_hash.unsupported"),
        (ARGON2[:-22], "password_hash.malformed"),
        (ARGON2 + "\n", "password_hash.malformed"),
        (ARGON2.replace("v=19", "v=18"), "password_hash.malformed"),
        (ARGON2.replace("m=64,t=1", "t=1,m=64"), "password_hash.malformed"),
        (ARGON2.replace("t=1", "t=0"), "password_hash.malformed"),
        (ARGON2.replace("p=1", "p=9"), "password_hash.malformed"),
        (ARGON2.replace("c2FsdHNhbHRzYWx0c2FsdA", "c2FsdA"), "password_hash.malformed"),
        (ARGON2.replace("m=64", "m=262145"), "password_hash.cost"),
        (ARGON2.replace("t=1", "t=4294967295"), "password_hash.cost"),
        (ARGON2.replace("m=64,t=1,p=1", "m=65536,t=17,p=1"), "password_hash.cost"),
        (ARGON2.replace("m=64,t=1,p=1", "m=65536,t=1,p=17"), "password_hash.cost"),
    ],
)
async def test_what_cannot_be_verified_is_not_adopted(text: str, rule: str) -> None:
    async with hashing() as hasher:
        with pytest.raises(ValidationFailed) as caught:
            hasher.adopt(text)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("password_hash", rule)
    assert text not in violation.message
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, HashRefused)


@pytest.mark.parametrize(
    "parameters", ["m=65536,t=3,p=4", "m=102400,t=2,p=8", "m=47104,t=1,p=1", "m=262144,t=4,p=1"]
)
async def test_argon2id_as_others_recommend_it_may_come_in(parameters: str) -> None:
    text = ARGON2.replace("m=64,t=1,p=1", parameters)
    assert read_argon2id(text) == text


async def test_hashes_of_other_systems_are_computed_in_the_bounded_threads() -> None:
    pool = BackgroundPool(threads=1, queue_limit=0)
    hasher = Argon2idHasher(CHEAP, pool)
    await hasher.start()
    seen: list[int] = []
    stored = bcrypt_of(PASSWORD.encode())
    plain = hasher._judge

    def noted(hashed_password: str | None, password: str) -> Verdict:
        seen.append(pool.running)
        return plain(hashed_password, password)

    hasher._judge = noted  # type: ignore[method-assign]
    assert await hasher.verify(stored, PASSWORD)
    assert seen == [1]
    await pool.close()


async def test_a_floor_hides_how_long_a_refusal_took_and_keeps_nobody_who_is_right() -> None:
    pool = BackgroundPool(threads=1, queue_limit=4)
    hasher = Argon2idHasher(CHEAP, pool, refusal_floor_seconds=0.4)
    stored = await hasher.hash(PASSWORD)
    await hasher.start()

    async def seconds(hashed_password: str | None, password: str) -> float:
        began = time.monotonic()
        await hasher.verify(hashed_password, password)
        return time.monotonic() - began

    for presented in (None, stored, bcrypt_of(b"other"), bcrypt_of(b"x" * 72)):
        assert await seconds(presented, "x" * 80) >= 0.4
    # Held up for nothing it would not come back before the floor, however fast the machine is.
    patient = Argon2idHasher(CHEAP, pool, refusal_floor_seconds=60)
    async with asyncio.timeout(30):
        assert await patient.verify(stored, PASSWORD)
    await pool.close()
