"""The way to a mail server (RFC 5321), with TLS and a login."""

import asyncio
import os
import smtplib
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.domain.errors import DependencyUnavailable
from core.domain.mail import MailMessage, MailRefused
from core.domain.ports.clock import Clock
from core.mail.composition import ComposedMail, Sender, compose

DEPENDENCY = "smtp"
"""How errors and metrics call this dependency."""

_READY = 220
_SERVICE_CLOSING = 421
"""The server is about to go; says nothing about the mail (RFC 5321 section 4.2.3)."""


class SmtpSecurity(StrEnum):
    """How the connection is protected. There is no falling back to less."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpLogin:
    """Who may hand mail to the server."""

    username: str
    password: str = field(repr=False)


LoginSource = Callable[[], Awaitable[SmtpLogin | None]]
"""Asked before every mail; None where the server asks for no login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """Where the server is, and how long to wait for it; `ca_file` None trusts what the OS does."""

    host: str
    port: int
    security: SmtpSecurity
    ca_file: Path | None = None
    step_timeout_seconds: float = 10.0
    """Longest wait for one answer of the server."""
    total_timeout_seconds: float = 30.0
    """Longest time for one mail; then the connection is cut."""


class SmtpTransport:
    """Implements the port MailTransport: a connection for each mail."""

    def __init__(
        self, options: SmtpOptions, login_source: LoginSource, sender: Sender, clock: Clock
    ) -> None:
        """Take where the server is, whom to log in as, and whom mail is from.

        Raises:
            OSError: there is no such file with certificates, or it holds none.
        """
        self._options = options
        self._login_source = login_source
        self._sender = sender
        self._clock = clock
        self._tls = ssl.create_default_context(cafile=options.ca_file)

    async def send(self, message: MailMessage) -> None:
        """Return when the server has taken the mail."""
        mail = compose(message, self._sender, at=self._clock.now())
        login = await self._login_source()
        conversation = _Conversation(self._options, self._tls, self._sender.domain)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._options.total_timeout_seconds, conversation.cut)
        try:
            await asyncio.to_thread(conversation.hold, mail, login)
        finally:
            timer.cancel()
            # A caller that does not wait any more leaves nobody to talk to.
            conversation.cut()


class _Client(smtplib.SMTP):
    """The library's client, told apart from connecting: it can be cut off from the first byte."""

    def __init__(self, options: SmtpOptions, tls: ssl.SSLContext, own_name: str) -> None:
        super().__init__(local_hostname=own_name, timeout=options.step_timeout_seconds)
        self._host = options.host  # the name that `starttls` asks the certificate for
        self._tls = tls if options.security is SmtpSecurity.TLS else None

    def greet(self, port: int) -> None:
        """Connect and hear the greeting.

        Raises:
            SMTPConnectError: the server does not welcome us.
        """
        code, words = self.connect(self._host, port)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, words)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        if self._tls is None:
            return plain
        self.sock = wrapped = self._tls.wrap_socket(
            plain, server_hostname=host, do_handshake_on_connect=False
        )
        wrapped.do_handshake()
        return wrapped


class _Conversation:
    """One connection, from greeting to farewell; blocking, so it is held in a thread."""

    def __init__(self, options: SmtpOptions, tls: ssl.SSLContext, own_name: str) -> None:
        self._options = options
        self._tls = tls
        self._smtp = _Client(options, tls, own_name)

    def hold(self, mail: ComposedMail, login: SmtpLogin | None) -> None:
        """Hand over one mail; raises as `SmtpTransport.send`."""
        smtp = self._smtp
        try:
            smtp.greet(self._options.port)
            self._enter(smtp, login)
            if mail.needs_utf8 and not smtp.has_extn("smtputf8"):
                raise MailRefused("address_needs_smtputf8")
            extensions = ("SMTPUTF8", "BODY=8BITMIME") if mail.needs_utf8 else ()
            smtp.sendmail(mail.sender, mail.recipient, mail.content, extensions)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # The server's words go no further: they may quote the address.
            raise _translated(error) from None
        finally:
            self._leave()

    def cut(self) -> None:
        """Break the connection off, from another thread; whoever waits on it fails at once."""
        sock = self._smtp.sock
        # It may be closed at this very moment.
        with suppress(OSError):
            if sock is not None:
                with socket.socket(fileno=os.dup(sock.fileno())) as shared:
                    shared.shutdown(socket.SHUT_RDWR)

    def _enter(self, smtp: smtplib.SMTP, login: SmtpLogin | None) -> None:
        if self._options.security is SmtpSecurity.STARTTLS:
            smtp.starttls(context=self._tls)
        smtp.ehlo_or_helo_if_needed()
        if login is None:
            return
        if self._options.security is SmtpSecurity.NONE:
            raise DependencyUnavailable(DEPENDENCY, detail="login_without_tls")
        smtp.login(login.username, login.password)

    def _leave(self) -> None:
        """Say farewell; what the server has taken it keeps, whether it answers or not."""
        with suppress(smtplib.SMTPException, OSError):
            self._smtp.quit()
        self._smtp.close()


def _translated(error: Exception) -> Exception:
    """Tell a refusal of this mail from whatever keeps all mail back."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(code for code, _ in error.recipients.values())
        return _refusal(code)
    if isinstance(error, smtplib.SMTPDataError):
        return _refusal(error.smtp_code)
    detail = type(error).__name__
    if isinstance(error, smtplib.SMTPResponseException):
        detail = f"{detail}_{error.smtp_code}"
    return DependencyUnavailable(DEPENDENCY, detail=detail)


def _refusal(code: int) -> Exception:
    if code == _SERVICE_CLOSING:
        return DependencyUnavailable(DEPENDENCY, detail=f"smtp_{code}")
    return MailRefused(f"smtp_{code}")
