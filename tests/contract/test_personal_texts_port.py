"""What everything that seals personal texts promises."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto.personal_texts import SealedPersonalTexts
from core.domain.personal_key import SealBroken, TextPlace
from core.domain.ports.personal_texts import PersonalTexts
from tests.fakes.personal_texts import FakePersonalTexts

PLACE = TextPlace(row_id=UUID(int=7), field="ip_address")
ADA, EVE, NOBODY = b"a" * 32, b"e" * 32, b""

sealers = pytest.mark.parametrize(
    "texts", [FakePersonalTexts(), SealedPersonalTexts([b"k" * 32])], ids=["memory", "aes-siv"]
)


@sealers
@given(
    text=st.text(st.characters(exclude_categories=["Cs"])), salt=st.sampled_from([ADA, EVE, NOBODY])
)
def test_what_was_sealed_is_opened_and_fits_the_tables_check(
    texts: PersonalTexts, text: str, salt: bytes
) -> None:
    sealed = texts.seal(text, salt=salt, place=PLACE)
    assert re.fullmatch("[np]1[.][A-Za-z0-9_-]+", sealed)
    assert texts.open(sealed, salt=salt, place=PLACE) == text


@sealers
def test_without_the_salt_a_persons_text_is_gone_and_that_is_no_fault(
    texts: PersonalTexts,
) -> None:
    sealed = texts.seal("203.0.113.7", salt=ADA, place=PLACE)
    assert texts.open(sealed, salt=None, place=PLACE) is None
    assert texts.open(sealed, salt=NOBODY, place=PLACE) is None


@sealers
@pytest.mark.parametrize("salt", [None, ADA, NOBODY])
def test_what_is_nobodys_opens_whoever_the_row_is_about(
    texts: PersonalTexts, salt: bytes | None
) -> None:
    sealed = texts.seal("203.0.113.7", salt=NOBODY, place=PLACE)
    assert texts.open(sealed, salt=salt, place=PLACE) == "203.0.113.7"


@sealers
def test_a_text_opens_with_its_owners_salt_and_in_its_own_place_alone(
    texts: PersonalTexts,
) -> None:
    sealed = texts.seal("203.0.113.7", salt=ADA, place=PLACE)
    for salt, place in (
        (EVE, PLACE),
        (ADA, replace(PLACE, field="user_agent")),
        (ADA, replace(PLACE, row_id=UUID(int=8))),
    ):
        with pytest.raises(SealBroken):
            texts.open(sealed, salt=salt, place=place)


@sealers
@pytest.mark.parametrize("salt", [ADA, NOBODY])
def test_whatever_else_stands_there_is_a_broken_seal(texts: PersonalTexts, salt: bytes) -> None:
    sealed = texts.seal("203.0.113.7", salt=salt, place=PLACE)
    other = "n1." if salt else "p1."
    for altered in (
        "", "p", sealed[:3], sealed[3:], "203.0.113.7", sealed + "A", sealed[:-3],
        f"x1.{sealed[3:]}", f"{sealed[:3]}ä", f"{sealed[:3]}====", other + sealed[3:],
        *(sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :] for at in (3, 12)),
    ):  # fmt: skip
        with pytest.raises(SealBroken):
            texts.open(altered, salt=ADA, place=PLACE)
