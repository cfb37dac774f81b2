"""People in a real database, a real mail server, and senders between them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import psycopg

from core.crypto.identifiers import MonotonicUuid7
from core.crypto.one_time_tokens import DerivedOneTimeTokens
from core.domain.backoff import BackoffPolicy
from core.domain.caller import Caller, Origin
from core.domain.mail import MailTemplate
from core.domain.one_time_token import OneTimeTokenLifetimes, TokenPurpose
from core.domain.user import NewUser, Role, User
from core.mail.composition import Sender
from core.mail.letters import Letters
from core.mail.sender import MailSender, SenderPolicy
from core.mail.smtp import SmtpLogin, SmtpOptions, SmtpSecurity, SmtpTransport
from core.observability.clock import SystemClock
from core.postgres.database import PostgresDatabase
from core.service.mailing import Mailing
from core.service.recording import Recorder
from devstack.ports import HOST
from devstack.smtp import SmtpServer
from tests.integration.mailbox import (
    Mailbox,
)
from tests.unit.mail.mail_scene import RecordingSenderMetrics

CLOCK = SystemClock()
IDS = MonotonicUuid7(clock=CLOCK)
KEY = bytes(range(32))
TOKENS = DerivedOneTimeTokens([KEY])
MAILING = Mailing(
    tokens=TOKENS,
    lifetimes=OneTimeTokenLifetimes(password_reset_seconds=1800, email_verification_seconds=86400),
    ids=IDS,
)
NOBODY = Caller(origin=Origin(request_id="request-1", trace_id="0" * 32))
POLICY = SenderPolicy(
    poll_interval_seconds=0.02,
    claim_seconds=60,
    max_refusals=3,
    max_age_seconds=3600,
    retry=BackoffPolicy(initial_seconds=0.05, max_seconds=0.1),
    outage=BackoffPolicy(initial_seconds=0.05, max_seconds=0.2),
)


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What a mail's row says."""

    sent: bool
    abandoned: bool
    attempts: int
    last_error: str | None


class Post:
    """A database with people, a mail server, and senders between them."""

    def __init__(self, database: PostgresDatabase, dsn: str, server: SmtpServer) -> None:
        self.database = database
        self.server = server
        self.metrics = RecordingSenderMetrics(lambda: None)
        self._dsn = dsn

    def box(self, user: User) -> Mailbox:
        return Mailbox(folder=self.server.mail_folder, address=user.email)

    async def person(self, domain: str = "example.com") -> User:
        address = f"ada.{uuid.uuid4().hex}@{domain}"
        async with self.database.transaction() as unit:
            user = await unit.users.create(
                NewUser(
                    id=IDS.new_id(),
                    email=address,
                    email_key=address,
                    full_name=None,
                    hashed_password="$",
                    role=Role.USER,
                    created_at=CLOCK.now(),
                )
            )
            await unit.commit()
        return user

    async def write(self, user: User, template: MailTemplate = MailTemplate.PASSWORD_RESET) -> None:
        """Write a mail with a token, as a use case does."""
        purpose = (
            TokenPurpose.PASSWORD_RESET
            if template is MailTemplate.PASSWORD_RESET
            else TokenPurpose.EMAIL_VERIFICATION
        )
        async with self.database.transaction() as unit:
            await unit.users.lock(user.id)
            record = Recorder(clock=CLOCK, ids=IDS).begin(unit, NOBODY)
            await MAILING.send_token(record, user.id, purpose, template)
            await unit.commit()

    def sender(self, policy: SenderPolicy = POLICY, *, key: bytes = KEY) -> MailSender:
        async def no_login() -> SmtpLogin | None:
            return None

        options = SmtpOptions(host=HOST, port=self.server.port, security=SmtpSecurity.NONE)
        return MailSender(
            queue=self.database.mail_queue(),
            transport=SmtpTransport(
                replace(options, step_timeout_seconds=1.0),
                no_login,
                Sender(name="Pandora Exchange", address="no-reply@test.pandora.exchange"),
                CLOCK,
            ),
            tokens=DerivedOneTimeTokens([key]),
            letters=Letters.load(
                service="Pandora Exchange", link_base_url="https://app.test.pandora.exchange"
            ),
            policy=policy,
            metrics=self.metrics,
            clock=CLOCK,
            random=lambda: 0.5,
        )

    @asynccontextmanager
    async def sending(self, *senders: MailSender) -> AsyncIterator[None]:
        """Run senders until the block ends."""
        stopping = asyncio.Event()
        running = [asyncio.create_task(sender.run(stopping)) for sender in senders]
        try:
            yield
        finally:
            stopping.set()
            await asyncio.gather(*running)

    def fates(self) -> Sequence[Fate]:
        """Return what every row says, the oldest first."""
        with psycopg.connect(self._dsn) as connection:
            rows = connection.execute(
                "SELECT sent_at IS NOT NULL, abandoned_at IS NOT NULL, attempts, last_error"
                " FROM mail_outbox ORDER BY id"
            ).fetchall()
        return [
            Fate(sent=sent, abandoned=abandoned, attempts=attempts, last_error=last_error)
            for sent, abandoned, attempts, last_error in rows
        ]

    def all_done(self) -> bool:
        return all(fate.sent or fate.abandoned for fate in self.fates())

    def stored_text(self) -> str:
        """Return everything that is stored of mails and tokens."""
        with psycopg.connect(self._dsn) as connection:
            rows = connection.execute(
                "SELECT mail_outbox::text FROM mail_outbox"
                " UNION ALL SELECT one_time_tokens::text FROM one_time_tokens"
            ).fetchall()
        return "\n".join(text for (text,) in rows)
