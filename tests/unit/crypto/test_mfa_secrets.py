"""Where the second factor's secrets come from."""

from functools import partial

from core.crypto import mfa_secrets
from core.crypto.mfa_secrets import RandomMfaSecrets


class Counting:
    """Gives bytes that a test knows, and notes how many were asked for."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self.asked: list[int] = []

    def __call__(self, number: int) -> bytes:
        self.asked.append(number)
        return bytes([self.value]) * number


def _given(value: bytes, _length: int) -> bytes:
    return value


def test_a_totp_secret_has_160_random_bits() -> None:
    randomness = Counting()
    assert RandomMfaSecrets(randomness=randomness).totp_secret() == bytes(20)
    assert randomness.asked == [20]


def test_a_challenge_token_has_256_random_bits_and_says_what_it_is() -> None:
    randomness = Counting()
    token = RandomMfaSecrets(randomness=randomness).challenge_token()
    assert token.startswith("pmc_")
    assert randomness.asked == [32]


def test_there_are_ten_recovery_codes_of_more_than_112_random_bits_each() -> None:
    randomness = Counting()
    codes = RandomMfaSecrets(randomness=randomness).recovery_codes()
    assert len(codes) == 10
    assert randomness.asked == [16] * 10
    assert {code.text for code in codes} == {"-".join(["0" * 5] * 5)}


def test_every_bit_of_a_code_comes_from_the_randomness() -> None:
    codes = set()
    for bit in range(125):
        number = (1 << bit).to_bytes(16, "big")
        secrets = RandomMfaSecrets(randomness=partial(_given, number))
        codes.add(secrets.recovery_codes()[0].text)
    assert len(codes) == 125


def test_a_code_is_written_without_letters_that_look_like_digits() -> None:
    assert len(set(mfa_secrets._ALPHABET)) == 32
    assert not set(mfa_secrets._ALPHABET) & set("OIL")
    for code in RandomMfaSecrets().recovery_codes():
        groups = code.text.split("-")
        assert [len(group) for group in groups] == [5] * 5
        assert set("".join(groups)) <= set(mfa_secrets._ALPHABET)
