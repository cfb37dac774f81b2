"""The mail server's process: `python -m devstack.smtp_program --port PORT --folder FOLDER`.

Mail to `…@refused.example` is refused for good (550) and to `…@busy.example` for now (451), so that
both can be tried out.
"""

import argparse
import asyncio
import hmac
import itertools
import signal
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as WIRE
from pathlib import Path
from typing import Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from devstack.ports import HOST

_ANSWERS: Final = {
    "refused.example": "550 5.1.1 nobody here has this address",
    "busy.example": "451 4.3.2 come back later",
}


class Keeper:
    """Takes mail and puts each into a file; aiosmtpd calls the hooks by their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, unless the domain stands for a refusal."""
        del server, session
        answer = _ANSWERS.get(address.rpartition("@")[2].lower())
        if answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail, with its envelope in headers of its own."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "554 5.6.0 no content"
        mail = BytesParser(policy=WIRE).parsebytes(content)
        mail["X-Envelope-From"] = str(envelope.mail_from)
        mail["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        mail["X-Session"] = " ".join(
            word
            for word, holds in (("tls", _is_encrypted(server)), ("login", session.authenticated))
            if holds
        )
        self._keep(mail)
        return "250 2.0.0 OK"

    def _keep(self, mail: EmailMessage) -> None:
        """Put a mail into place in one step; names sort by arrival."""
        name = f"{time.time_ns()}-{next(self._numbers):06}"
        draft = self._folder / f".{name}"
        draft.write_bytes(mail.as_bytes(policy=WIRE.clone(utf8=True)))
        draft.chmod(0o600)
        draft.rename(self._folder / f"{name}.eml")


def _is_encrypted(server: SMTP) -> bool:
    transport = server.transport
    return transport is not None and transport.get_extra_info("sslcontext") is not None


def _authenticator(login: Path) -> Callable[..., AuthResult]:
    expected = login.read_bytes().strip()

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        presented = data.login + b":" + data.password
        return AuthResult(success=hmac.compare_digest(presented, expected), handled=False)

    return authenticate


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM."""
    tls = None
    if options.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate, options.private_key)
    keeper = Keeper(options.folder)
    authenticator = _authenticator(options.login) if options.login else None

    def protocol() -> SMTP:
        return SMTP(
            keeper,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=None if options.implicit_tls else tls,
            # The server does not see that TLS lies around it, and would refuse logins.
            auth_require_tls=not options.implicit_tls,
            authenticator=authenticator,
            auth_required=authenticator is not None,
            loop=asyncio.get_running_loop(),
        )

    loop = asyncio.get_running_loop()
    around = tls if options.implicit_tls else None
    server = await loop.create_server(protocol, HOST, options.port, ssl=around)
    stopping = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    async with server:
        await stopping.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devstack.smtp_program")
    parser.add_argument("--port", type=int, required=True)
    for name in ("--folder", "--certificate", "--private-key", "--login"):
        parser.add_argument(name, type=Path, required=name == "--folder")
    parser.add_argument("--implicit-tls", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(serve(_options()))
