"""A sender with everything around it in memory."""

import asyncio
from collections import Counter
from collections.abc import Callable

from core.domain.backoff import BackoffPolicy
from core.domain.mail import MailTemplate
from core.domain.user import User
from core.mail.letters import Letters
from core.mail.sender import MailSender, SenderPolicy
from tests.fakes.mail import FakeMailTransport
from tests.fakes.tables import StoredMail
from tests.fakes.world import World

DEADLINE_SECONDS = 10.0
LINKS = "https://app.test.pandora.exchange"

POLICY = SenderPolicy(
    poll_interval_seconds=0.001,
    claim_seconds=70.0,
    max_refusals=3,
    max_age_seconds=24 * 3600,
    retry=BackoffPolicy(initial_seconds=15.0, max_seconds=900.0),
    outage=BackoffPolicy(initial_seconds=0.001, max_seconds=0.002),
)


class RecordingSenderMetrics:
    """Implements SenderMetrics; `on_change` is called after each report."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.lags_seconds: list[tuple[str, float]] = []
        self.refusals: Counter[str] = Counter()
        self.abandonments: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.backlogs: list[tuple[int, float]] = []
        self._on_change = on_change

    def sent(self, template: str, lag_seconds: float) -> None:
        self.lags_seconds.append((template, lag_seconds))
        self._on_change()

    def refused(self, cause: str) -> None:
        self.refusals[cause] += 1
        self._on_change()

    def abandoned(self, cause: str) -> None:
        self.abandonments[cause] += 1
        self._on_change()

    def failed(self, cause: str) -> None:
        self.failures[cause] += 1
        self._on_change()

    def backlog(self, count: int, oldest_age_seconds: float) -> None:
        self.backlogs.append((count, oldest_age_seconds))
        self._on_change()


class MailScene:
    """The service on fakes, a mail server, and a sender between them."""

    def __init__(self) -> None:
        self.world = World()
        self.queue = self.world.database.mail_queue()
        self.server = FakeMailTransport()
        self.changed = asyncio.Event()
        self.metrics = RecordingSenderMetrics(self.changed.set)
        self.sender = self.new_sender()

    def new_sender(self, policy: SenderPolicy = POLICY) -> MailSender:
        return MailSender(
            queue=self.queue,
            transport=self.server,
            tokens=self.world.one_time_tokens,
            letters=Letters.load(service="Pandora Test", link_base_url=LINKS),
            policy=policy,
            metrics=self.metrics,
            clock=self.world.clock,
            random=lambda: 1.0,
        )

    async def person(self, email: str = "ada@example.com") -> User:
        """Register somebody, whose mail is set aside."""
        user = await self.world.register(email)
        self.world.database.tables.mail.clear()
        return user

    async def ask_for_reset(self, email: str = "ada@example.com") -> None:
        await self.world.use_cases.password_reset.request(email=email, caller=self.world.nobody)

    async def send_all(self) -> int:
        """Deal with everything that is due; return how many mails that was."""
        number = 0
        while await self.sender.send_next():
            number += 1
        return number

    @property
    def only_row(self) -> StoredMail:
        """The one mail that there is."""
        (row,) = self.world.database.tables.mail.values()
        return row

    @property
    def taken(self) -> list[str]:
        """The addresses of what the mail server has taken, in order."""
        return [message.address for message in self.server.taken]

    def token(self) -> str:
        """The token of the newest mail that sets a password."""
        return self.world.mailed_token(MailTemplate.PASSWORD_RESET)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a state; the sender reports in every turn, so each turn looks again."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                self.changed.clear()
                await self.changed.wait()
