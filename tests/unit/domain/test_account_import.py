"""Lines of a file with the accounts of another system."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.account_import import LONGEST_LINE, ImportedAccount, parse_line
from core.domain.errors import ValidationFailed

HASH = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"


def line(**fields: object) -> bytes:
    return json.dumps({"email": "ada@example.com", "password_hash": HASH} | fields).encode()


def refusal(raw: bytes) -> tuple[str, str, str]:
    with pytest.raises(ValidationFailed) as caught:
        parse_line(raw)
    (violation,) = caught.value.violations
    return violation.field, violation.rule, violation.message


def test_address_and_hash_are_enough() -> None:
    account = parse_line(line(email=" Ada@Example.com "))
    assert account.address.text == "Ada@Example.com"
    assert account.password_hash == HASH
    assert account.full_name is None
    assert account.email_verified is False
    assert HASH not in repr(account)
    assert "Ada" not in repr(account)


def test_name_and_verification_come_along() -> None:
    account = parse_line(line(full_name=" Ada Lovelace ", email_verified=True) + b"\r\n")
    assert (account.full_name, account.email_verified) == ("Ada Lovelace", True)
    assert parse_line(line(full_name=None)).full_name is None


def test_a_byte_order_mark_is_passed_over() -> None:
    assert isinstance(parse_line(b"\xef\xbb\xbf" + line()), ImportedAccount)


@pytest.mark.parametrize(
    ("raw", "field", "rule"),
    [
        (b"", "line", "line.json"),
        (b"{", "line", "line.json"),
        (b"ada@example.com,secret", "line", "line.json"),
        (b"[" * 10_000, "line", "line.json"),
        (b'{"email": "a@b.c", "email": "d@e.f", "password_hash": "x"}', "line", "line.json"),
        (b"[]", "line", "line.object"),
        (b'"ada"', "line", "line.object"),
        (b"null", "line", "line.object"),
        (line() + line(), "line", "line.json"),
        (line(email="ü").replace(b"\\u00fc", b"\xfc"), "line", "line.encoding"),
        (line(password="plain"), "line", "line.fields"),
        (line(role="admin"), "line", "line.fields"),
        (line(id="0190163d-8694-739b-aea5-000000000001"), "line", "line.fields"),
        (b'{"password_hash": "x"}', "email", "email.type"),
        (b'{"email": "a@b.c"}', "password_hash", "password_hash.type"),
        (line(email=7), "email", "email.type"),
        (line(email=None), "email", "email.type"),
        (line(email="no address"), "email", "email.shape"),
        (line(email="a@" + "b" * 300), "email", "email.length"),
        (line(email="a\ud800@b.c"), "email", "email.type"),
        (line(password_hash=None), "password_hash", "password_hash.type"),
        (line(password_hash=["x"]), "password_hash", "password_hash.type"),
        (line(full_name=7), "full_name", "full_name.type"),
        (line(full_name="Ada\nByron"), "full_name", "full_name.characters"),
        (line(email_verified="yes"), "email_verified", "email_verified.type"),
        (line(email_verified=1), "email_verified", "email_verified.type"),
        (line(email_verified=None), "email_verified", "email_verified.type"),
        (line() + b" " * LONGEST_LINE, "line", "line.length"),
    ],
)
def test_what_is_wrong_with_a_line_is_named(raw: bytes, field: str, rule: str) -> None:
    assert refusal(raw)[:2] == (field, rule)


def test_no_message_repeats_what_stands_there() -> None:
    secret = "hunter2hunter2"
    for raw in (
        line(password_hash=[secret]),
        line(**{secret: secret}),
        line(email=secret),
        secret.encode(),
        line(full_name=secret + "\x07!"),
    ):
        assert secret not in " ".join(refusal(raw))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_line_is_read_or_refused(raw: bytes) -> None:
    assert refusal(raw)[2]


@given(st.dictionaries(st.sampled_from(["email", "password_hash", "full_name"]), st.text()))
def test_any_object_is_read_or_refused(fields: dict[str, str]) -> None:
    with contextlib.suppress(ValidationFailed):
        account = parse_line(json.dumps(fields).encode())
        account.address.text.encode("utf-8")
        assert account.password_hash == fields["password_hash"]
