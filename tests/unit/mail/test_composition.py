"""Mails as mail servers carry them."""

import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.email_address import EmailAddress
from core.domain.errors import ValidationFailed
from core.domain.mail import MailMessage, MailRefused
from core.mail.composition import ComposedMail, Sender, compose

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
ID = UUID("0190163d-8694-739b-aea5-966c26f8ad91")
SENDER = Sender(name="Pandora Exchange", address="no-reply@test.pandora.exchange")


def composed(address: str, subject: str = "Hello", text: str = "words\n") -> ComposedMail:
    message = MailMessage(id=ID, address=address, subject=subject, text=text, html="<p>wörds</p>\n")
    return compose(message, SENDER, at=NOON)


def parsed(mail: ComposedMail) -> EmailMessage:
    read = email.message_from_bytes(mail.content, policy=default)
    assert isinstance(read, EmailMessage)
    return read


def test_a_mail_has_the_headers_that_a_mail_needs() -> None:
    mail = parsed(composed("Ada@example.com", subject="Grüße"))
    assert mail["From"] == "Pandora Exchange <no-reply@test.pandora.exchange>"
    assert mail["To"] == "Ada@example.com"
    assert mail["Subject"] == "Grüße"
    assert mail["Date"].datetime == NOON
    assert mail["Message-ID"] == f"<{ID}@test.pandora.exchange>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_a_mail_is_text_first_and_html_second() -> None:
    mail = parsed(composed("ada@example.com", text="wörds with a long line " * 20 + "\n"))
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content() == "wörds with a long line " * 20 + "\r\n"
    assert html.get_content_type() == "text/html"
    assert html.get_content() == "<p>wörds</p>\r\n"


def test_what_every_server_takes_is_plain_ascii_with_short_lines() -> None:
    mail = composed("ada@example.com", subject="Grüße " * 40, text="ü" * 5000 + "\n")
    assert mail.content.isascii()
    assert not mail.needs_utf8
    lines = mail.content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert b"\n" not in b"".join(lines)


def test_a_link_in_plain_ascii_is_left_in_one_piece() -> None:
    link = "https://app.test.pandora.exchange/reset-password#token=pot_" + "x" * 64
    assert f"\r\n{link}\r\n".encode() in composed("ada@example.com", text=f"\n{link}\n").content


def test_a_line_that_is_too_long_for_a_server_is_folded() -> None:
    mail = composed("ada@example.com", text="x" * 999 + "\n")
    assert max(map(len, mail.content.split(b"\r\n"))) <= 998
    plain = next(parsed(mail).iter_parts())
    assert isinstance(plain, EmailMessage)
    assert plain.get_content() == "x" * 999 + "\r\n"


def test_a_domain_in_any_script_goes_by_its_name_in_dns() -> None:
    mail = composed("ada@bücher.example")
    assert mail.recipient == "ada@xn--bcher-kva.example"
    assert not mail.needs_utf8


def test_a_local_part_in_any_script_asks_for_a_server_that_knows_it() -> None:
    mail = composed("józef@example.com")
    assert mail.needs_utf8
    assert mail.recipient == "józef@example.com"
    assert parsed(mail)["To"] == "józef@example.com"


def test_what_needs_quotes_gets_them() -> None:
    mail = composed("a,b<c>@example.com")
    assert mail.recipient == '"a,b<c>"@example.com'
    (address,) = parsed(mail)["To"].addresses
    assert (address.username, address.domain) == ("a,b<c>", "example.com")


@pytest.mark.parametrize(
    "domain", ["a..b", ".example.com", "x" * 64 + ".example", "[", "[192.0.2.1]", "a_b", "-a"]
)
def test_a_domain_that_dns_cannot_have_is_refused(domain: str) -> None:
    with pytest.raises(MailRefused) as refusal:
        composed(f"ada@{domain}")
    assert refusal.value.cause == "address_without_domain"


@given(
    st.text(min_size=1, max_size=64),
    st.text(min_size=1, max_size=60) | st.just("example.com") | st.just("bücher.example"),
)
def test_no_address_that_the_service_accepts_adds_a_header_or_a_recipient(
    local_part: str, domain: str
) -> None:
    try:
        address = EmailAddress.parse(f"{local_part}@{domain}")
        mail = composed(address.text)
    except (ValidationFailed, MailRefused):
        return
    assert not set(mail.recipient) & set("\r\n\0")
    headers = mail.content.split(b"\r\n\r\n")[0]
    names = [line.split(b":")[0] for line in headers.split(b"\r\n") if not line[:1].isspace()]
    assert names == [
        b"From",
        b"To",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"Auto-Submitted",
        b"MIME-Version",
        b"Content-Type",
    ]
