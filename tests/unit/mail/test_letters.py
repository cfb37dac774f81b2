"""What people read."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from uuid import UUID

import pytest

from core.domain.mail import MailTemplate, WaitingMail
from core.domain.one_time_token import OneTimeToken, TokenPurpose
from core.mail.letters import Letters

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TOKEN = "pot_" + "A" * 60 + "_-9z"
WITH_TOKEN = {
    MailTemplate.WELCOME: ("verify-email", TokenPurpose.EMAIL_VERIFICATION),
    MailTemplate.EMAIL_VERIFICATION: ("verify-email", TokenPurpose.EMAIL_VERIFICATION),
    MailTemplate.PASSWORD_RESET: ("reset-password", TokenPurpose.PASSWORD_RESET),
}
WITHOUT_TOKEN = {
    MailTemplate.PASSWORD_CHANGED: "forgot-password",
    MailTemplate.ACCOUNT_EXISTS: "forgot-password",
}


def waiting(template: MailTemplate) -> WaitingMail:
    kind = WITH_TOKEN.get(template)
    token = kind and OneTimeToken(
        id=UUID(int=2),
        digest="0" * 64,
        purpose=kind[1],
        user_id=UUID(int=3),
        created_at=NOON,
        expires_at=datetime(2026, 3, 14, 12, 30, 59, tzinfo=UTC),
    )
    return WaitingMail(
        id=UUID(int=1),
        template=template,
        created_at=NOON,
        refusals=0,
        address="Ada@example.com",
        token=token or None,
    )


class Links(HTMLParser):
    """Collects where a page leads to, and what it loads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.targets.extend(value or "" for name, value in attrs if name == "href")
        self.loads.extend(value or "" for name, value in attrs if name in {"src", "background"})

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def letters(base: str = "https://app.test.pandora.exchange", name: str = "Pandora Test") -> Letters:
    return Letters.load(service=name, link_base_url=base)


def test_every_mail_is_either_with_or_without_a_token() -> None:
    assert WITH_TOKEN.keys() | WITHOUT_TOKEN.keys() == set(MailTemplate)


@pytest.mark.parametrize("template", WITH_TOKEN)
def test_a_mail_leads_to_its_page_with_the_token_in_the_fragment(template: MailTemplate) -> None:
    message = letters().write(waiting(template), token_text=TOKEN)
    link = f"https://app.test.pandora.exchange/{WITH_TOKEN[template][0]}#token={TOKEN}"
    assert f"\n    {link}\n" in message.text
    assert f"\n    {TOKEN}\n" in message.text
    page = Links(message.html)
    assert page.targets == [link]
    assert link in page.words
    assert TOKEN in page.words


@pytest.mark.parametrize("template", WITH_TOKEN)
def test_a_mail_says_until_when_its_link_works(template: MailTemplate) -> None:
    message = letters().write(waiting(template), token_text=TOKEN)
    assert "until 2026-03-14 12:30 UTC" in re.sub(r"\s+", " ", message.text)
    assert "until 2026-03-14 12:30 UTC" in message.html


@pytest.mark.parametrize("template", WITHOUT_TOKEN)
def test_a_mail_without_a_token_leads_to_a_page(template: MailTemplate) -> None:
    message = letters().write(waiting(template), token_text=None)
    link = f"https://app.test.pandora.exchange/{WITHOUT_TOKEN[template]}"
    assert f"\n    {link}\n" in message.text
    assert Links(message.html).targets == [link]


@pytest.mark.parametrize("template", MailTemplate)
def test_every_mail_names_the_platform_and_leaves_no_gap(template: MailTemplate) -> None:
    message = letters().write(waiting(template), token_text=TOKEN)
    assert (message.id, message.address) == (UUID(int=1), "Ada@example.com")
    assert "Pandora Test" in message.subject
    assert "\n" not in message.subject
    for words in (message.subject, message.text, message.html):
        assert "$" not in words
    assert all(len(line) < 200 for line in message.text.splitlines())


@pytest.mark.parametrize("template", MailTemplate)
def test_a_mail_loads_nothing_and_names_nobody(template: MailTemplate) -> None:
    message = letters().write(waiting(template), token_text=TOKEN)
    assert Links(message.html).loads == []
    assert "Ada" not in message.text + message.html + message.subject


@pytest.mark.parametrize("template", MailTemplate)
def test_what_html_would_read_as_markup_is_escaped(template: MailTemplate) -> None:
    message = letters(name='<b>"A&B"</b>').write(waiting(template), token_text='"><script>')
    assert "<b>" not in message.html
    assert "<script>" not in message.html
    assert '<b>"A&B"</b>' in message.subject


def test_a_slash_at_the_end_of_the_web_sites_address_does_no_harm() -> None:
    message = letters("https://app.example/").write(
        waiting(MailTemplate.PASSWORD_RESET), token_text=TOKEN
    )
    assert "https://app.example/reset-password#" in message.text


def test_dollars_in_a_value_are_no_placeholders() -> None:
    message = letters(name="$link").write(waiting(MailTemplate.WELCOME), token_text=TOKEN)
    assert message.subject.startswith("Welcome to $link")
