"""Reads what a mail server of devstack has taken, and runs such servers with other doors."""

import asyncio
import email
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from devstack.ports import HOST, free_port
from devstack.smtp import SmtpDoor, SmtpServer

DEADLINE_SECONDS = 30.0
USERNAME, PASSWORD = "pandora", "a mail server's password"


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """The mails that a server has taken for one address."""

    folder: Path
    address: str

    def mails(self) -> Sequence[EmailMessage]:
        """Return them in the order of their arrival."""
        read = [_read(file) for file in sorted(self.folder.glob("*.eml"))]
        return [mail for mail in read if mail["X-Envelope-To"] == self.address]

    async def next_mail(self, after: int = 0) -> EmailMessage:
        """Wait for one more mail than `after`, and return it."""
        await until(lambda: len(self.mails()) > after)
        return self.mails()[after]


def plain_text(mail: EmailMessage) -> str:
    """Return the text part."""
    body = mail.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    content: str = body.get_content()
    return content


def html_text(mail: EmailMessage) -> str:
    """Return the HTML part."""
    body = mail.get_body(("html",))
    assert isinstance(body, EmailMessage)
    content: str = body.get_content()
    return content


def token_in(mail: EmailMessage) -> str:
    """Return the token that a mail carries."""
    (link,) = [line.strip() for line in plain_text(mail).splitlines() if "#token=" in line]
    return link.partition("#token=")[2]


async def until(condition: Callable[[], bool]) -> None:
    """Return once a condition on another process or task holds."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - it lies in files and in another process
            await asyncio.sleep(0.02)


@contextmanager
def mail_server(folder: Path, door: SmtpDoor | None = None) -> Iterator[SmtpServer]:
    """Run a server of one's own, to be stopped, killed and paused at will."""
    server = SmtpServer(folder, free_port(), door=door or SmtpDoor())
    server.start()
    try:
        server.await_ready()
        yield server
    finally:
        server.remove()


def locked_door(folder: Path, *, username: str = USERNAME, password: str = PASSWORD) -> SmtpDoor:
    """Make a certificate for the loopback address, and ask for a login."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = {name: folder / name for name in ("certificate.pem", "key.pem", "login")}
    files["certificate.pem"].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files["key.pem"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files["login"].write_text(f"{username}:{password}")
    return SmtpDoor(
        certificate=files["certificate.pem"], private_key=files["key.pem"], login=files["login"]
    )


def _read(file: Path) -> EmailMessage:
    mail = email.message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail
