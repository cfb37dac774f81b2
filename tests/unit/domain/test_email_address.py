"""E-mail addresses."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.domain.email_address import MAX_LENGTH, EmailAddress, email_key
from core.domain.errors import ValidationFailed


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Byron+x@Example.COM\t\n", "Ada.Byron+x@Example.COM"),
        ("\u00a0ada@example.com\u3000", "ada@example.com"),
        ("zoe\u0308@example.com", "zo\u00eb@example.com"),
        ("李娜@例え.jp", "李娜@例え.jp"),
        ("a@b", "a@b"),
    ],
)
def test_an_address_is_trimmed_and_normalised_but_keeps_its_letters(raw: str, text: str) -> None:
    assert EmailAddress.parse(raw).text == text


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "ada",
        "@",
        "ada@",
        "@example.com",
        "ada@@example.com",
        "ada@home@example.com",
        "ada byron@example.com",
        "ada@exam ple.com",
        "ada\u2003x@example.com",
        "ada\x00@example.com",
        "ada@example.com\x00",
        "ada\x1f@example.com",
        "ada\x7f@example.com",
        "ada\n@example.com",
    ],
)
def test_what_has_not_the_shape_of_an_address_is_refused(raw: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        EmailAddress.parse(raw, field_name="address")
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("address", "email.shape")


def test_an_address_may_have_254_characters_and_no_more() -> None:
    longest = "a@" + "b" * (MAX_LENGTH - 2)
    assert EmailAddress.parse(f" {longest} ").text == longest
    with pytest.raises(ValidationFailed) as caught:
        EmailAddress.parse(longest + "b")
    assert caught.value.violations[0].rule == "email.length"


def test_its_local_part_may_have_64_characters_and_no_more() -> None:
    longest = "a" * 64 + "@example.com"
    assert EmailAddress.parse(longest).text == longest
    with pytest.raises(ValidationFailed):
        EmailAddress.parse("a" * 65 + "@example.com")


def test_a_violation_does_not_repeat_the_address() -> None:
    with pytest.raises(ValidationFailed) as caught:
        EmailAddress.parse("secret address")
    assert "secret" not in repr(caught.value.violations)
    assert "secret" not in str(caught.value)


def test_an_address_does_not_show_in_a_representation() -> None:
    assert "ada" not in repr(EmailAddress.parse("ada@example.com"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.com", "aDA@eXAMPLE.COM"),
        ("straße@example.com", "STRASSE@EXAMPLE.COM"),
        ("ΣΊΣΥΦΟΣ@example.com", "σίσυφος@example.com"),
        ("ÉLODIE@example.com", "e\u0301lodie@example.com"),
        ("ОЛЕНА@приклад.укр", "олена@приклад.укр"),
        ("\u212bngström@example.com", "ångström@example.com"),
    ],
)
def test_letter_case_makes_no_difference_in_any_script(one: str, other: str) -> None:
    assert EmailAddress.parse(one).key == EmailAddress.parse(other).key


def test_different_addresses_have_different_keys() -> None:
    assert email_key("ada@example.com") != email_key("ada@example.org")


@given(st.text(max_size=40))
@example("\u0345\u0301")
@example("\u1e9e@\u0130")
def test_a_key_is_the_key_of_itself_and_of_every_form_of_the_text(text: str) -> None:
    key = email_key(text)
    assert email_key(key) == key
    assert email_key(unicodedata.normalize("NFD", text)) == key
    assert unicodedata.is_normalized("NFC", key)


@given(st.text(max_size=300))
def test_whatever_is_parsed_is_an_address_and_parses_to_itself(raw: str) -> None:
    try:
        address = EmailAddress.parse(raw)
    except ValidationFailed:
        return
    assert address.text.count("@") == 1
    assert address.text == address.text.strip()
    assert len(address.text) <= MAX_LENGTH
    assert "\x00" not in address.text
    assert EmailAddress.parse(address.text) == address
