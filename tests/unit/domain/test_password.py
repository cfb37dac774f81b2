"""The password policy: what is refused without asking any list."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.password import HINT, MAX_LENGTH, PasswordPolicy, normalise

POLICY = PasswordPolicy(min_length=15, service_names=("Pandora", "Pandora Exchange"))
ADDRESS = "Ada.Byron+exchange@Mail.Example.com"

EMOJI = "🐴🔋📌✅🌲🎻🍋🚲🪁🧭🗝🎈🐙🌵🍄"


def broken(password: str, *, policy: PasswordPolicy = POLICY, email: str = ADDRESS) -> set[str]:
    """Return the names of the rules that a password breaks."""
    return {violation.rule for violation in policy.violations(password, email=email)}


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "aZ8$kfP2!qLm9xTv",
        "oranges-12-and-a-kite",
        "дождь шумит в саду весь день",
        "雨が降る日は本を読んで過ごすのが好き",
        EMOJI,
        "horse reads the paper",
        "pandora opened the box and the rest is history",
        "my password is a long sentence",
        "ada and byron met at the mail office",
        "monkey839201746552",
        "an example of a sentence",
    ],
)
def test_a_password_of_ones_own_passes_whatever_characters_it_has(password: str) -> None:
    assert broken(password) == set()


@pytest.mark.parametrize("length", [15, 16, MAX_LENGTH])
def test_fifteen_to_a_hundred_and_twenty_eight_characters_are_right(length: int) -> None:
    assert broken(_unlike_anything(length)) == set()


def test_too_short_and_too_long_are_refused_by_name() -> None:
    assert broken(_unlike_anything(14)) == {"password.min_length"}
    assert broken(_unlike_anything(MAX_LENGTH + 1)) == {"password.max_length"}
    assert "password.min_length" in broken("")


def test_the_least_length_is_configured() -> None:
    assert broken("k9x!vq2z", policy=PasswordPolicy(min_length=8)) == set()
    assert broken("k9x!vq2z", policy=PasswordPolicy(min_length=9)) == {"password.min_length"}


def test_characters_are_counted_after_normalising() -> None:
    decomposed = unicodedata.normalize("NFD", "éàüöäñçèêô")
    assert len(decomposed) == 20
    assert broken(decomposed) == {"password.min_length"}
    assert broken(decomposed + "mnbpq") == set()
    ligatures = "\ufb03" * 41 + "bcdmnopq"
    assert len(ligatures) < MAX_LENGTH < len(normalise(ligatures))
    assert broken(ligatures) == {"password.max_length"}


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaaaaaaa",
        "abababababababab",
        "123412341234123412",
        "kx7kx7kx7kx7kx7kx7kx7k",
        "no no no no no no no",
        "aaaaaaaabbbbbbbbcccc",
        "abcdefghijklmnop",
        "ZYXWVUTSRQPONML",
        "789012345678901234",
        "qwertyuiopasdfgh",
        "QWERTZUIOPASDFG",
        "1q2w3e4r5t6y7u8i",
        "0987654321098765",
        "mnbvcxzlkjhgfdsa",
        "йцукенгшщзхъфывап",
        "1qaz2wsx3edc4rfv",
        "a-b-c-d-e-f-g-h-i-j",
        "qwertyuiop!!!!!!",
        "qwertyuiop-2026-01",
        "🔒🔒🔒🔒🔒🔒🔒🔒🔒🔒🔒🔒🔒🔒🔒",
    ],
)
def test_a_password_that_follows_from_its_beginning_is_refused(password: str) -> None:
    assert broken(password) == {"password.pattern"}


@pytest.mark.parametrize(
    "password",
    [
        "Pandora Exchange",
        "PANDORA-EXCHANGE",
        "pandoraexchange2026!",
        "2026-pandora-2027",
        "\uff30\uff41\uff4e\uff44\uff4f\uff52\uff41 exchange",
        "pandora...........",
        "my pandora 12345",
        "pandora.exchange.pandora",
        "pandora box pandora",
    ],
)
def test_the_name_of_the_service_is_no_password(password: str) -> None:
    assert "password.service_name" in broken(password)


@pytest.mark.parametrize(
    "password",
    [
        "Ada.Byron+exchange@Mail.Example.com",
        "ada.byron@mail.example.com",
        "ADA.BYRON-1815-12",
        "adabyron 10121815",
        "Byron!!!!!!!1815",
        "ada.byron+exchange",
        "mail.example.com",
        "ada.byron.ada.byron",
        "adabyron-secret",
        "Adabyron#Adabyron",
    ],
)
def test_ones_own_address_is_no_password(password: str) -> None:
    assert "password.own_address" in broken(password)
    assert "password.own_address" not in broken(password, email="eve@company.test")


@pytest.mark.parametrize("password", ["bob bob bob bob bob", "bob1234567890", "Bob@2026.01.02"])
def test_a_short_local_part_counts_as_the_whole_password(password: str) -> None:
    assert "password.own_address" in broken(password, email="bob@company.test")


@pytest.mark.parametrize("password", ["a kabob for every Bobby", "bobsled races at dawn"])
def test_a_short_local_part_does_not_count_within_words(password: str) -> None:
    assert broken(password, email="bob@company.test") == set()


@pytest.mark.parametrize("email", ["", "@", "no address", "x@", "ада@пример.рф", "\ud800@a.b"])
def test_whatever_stands_for_an_address_gets_an_answer(email: str) -> None:
    assert broken("correct horse battery staple", email=email) == set()


def test_every_reason_is_given_and_each_says_how_to_do_better() -> None:
    violations = POLICY.violations("pandora", email="pandora@x.test", field_name="new_password")
    assert {violation.rule for violation in violations} == {
        "password.min_length",
        "password.service_name",
        "password.own_address",
    }
    for violation in violations:
        assert violation.field == "new_password"
        assert violation.message.endswith(HINT)
        assert "pandora" not in violation.message.lower()
    assert "15" in violations[0].message


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    assert normalise("pa\u017f\u017fword") == normalise("password")
    assert normalise("cafe\u0301") == normalise("caf\u00e9")
    assert normalise("\uff50\uff57") == normalise("pw")
    assert normalise("Password") != normalise("password")


def test_white_space_counts_and_stays() -> None:
    assert normalise("  two  words  ") == "  two  words  "


@given(st.text(max_size=40))
def test_normalising_twice_is_normalising_once(password: str) -> None:
    once = normalise(password)
    assert normalise(once) == once
    assert normalise(unicodedata.normalize("NFD", password)) == once


@given(st.text(max_size=MAX_LENGTH), st.text(max_size=80))
def test_any_text_is_judged(password: str, email: str) -> None:
    assert broken(password, email=email) is not None


def _unlike_anything(length: int) -> str:
    """Return text without a pattern: letters in the order of a linear congruence."""
    letters, state = [], 7
    for _ in range(length):
        state = (state * 1103515245 + 12345) % 2**31
        letters.append("abcdefghijkmnopqrstuvwxyz23456789"[(state >> 16) % 33])
    return "".join(letters)
