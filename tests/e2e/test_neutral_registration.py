"""Registration that tells nobody which addresses have accounts, and mail through TLS."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.people import (
    log_in,
    new_email,
    person_of,
    register,
)
from tests.e2e.rest import Rest, open_rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.integration.mailbox import (
    Mailbox,
    locked_door,
    mail_server,
    plain_text,
    token_in,
)
from tests.postgres_client import until
from tests.servers import Servers

pytestmark = pytest.mark.asyncio

NEW_PASSWORD = "another horse and another battery"


@dataclass(frozen=True, kw_only=True)
class Neutral:
    """A service that registers neutrally, and the mail that it sends."""

    service: Service
    mail_folder: Path

    async def only_mail(self, email: str, number: int = 1) -> EmailMessage:
        """Wait until so many mails have come to an address; return the last of them."""
        found = Mailbox(folder=self.mail_folder, address=email)

        async def arrived() -> bool:
            return len(found.mails()) >= number

        await until(arrived)
        assert len(found.mails()) == number
        return found.mails()[-1]


@pytest.fixture(scope="module")
def neutral(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neutral]:
    """It sends mail through TLS, with the login that Vault keeps."""
    folder = tmp_path_factory.mktemp("neutral")
    with new_site(servers, folder) as site:
        login = site.vault.read("smtp")
        assert login is not None
        door = locked_door(folder, **login)
        with mail_server(folder, door) as server:
            settings = {
                "PANDORA_ACCOUNTS__NEUTRAL_REGISTRATION": "true",
                "PANDORA_MAIL__SMTP_PORT": str(server.port),
                "PANDORA_MAIL__SMTP_SECURITY": "starttls",
                "PANDORA_MAIL__SMTP_CA_FILE": str(door.certificate),
                "PANDORA_MAIL__SMTP_AUTHENTICATION": "true",
            }
            needless = ("relay", "consumer", "sealer")
            with running_service(replace(site, settings=settings), without=needless) as service:
                yield Neutral(service=service, mail_folder=server.mail_folder)


@pytest_asyncio.fixture
async def neutral_rest(neutral: Neutral) -> AsyncIterator[Rest]:
    async with open_rest(neutral.service) as rest:
        yield rest


async def test_in_the_neutral_mode_the_mail_alone_tells_whether_there_is_a_new_account(
    neutral: Neutral, neutral_rest: Rest
) -> None:
    email = new_email()
    first = await register(neutral_rest, email)
    welcome = await neutral.only_mail(email)
    second = await register(neutral_rest, email.upper(), password=NEW_PASSWORD)
    exists = await neutral.only_mail(email, 2)

    assert (first.status, first.json) == (201, {})
    assert (second.status, second.body) == (first.status, first.body)
    assert {name.lower() for name in second.headers} == {name.lower() for name in first.headers}
    assert "Welcome" in welcome["Subject"]
    assert "already" in exists["Subject"]
    assert "#token=" not in plain_text(exists)
    assert welcome["X-Session"] == "tls login"

    person = person_of(await log_in(neutral_rest, email))
    assert (await log_in(neutral_rest, email, NEW_PASSWORD)).reason == "INVALID_CREDENTIALS"
    confirmed = await neutral_rest.post(
        "/v1/auth/email-verification/confirm", {"token": token_in(welcome)}
    )
    assert confirmed.json["user"]["id"] == person.id


async def test_in_the_neutral_mode_bad_requests_are_still_told_what_is_wrong(
    neutral_rest: Rest,
) -> None:
    weak = await register(neutral_rest, new_email(), password="short")
    assert (weak.status, weak.reason) == (400, "PASSWORD_TOO_WEAK")
    shapeless = await register(neutral_rest, "no address")
    assert (shapeless.status, shapeless.reason) == (400, "VALIDATION_FAILED")
