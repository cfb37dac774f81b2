"""Refresh tokens tell nothing and cannot be guessed."""

import hashlib
import re

from core.crypto.refresh_tokens import RandomRefreshTokens


def test_a_token_is_a_prefix_and_256_bits() -> None:
    assert re.fullmatch(r"prt_[A-Za-z0-9_-]{43}", RandomRefreshTokens().new())


def test_all_of_the_randomness_is_in_the_token() -> None:
    asked: list[int] = []

    def randomness(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    token = RandomRefreshTokens(randomness=randomness).new()
    assert asked == [32]
    assert token == "prt_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def test_no_two_tokens_are_alike() -> None:
    mint = RandomRefreshTokens()
    assert len({mint.new() for _ in range(1000)}) == 1000


def test_the_digest_is_the_sha_256_of_the_text() -> None:
    mint = RandomRefreshTokens()
    token = mint.new()
    assert mint.digest(token) == hashlib.sha256(token.encode()).hexdigest()


def test_whatever_is_presented_has_a_digest() -> None:
    mint = RandomRefreshTokens()
    for presented in ("", "\x00", "\ud800", "é" * 10_000):
        assert re.fullmatch(r"[0-9a-f]{64}", mint.digest(presented))
