"""The sender: carries mail from the outbox to a mail server. Any number of replicas may run.

What is promised, and what keeps the promise:

- Nothing is lost: a mail is marked only after a server has taken it. A sender that dies in between
  leaves a mail that is sent twice, with the same Message-ID.
- Nobody's mail waits behind another's: each is claimed alone, and no transaction is open while a
  server takes its time.
- Nothing dead is sent: address and token are looked at when it is sent, not when it was written.
- Nothing goes on for ever: a mail that servers refuse is given up after so many refusals; while no
  server can be reached nothing is counted, and a mail ends with its token or with its age.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.domain.backoff import Backoff, BackoffPolicy
from core.domain.errors import DependencyUnavailable
from core.domain.mail import MailMessage, MailRefused, WaitingMail
from core.domain.ports.clock import Clock
from core.domain.ports.crypto import OneTimeTokenMint
from core.domain.ports.mail import MailQueue, MailTransport
from core.mail.letters import Letters
from core.mail.sender_metrics import SenderMetrics

_log = structlog.get_logger(__name__)

_OUTAGE = BackoffPolicy(initial_seconds=0.5, max_seconds=15.0)

_DEFECT = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderPolicy:
    """How long the sender waits for what, in seconds, and when it gives up."""

    poll_interval_seconds: float
    claim_seconds: float
    """After this long a sender that says nothing is taken for dead."""
    max_refusals: int
    max_age_seconds: float
    """A mail without a token ends at this age; one with a token ends with it."""
    retry: BackoffPolicy
    """Between two attempts at one mail that was refused."""
    outage: BackoffPolicy = _OUTAGE
    """Between two attempts at anything while nothing can be sent."""


class MailSender:
    """Sends one mail after the other until it is told to stop; no outage ends it."""

    def __init__(
        self,
        *,
        queue: MailQueue,
        transport: MailTransport,
        tokens: OneTimeTokenMint,
        letters: Letters,
        policy: SenderPolicy,
        metrics: SenderMetrics,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """Take what it works on; `random` answers from 0 to 1."""
        self._queue = queue
        self._transport = transport
        self._tokens = tokens
        self._letters = letters
        self._policy = policy
        self._metrics = metrics
        self._clock = clock
        self._random = random
        self._backoff = Backoff(policy.outage, random)

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until `stopping` is set; a mail that has begun is finished first."""
        while not stopping.is_set():
            pause_seconds = await self._turn()
            if pause_seconds:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause_seconds)

    async def send_next(self) -> bool:
        """Deal with the mail whose turn it is; return False where none is due.

        Raises:
            DependencyUnavailable: the outbox or every mail server is out of reach.
        """
        now = self._clock.now()
        claim_end = now + timedelta(seconds=self._policy.claim_seconds)
        mail = await self._queue.claim(now=now, until=claim_end)
        if mail is None:
            return False
        obstacle = self._obstacle(mail, now)
        if obstacle is not None:
            await self._abandon(mail, obstacle, refused=False)
            return True
        try:
            await self._transport.send(self._message(mail))
        except MailRefused as refusal:
            await self._refused(mail, refusal.cause)
        except DependencyUnavailable as outage:
            await self._postpone(mail, outage.detail or outage.dependency)
            raise
        except Exception:  # noqa: BLE001 - it is logged, counted, and given up in the end
            _log.exception("a mail failed for an unknown reason", mail_id=str(mail.id))
            await self._refused(mail, _DEFECT)
        else:
            await self._sent(mail)
        return True

    async def _turn(self) -> float:
        """Deal with one mail; return how many seconds to wait before the next."""
        try:
            found = await self.send_next()
        except DependencyUnavailable as outage:
            return self._failed(outage.dependency, detail=outage.detail)
        except Exception:  # noqa: BLE001 - a sender that has died helps nobody
            _log.exception("mail cannot be sent for an unknown reason")
            return self._failed(_DEFECT, detail=None)
        self._backoff.reset()
        return 0.0 if found else self._policy.poll_interval_seconds

    def _obstacle(self, mail: WaitingMail, now: datetime) -> str | None:
        """Return why a mail is not worth sending any more, or None."""
        if mail.address is None:
            return "account_deleted"
        token = mail.token
        if token is None:
            end = mail.created_at + timedelta(seconds=self._policy.max_age_seconds)
            return "too_old" if now >= end else None
        if token.used_at is not None:
            return "token_used"
        if token.superseded_at is not None:
            return "token_superseded"
        return None if token.serves(token.purpose, now) else "token_expired"

    def _message(self, mail: WaitingMail) -> MailMessage:
        """Return the mail with its words.

        Raises:
            MailRefused: the token was derived with a key that is not known here, or not yet.
        """
        if mail.token is None:
            return self._letters.write(mail, token_text=None)
        token = mail.token
        token_text = self._tokens.recover(token.id, token.purpose, token.digest)
        if token_text is None:
            raise MailRefused("token_key_unknown")
        return self._letters.write(mail, token_text=token_text)

    async def _sent(self, mail: WaitingMail) -> None:
        now = self._clock.now()
        await self._queue.mark_sent(mail.id, at=now)
        lag_seconds = max(0.0, (now - mail.created_at).total_seconds())
        self._metrics.sent(mail.template, lag_seconds)
        _log.info("mail sent", mail_id=str(mail.id), template=mail.template.value)

    async def _refused(self, mail: WaitingMail, cause: str) -> None:
        if mail.refusals + 1 >= self._policy.max_refusals:
            await self._abandon(mail, cause, refused=True)
            return
        delay_seconds = self._policy.retry.delay_seconds(mail.refusals, self._random())
        until = self._clock.now() + timedelta(seconds=delay_seconds)
        await self._queue.postpone(mail.id, cause=cause, until=until, refused=True)
        self._metrics.refused(cause)
        _log.warning(
            "mail refused", mail_id=str(mail.id), cause=cause, retry_in_seconds=delay_seconds
        )

    async def _abandon(self, mail: WaitingMail, cause: str, *, refused: bool) -> None:
        await self._queue.abandon(mail.id, cause=cause, at=self._clock.now(), refused=refused)
        self._metrics.abandoned(cause)
        _log.warning("mail abandoned", mail_id=str(mail.id), cause=cause)

    async def _postpone(self, mail: WaitingMail, cause: str) -> None:
        """Let a mail wait that nobody has refused; others may be tried before it."""
        delay_seconds = self._policy.outage.delay_seconds(0, self._random())
        until = self._clock.now() + timedelta(seconds=delay_seconds)
        await self._queue.postpone(mail.id, cause=cause, until=until, refused=False)

    def _failed(self, cause: str, *, detail: str | None) -> float:
        pause_seconds = self._backoff.next_delay_seconds()
        self._metrics.failed(cause)
        _log.warning(
            "mail waits in the outbox", cause=cause, detail=detail, retry_in_seconds=pause_seconds
        )
        return pause_seconds
