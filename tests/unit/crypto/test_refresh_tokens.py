"""Refresh tokens tell nothing, cannot be guessed, and lead to the next one for the key's holder."""

import hashlib
import hmac
import re

import pytest

from core.crypto.base64url import encode
from core.crypto.refresh_tokens import ChainedRefreshTokens

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.fixture
def mint() -> ChainedRefreshTokens:
    return ChainedRefreshTokens([KEY])


def test_a_token_is_a_prefix_and_256_bits(mint: ChainedRefreshTokens) -> None:
    token = mint.new()
    for each in (token, mint.successor(token)):
        assert re.fullmatch(r"prt_[A-Za-z0-9_-]{43}", each)


def test_all_of_the_randomness_is_in_the_token() -> None:
    asked: list[int] = []

    def randomness(count: int) -> bytes:
        asked.append(count)
        return bytes(range(count))

    token = ChainedRefreshTokens([KEY], randomness=randomness).new()
    assert asked == [32]
    assert token == "prt_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def test_no_two_tokens_are_alike(mint: ChainedRefreshTokens) -> None:
    assert len({mint.new() for _ in range(1000)}) == 1000


def test_the_digest_is_the_sha_256_of_the_text(mint: ChainedRefreshTokens) -> None:
    token = mint.new()
    assert mint.digest(token) == hashlib.sha256(token.encode()).hexdigest()


def test_whatever_is_presented_has_a_digest_and_marks(mint: ChainedRefreshTokens) -> None:
    for presented in ("", "\x00", "\ud800", "é" * 10_000):
        assert re.fullmatch(r"[0-9a-f]{64}", mint.digest(presented))
        assert re.fullmatch(r"[0-9a-f]{64}", mint.mark(presented, "purpose", presented))


def test_the_successor_is_an_hmac_under_a_key_of_its_own(mint: ChainedRefreshTokens) -> None:
    derivation_key = hmac.digest(KEY, b"pandora refresh token 1: successor", "sha256")
    expected = hmac.digest(derivation_key, b"prt_presented", "sha256")
    assert mint.successor("prt_presented") == "prt_" + encode(expected)
    assert mint.successor("prt_presented") != "prt_" + encode(
        hmac.digest(KEY, b"prt_presented", "sha256")
    )


def test_another_key_leads_to_another_successor() -> None:
    token = ChainedRefreshTokens([KEY]).new()
    successors = {ChainedRefreshTokens([key]).successor(token) for key in (KEY, OTHER_KEY)}
    assert len(successors) == 2


def test_a_successor_is_found_after_a_change_of_keys_while_the_old_one_is_known(
    mint: ChainedRefreshTokens,
) -> None:
    token = mint.new()
    successor = mint.successor(token)
    mint.replace([OTHER_KEY, KEY])
    assert mint.successor(token) != successor
    assert mint.recover_successor(token, mint.digest(successor)) == successor


def test_a_successor_is_found_before_its_key_becomes_the_first(mint: ChainedRefreshTokens) -> None:
    token = mint.new()
    successor = ChainedRefreshTokens([OTHER_KEY, KEY]).successor(token)
    mint.replace([KEY, OTHER_KEY])
    assert mint.recover_successor(token, mint.digest(successor)) == successor


def test_a_wrong_token_is_never_handed_out_after_the_key_is_gone(
    mint: ChainedRefreshTokens,
) -> None:
    token = mint.new()
    digest = mint.digest(mint.successor(token))
    mint.replace([OTHER_KEY])
    assert mint.recover_successor(token, digest) is None


def test_a_mark_outlives_a_change_of_keys(mint: ChainedRefreshTokens) -> None:
    before = mint.mark("prt_presented", "request id", "attempt-1")
    mint.replace([OTHER_KEY])
    assert mint.mark("prt_presented", "request id", "attempt-1") == before


def test_a_mark_is_keyed_with_the_token(mint: ChainedRefreshTokens) -> None:
    mark = mint.mark("prt_presented", "request id", "attempt-1")
    message = b"pandora refresh token 1: mark of request id\0attempt-1"
    assert mark == hmac.digest(b"prt_presented", message, "sha256").hex()


@pytest.mark.parametrize("keys", [[], [b"k" * 31], [KEY, b""]], ids=["none", "short", "empty"])
def test_keys_that_are_none_are_refused_and_the_old_ones_stay(
    mint: ChainedRefreshTokens, keys: list[bytes]
) -> None:
    before = mint.successor("prt_presented")
    with pytest.raises(ValueError, match="32 bytes"):
        mint.replace(keys)
    with pytest.raises(ValueError, match="32 bytes"):
        ChainedRefreshTokens(keys)
    assert mint.successor("prt_presented") == before
