"""The words of each mail, as plain text and as HTML.

A mail holds nothing that its reader wrote, not even their name: whoever registers somebody else's
address would otherwise write mail to them in our name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from string import Template
from types import MappingProxyType

from core.domain.mail import MailMessage, MailTemplate, WaitingMail

_SUBJECT = "Subject: "

_PAGES: Mapping[MailTemplate, str] = MappingProxyType(
    {
        MailTemplate.WELCOME: "verify-email",
        MailTemplate.EMAIL_VERIFICATION: "verify-email",
        MailTemplate.PASSWORD_RESET: "reset-password",
        MailTemplate.PASSWORD_CHANGED: "forgot-password",
        MailTemplate.ACCOUNT_EXISTS: "forgot-password",
    }
)
"""The page of the platform's web site that each mail leads to."""


@dataclass(frozen=True, slots=True)
class _Words:
    subject: Template
    text: Template
    html: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Writes mails for a platform called `service` whose web site is at `link_base_url`."""

    service: str
    link_base_url: str
    _words: Mapping[MailTemplate, _Words] = field(repr=False)

    @classmethod
    def load(cls, *, service: str, link_base_url: str) -> "Letters":
        """Read every template.

        Raises:
            ValueError: a template asks for a value that no mail has.
        """
        words = {template: _read(template) for template in MailTemplate}
        letters = cls(service=service, link_base_url=link_base_url.rstrip("/"), _words=words)
        for template in MailTemplate:
            letters._fill(template, token_text="", valid_until="")
        return letters

    def write(self, mail: WaitingMail, *, token_text: str | None) -> MailMessage:
        """Return the mail as its reader sees it; times are in UTC."""
        if mail.address is None:
            raise ValueError("nobody would read this mail")
        end = None if mail.token is None else mail.token.expires_at
        valid_until = "" if end is None else f"{end:%Y-%m-%d %H:%M} UTC"
        subject, text, html = self._fill(
            mail.template, token_text=token_text or "", valid_until=valid_until
        )
        return MailMessage(id=mail.id, address=mail.address, subject=subject, text=text, html=html)

    def _fill(
        self, template: MailTemplate, *, token_text: str, valid_until: str
    ) -> tuple[str, str, str]:
        words = self._words[template]
        values = {
            "service": self.service,
            "link": self._link(template, token_text),
            "token": token_text,
            "valid_until": valid_until,
        }
        try:
            return (
                words.subject.substitute(values),
                words.text.substitute(values),
                words.html.substitute({name: escape(value) for name, value in values.items()}),
            )
        except KeyError as missing:
            raise ValueError(f"the mail {template} asks for an unknown {missing}") from None

    def _link(self, template: MailTemplate, token_text: str) -> str:
        """Return the link; a token stands in its fragment, which no server and no log sees."""
        page = f"{self.link_base_url}/{_PAGES[template]}"
        return f"{page}#token={token_text}" if token_text else page


def _read(template: MailTemplate) -> _Words:
    folder = resources.files("core.mail").joinpath("templates")
    subject, _, text = folder.joinpath(f"{template}.txt").read_text("utf-8").partition("\n\n")
    html = folder.joinpath(f"{template}.html").read_text("utf-8")
    if not subject.startswith(_SUBJECT):
        raise ValueError(f"the mail {template} has no subject")
    return _Words(Template(subject.removeprefix(_SUBJECT)), Template(text), Template(html))
