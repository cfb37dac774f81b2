"""The way of a mail: written with the change that it tells of, sent afterwards."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.mail import MailMessage, NewMail, WaitingMail
from core.domain.ports.outbox_relay import Backlog


class MailOutbox(Protocol):
    """Mail as a use case sees it."""

    async def append(self, mail: NewMail) -> None:
        """Write one mail in the unit of work that it tells of.

        Where there is no such person nothing is written, by the same statement; see
        OneTimeTokenRepository.add.
        """
        ...


class MailQueue(Protocol):
    """Mail as the sender sees it. Any number of senders may work on one queue.

    Every change counts at once. All methods raise DependencyUnavailable when the storage is out
    of reach.
    """

    async def claim(self, *, now: datetime, until: datetime) -> WaitingMail | None:
        """Take the mail that has been due for longest, or None where none is due.

        Nobody else gets it before `until`; whoever has not said by then what became of it is
        taken for dead, and it is due again.
        """
        ...

    async def mark_sent(self, mail_id: UUID, *, at: datetime) -> None:
        """Record that a mail server has taken it."""
        ...

    async def postpone(self, mail_id: UUID, *, cause: str, until: datetime, refused: bool) -> None:
        """Record why it was not sent, and when to try again; `refused` counts as a refusal."""
        ...

    async def abandon(self, mail_id: UUID, *, cause: str, at: datetime, refused: bool) -> None:
        """Record that it will not be sent, and why; `refused` counts as the last refusal."""
        ...

    async def backlog(self) -> Backlog:
        """Count the mails that are still to be sent, cheaply enough to be asked often."""
        ...


class MailTransport(Protocol):
    """Hands mail to a mail server."""

    async def send(self, message: MailMessage) -> None:
        """Return when the server has taken the mail.

        Raises:
            MailRefused: the server refuses this mail, now or for good.
            DependencyUnavailable: no mail can be sent at present; whether the server has this one
                may be unknown.
        """
        ...
