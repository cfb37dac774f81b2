"""A mail as mail servers carry it (RFC 5322, MIME)."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from core.domain.mail import MailMessage, MailRefused

_PLAIN = SMTP.clone(cte_type="7bit")
"""For any server: what is not ASCII is encoded, in headers and in bodies."""

_UTF8 = _PLAIN.clone(utf8=True)
"""For a server that knows RFC 6531: headers hold UTF-8, as an address in any script needs it."""


_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
"""What DNS knows (RFC 1123 section 2.1). The service accepts more, and may be lied to."""


_LONGEST_LINE = 998
"""In characters, without the line's end (RFC 5322 section 2.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who mail is from: the name that readers see, and the address that bounces go to."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What stands after the `@`."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedMail:
    """A mail and its envelope; `needs_utf8` asks for a server that knows RFC 6531."""

    sender: str
    recipient: str
    content: bytes
    needs_utf8: bool


def compose(message: MailMessage, sender: Sender, *, at: datetime) -> ComposedMail:
    """Return the mail with its headers; the text comes first, as the form of last resort.

    Raises:
        MailRefused: the domain of the address has no form that DNS knows.
    """
    recipient = _recipient(message.address)
    mail = EmailMessage(policy=_PLAIN)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = recipient
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(at)
    # The same on a repeat, so that whoever gets a mail twice can tell.
    mail["Message-ID"] = f"<{message.id}@{sender.domain}>"
    # Keeps out-of-office answers from being sent to us (RFC 3834 section 5).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte=_encoding(message.text))
    mail.add_alternative(message.html, subtype="html", cte=_encoding(message.html))
    needs_utf8 = not recipient.addr_spec.isascii()
    return ComposedMail(
        sender=sender.address,
        recipient=recipient.addr_spec,
        content=mail.as_bytes(policy=_UTF8 if needs_utf8 else _PLAIN),
        needs_utf8=needs_utf8,
    )


def _encoding(words: str) -> str | None:
    """Leave alone what every server takes as it is; None lets the library choose an encoding."""
    longest = max(map(len, words.splitlines()), default=0)
    return "7bit" if words.isascii() and longest <= _LONGEST_LINE else None


def _recipient(address: str) -> Address:
    """Return the address with its domain as DNS has it, and quoted where it needs quotes."""
    local_part, _, written = address.rpartition("@")
    try:
        domain = written.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not _HOST_NAME.fullmatch(domain):
        raise MailRefused("address_without_domain")
    return Address(username=local_part, domain=domain)
