"""The way to a real mail server: TLS, logins, refusals, and servers that do not answer."""

import asyncio
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.errors import DependencyUnavailable
from core.domain.mail import MailMessage, MailRefused
from core.mail.composition import Sender
from core.mail.smtp import SmtpLogin, SmtpOptions, SmtpSecurity, SmtpTransport
from core.observability.clock import SystemClock
from devstack.ports import HOST, free_port
from devstack.smtp import SmtpServer
from devstack.stack import Stack
from tests.integration.mailbox import (
    PASSWORD,
    USERNAME,
    Mailbox,
    html_text,
    locked_door,
    mail_server,
    plain_text,
)

SENDER = Sender(name="Pandora Exchange", address="no-reply@test.pandora.exchange")
LOGIN = SmtpLogin(username=USERNAME, password=PASSWORD)


def message(address: str) -> MailMessage:
    return MailMessage(
        id=uuid.uuid4(),
        address=address,
        subject="Grüße",
        text="A line with wörds.\n.\nA dot alone ends nothing.\n",
        html="<p>A line with wörds.</p>\n",
    )


def options(port: int, security: SmtpSecurity = SmtpSecurity.NONE) -> SmtpOptions:
    return SmtpOptions(
        host=HOST, port=port, security=security, step_timeout_seconds=5, total_timeout_seconds=10
    )


def transport(how: SmtpOptions, login: SmtpLogin | None = None) -> SmtpTransport:
    async def source() -> SmtpLogin | None:
        return login

    return SmtpTransport(how, source, SENDER, SystemClock())


def new_address(domain: str = "example.com") -> str:
    return f"ada.{uuid.uuid4().hex}@{domain}"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmtpServer, Path]]:
    """A server that asks for TLS and a login, and the certificate that vouches for it."""
    folder = tmp_path_factory.mktemp("locked")
    door = locked_door(folder)
    assert door.certificate is not None
    with mail_server(folder, door) as server:
        yield server, door.certificate


async def test_a_mail_arrives_as_it_was_written(stack: Stack) -> None:
    address = new_address()
    sent = message(address)
    await transport(options(stack.smtp.port)).send(sent)
    (mail,) = Mailbox(folder=stack.smtp.mail_folder, address=address).mails()
    assert mail["X-Envelope-From"] == SENDER.address
    assert mail["To"] == address
    assert mail["Subject"] == "Grüße"
    assert mail["Message-ID"] == f"<{sent.id}@test.pandora.exchange>"
    assert plain_text(mail).replace("\r\n", "\n") == sent.text
    assert html_text(mail).replace("\r\n", "\n") == sent.html


async def test_an_address_in_any_script_is_reached(stack: Stack) -> None:
    address = f"józef.{uuid.uuid4().hex}@bücher.example"
    await transport(options(stack.smtp.port)).send(message(address))
    arrived = address.replace("bücher", "xn--bcher-kva")
    assert len(Mailbox(folder=stack.smtp.mail_folder, address=arrived).mails()) == 1


async def test_many_mails_are_sent_side_by_side(stack: Stack) -> None:
    way, addresses = transport(options(stack.smtp.port)), [new_address() for _ in range(10)]
    await asyncio.gather(*(way.send(message(address)) for address in addresses))
    for address in addresses:
        assert len(Mailbox(folder=stack.smtp.mail_folder, address=address).mails()) == 1


@pytest.mark.parametrize(
    ("domain", "cause"), [("refused.example", "smtp_550"), ("busy.example", "smtp_451")]
)
async def test_a_refusal_of_one_mail_is_named_by_its_code(
    stack: Stack, domain: str, cause: str
) -> None:
    address = new_address(domain)
    with pytest.raises(MailRefused) as refusal:
        await transport(options(stack.smtp.port)).send(message(address))
    assert refusal.value.cause == cause
    assert refusal.value.__suppress_context__
    assert "nobody here" not in str(refusal.value)


async def test_a_connection_turns_to_tls_before_the_password_is_said(
    locked: tuple[SmtpServer, Path],
) -> None:
    server, certificate = locked
    address = new_address()
    how = replace(options(server.port, SmtpSecurity.STARTTLS), ca_file=certificate)
    await transport(how, LOGIN).send(message(address))
    (mail,) = Mailbox(folder=server.mail_folder, address=address).mails()
    assert mail["X-Session"] == "tls login"


async def test_a_connection_can_begin_with_tls(tmp_path: Path) -> None:
    door = replace(locked_door(tmp_path), implicit_tls=True)
    address = new_address()
    with mail_server(tmp_path, door) as server:
        how = replace(options(server.port, SmtpSecurity.TLS), ca_file=door.certificate)
        await transport(how, LOGIN).send(message(address))
        (mail,) = Mailbox(folder=server.mail_folder, address=address).mails()
        untrusting = options(server.port, SmtpSecurity.TLS)
        with pytest.raises(DependencyUnavailable) as outage:
            await transport(untrusting, LOGIN).send(message(address))
    assert mail["X-Session"] == "tls login"
    assert outage.value.detail == "SSLCertVerificationError"


async def test_a_server_that_nobody_vouches_for_gets_no_mail(
    locked: tuple[SmtpServer, Path],
) -> None:
    server, _ = locked
    with pytest.raises(DependencyUnavailable) as outage:
        await transport(options(server.port, SmtpSecurity.STARTTLS), LOGIN).send(
            message(new_address())
        )
    assert outage.value.dependency == "smtp"
    assert outage.value.detail == "SSLCertVerificationError"


async def test_a_server_under_another_name_gets_no_mail(locked: tuple[SmtpServer, Path]) -> None:
    server, certificate = locked
    how = replace(
        options(server.port, SmtpSecurity.STARTTLS), ca_file=certificate, host="localhost"
    )
    with pytest.raises(DependencyUnavailable) as outage:
        await transport(how, LOGIN).send(message(new_address()))
    assert outage.value.detail == "SSLCertVerificationError"


@pytest.mark.parametrize("login", [LOGIN, None])
async def test_a_server_without_tls_gets_neither_mail_nor_password(
    stack: Stack, login: SmtpLogin | None
) -> None:
    address = new_address()
    with pytest.raises(DependencyUnavailable) as outage:
        await transport(options(stack.smtp.port, SmtpSecurity.STARTTLS), login).send(
            message(address)
        )
    assert outage.value.detail == "SMTPNotSupportedError"
    assert Mailbox(folder=stack.smtp.mail_folder, address=address).mails() == []


async def test_no_password_is_said_in_the_clear(stack: Stack) -> None:
    with pytest.raises(DependencyUnavailable) as outage:
        await transport(options(stack.smtp.port), LOGIN).send(message(new_address()))
    assert outage.value.detail == "login_without_tls"


async def test_a_wrong_login_keeps_all_mail_back_and_counts_against_none(
    locked: tuple[SmtpServer, Path],
) -> None:
    server, certificate = locked
    how = replace(options(server.port, SmtpSecurity.STARTTLS), ca_file=certificate)
    wrong = replace(LOGIN, password="wrong")
    with pytest.raises(DependencyUnavailable) as outage:
        await transport(how, wrong).send(message(new_address()))
    assert outage.value.detail == "SMTPAuthenticationError_535"


async def test_a_server_that_wants_a_login_keeps_all_mail_back_without_one(
    locked: tuple[SmtpServer, Path],
) -> None:
    server, certificate = locked
    how = replace(options(server.port, SmtpSecurity.STARTTLS), ca_file=certificate)
    with pytest.raises(DependencyUnavailable) as outage:
        await transport(how).send(message(new_address()))
    assert outage.value.detail == "SMTPSenderRefused_530"


async def test_nobody_at_the_port_is_an_outage() -> None:
    with pytest.raises(DependencyUnavailable) as outage:
        await transport(options(free_port())).send(message(new_address()))
    assert outage.value.detail == "ConnectionRefusedError"


async def test_a_server_that_freezes_is_not_waited_for(tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        server.pause()
        how = replace(options(server.port), step_timeout_seconds=0.3)
        async with asyncio.timeout(10):
            with pytest.raises(DependencyUnavailable) as outage:
                await transport(how).send(message(new_address()))
        server.resume()
    assert outage.value.detail == "SMTPServerDisconnected"


@contextmanager
def dripping_server() -> Iterator[int]:
    """A server that says one letter at a time, each in time, and never ends its greeting."""
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(0.05)
                while True:
                    try:
                        connection.sendall(b"2")
                        if not connection.recv(1):
                            return
                    except TimeoutError:
                        continue
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        yield port
        thread.join(10)
        assert not thread.is_alive()


async def test_a_server_that_drips_is_cut_off_in_the_end() -> None:
    with dripping_server() as port:
        how = replace(options(port), step_timeout_seconds=2.0, total_timeout_seconds=0.5)
        async with asyncio.timeout(10):
            with pytest.raises(DependencyUnavailable):
                await transport(how).send(message(new_address()))


async def test_a_sender_that_is_called_off_leaves_no_connection(tmp_path: Path) -> None:
    with mail_server(tmp_path) as server:
        way = transport(replace(options(server.port), step_timeout_seconds=60))
        server.pause()
        sending = asyncio.create_task(way.send(message(new_address())))
        await asyncio.sleep(0)
        sending.cancel()
        async with asyncio.timeout(10):
            with pytest.raises(asyncio.CancelledError):
                await sending
        server.resume()


def test_certificates_that_are_not_there_stop_the_start(tmp_path: Path) -> None:
    how = replace(options(25, SmtpSecurity.TLS), ca_file=tmp_path / "missing.pem")
    with pytest.raises(FileNotFoundError):
        transport(how)
