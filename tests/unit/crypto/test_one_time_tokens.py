"""One-time tokens follow from their ids, and from nothing that anybody outside knows."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto import base64url
from core.crypto.one_time_tokens import DerivedOneTimeTokens
from core.domain.one_time_token import TokenPurpose
from core.observability.redaction import MASK, redact

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
ID = UUID("0190163d-8694-739b-aea5-966c26f8ad91")
RESET, VERIFICATION = TokenPurpose.PASSWORD_RESET, TokenPurpose.EMAIL_VERIFICATION


def test_a_token_is_its_id_and_an_hmac_in_base64url() -> None:
    token = DerivedOneTimeTokens([KEY]).derive(ID, RESET)
    assert re.fullmatch(r"pot_[A-Za-z0-9_-]{64}", token)
    octets = base64url.decode(token.removeprefix("pot_"))
    assert octets[:16] == ID.bytes
    assert len(octets[16:]) == 32


def test_the_derivation_never_changes() -> None:
    """A sender of the next version must find what a core of this version has stored."""
    assert DerivedOneTimeTokens([KEY]).derive(ID, RESET) == (
        "pot_AZAWPYaUc5uupZZsJvitkcAfWLD3UxS6eXd1WNuadgn0uVFIzyk-UI6NvxKA4xK8"
    )


@given(st.uuids(), st.uuids(), st.sampled_from(TokenPurpose), st.sampled_from(TokenPurpose))
def test_no_two_pairs_of_id_and_purpose_have_one_token(
    one: UUID, other: UUID, purpose: TokenPurpose, other_purpose: TokenPurpose
) -> None:
    tokens = DerivedOneTimeTokens([KEY])
    same = (one, purpose) == (other, other_purpose)
    assert (tokens.derive(one, purpose) == tokens.derive(other, other_purpose)) is same


def test_another_key_gives_another_token() -> None:
    one, other = DerivedOneTimeTokens([KEY]), DerivedOneTimeTokens([OTHER_KEY])
    assert one.derive(ID, RESET) != other.derive(ID, RESET)


def test_a_token_is_recovered_from_its_id_and_its_digest() -> None:
    tokens = DerivedOneTimeTokens([KEY])
    token = tokens.derive(ID, RESET)
    assert tokens.recover(ID, RESET, tokens.digest(token)) == token
    assert tokens.recover(ID, VERIFICATION, tokens.digest(token)) is None
    assert tokens.recover(UUID(int=1), RESET, tokens.digest(token)) is None


def test_a_token_of_a_key_that_was_replaced_is_recovered_while_the_key_is_known() -> None:
    tokens = DerivedOneTimeTokens([KEY])
    token = tokens.derive(ID, RESET)
    digest = tokens.digest(token)
    tokens.replace([OTHER_KEY, KEY])
    assert tokens.derive(ID, RESET) != token
    assert tokens.recover(ID, RESET, digest) == token
    tokens.replace([OTHER_KEY])
    assert tokens.recover(ID, RESET, digest) is None


@pytest.mark.parametrize("keys", [[], [b"short"], [KEY, b"short"]])
def test_keys_that_are_no_keys_are_refused_and_the_old_ones_stay(keys: list[bytes]) -> None:
    tokens = DerivedOneTimeTokens([KEY])
    token = tokens.derive(ID, RESET)
    with pytest.raises(ValueError, match="32 bytes"):
        tokens.replace(keys)
    assert tokens.derive(ID, RESET) == token


@given(st.text())
def test_whatever_is_presented_has_a_digest(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", DerivedOneTimeTokens([KEY]).digest(text))


def test_a_lone_surrogate_has_a_digest() -> None:
    assert len(DerivedOneTimeTokens([KEY]).digest("\ud800")) == 64


def test_a_log_shows_no_token() -> None:
    token = DerivedOneTimeTokens([KEY]).derive(ID, RESET)
    shown = redact({"problem": f"cannot send /reset-password#{token}!", "path": token})
    assert MASK in str(shown)
    assert token[4:] not in str(shown)
