"""One-time tokens and mail in memory: stored, waiting, and taken by a mail server."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.errors import DependencyUnavailable
from core.domain.mail import MailMessage, MailRefused, NewMail, WaitingMail
from core.domain.one_time_token import OneTimeToken, TokenPurpose
from core.domain.ports.outbox_relay import Backlog
from tests.fakes.scope import LockKey, Scope, user_row
from tests.fakes.tables import PortMisuse, StoredMail, Tables


class FakeOneTimeTokens:
    """Implements the port OneTimeTokenRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.one_time_tokens

    async def add(self, token: OneTimeToken) -> None:
        await self._scope.write("one_time_tokens.add", _token_row(token.id))
        if self._scope.view.users.get(token.user_id) is None:
            return
        if not self._scope.holds(user_row(token.user_id)):
            raise PortMisuse("a token is stored under the lock of its person")
        if self._unused(token.user_id, token.purpose):
            raise PortMisuse("the older tokens are superseded first")
        self._rows.add(token.id, token)

    async def get(self, digest: str) -> OneTimeToken | None:
        await self._scope.read("one_time_tokens.get")
        found = (token for token in self._rows.values() if token.digest == digest)
        return next(found, None)

    async def mark_used(self, token_id: UUID, *, at: datetime) -> bool:
        await self._scope.write("one_time_tokens.mark_used", _token_row(token_id))
        token = self._rows.get(token_id)
        if token is None or not token.serves(token.purpose, at):
            return False
        self._rows.replace(token_id, replace(token, used_at=at))
        return True

    async def supersede(self, user_id: UUID, purpose: TokenPurpose, *, at: datetime) -> int:
        await self._scope.write("one_time_tokens.supersede")
        ended = 0
        for token in self._unused(user_id, purpose):
            await self._scope.hold(_token_row(token.id))
            current = self._rows.get(token.id)
            if current is not None and current.used_at is None and current.superseded_at is None:
                self._rows.replace(token.id, replace(current, superseded_at=at))
                ended += 1
        return ended

    def _unused(self, user_id: UUID, purpose: TokenPurpose) -> list[OneTimeToken]:
        return [
            token
            for token in self._rows.values()
            if (token.user_id, token.purpose) == (user_id, purpose)
            and token.used_at is None
            and token.superseded_at is None
        ]


class FakeMailOutbox:
    """Implements the port MailOutbox."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.mail

    async def append(self, mail: NewMail) -> None:
        await self._scope.write("mail.append")
        if self._scope.view.users.get(mail.user_id) is None:
            return
        tokens = self._scope.view.one_time_tokens
        if mail.token_id is not None and tokens.get(mail.token_id) is None:
            raise PortMisuse("the token of a mail is stored first")
        self._rows.add(mail.id, StoredMail(mail=mail, next_attempt_at=mail.created_at))


class FakeMailQueue:
    """Implements the port MailQueue on the tables of a fake database.

    `failure`, while it is set, is raised by every call.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.failure: Exception | None = None

    async def claim(self, *, now: datetime, until: datetime) -> WaitingMail | None:
        self._check()
        due = [row for row in self._waiting() if row.next_attempt_at <= now]
        if not due:
            return None
        row = min(due, key=lambda each: (each.next_attempt_at, each.mail.id))
        self._change(row.mail.id, next_attempt_at=until)
        user = self._tables.users[row.mail.user_id].user
        token_id = row.mail.token_id
        return WaitingMail(
            id=row.mail.id,
            template=row.mail.template,
            created_at=row.mail.created_at,
            refusals=row.refusals,
            address=user.email if user.deleted_at is None else None,
            token=None if token_id is None else self._tables.one_time_tokens[token_id],
        )

    async def mark_sent(self, mail_id: UUID, *, at: datetime) -> None:
        self._check()
        self._change(mail_id, sent_at=at)

    async def postpone(self, mail_id: UUID, *, cause: str, until: datetime, refused: bool) -> None:
        self._check()
        refusals = self._tables.mail[mail_id].refusals + refused
        self._change(mail_id, last_error=cause, next_attempt_at=until, refusals=refusals)

    async def abandon(self, mail_id: UUID, *, cause: str, at: datetime, refused: bool) -> None:
        self._check()
        refusals = self._tables.mail[mail_id].refusals + refused
        self._change(mail_id, last_error=cause, abandoned_at=at, refusals=refusals)

    async def backlog(self) -> Backlog:
        self._check()
        times = [row.mail.created_at for row in self._waiting()]
        return Backlog(count=len(times), oldest_occurred_at=min(times, default=None))

    def _waiting(self) -> list[StoredMail]:
        return [row for row in self._tables.mail.values() if row.waits]

    def _change(self, mail_id: UUID, **changes: object) -> None:
        row = self._tables.mail[mail_id]
        if row.waits:
            self._tables.mail[mail_id] = replace(row, **changes)  # type: ignore[arg-type]

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure


class FakeMailTransport:
    """Implements the port MailTransport: keeps what it takes.

    While it is `down` nothing gets through; `refusals` are causes by address.
    """

    def __init__(self, on_send: Callable[[], None] = lambda: None) -> None:
        self.taken: list[MailMessage] = []
        self.tried: list[MailMessage] = []
        self.down = False
        self.refusals: dict[str, str] = {}
        self.defect: Exception | None = None
        self._on_send = on_send

    async def send(self, message: MailMessage) -> None:
        self._on_send()
        self.tried.append(message)
        if self.defect is not None:
            raise self.defect
        if self.down:
            raise DependencyUnavailable("smtp", detail="ConnectionRefusedError")
        if message.address in self.refusals:
            raise MailRefused(self.refusals[message.address])
        self.taken.append(message)


def _token_row(token_id: UUID) -> LockKey:
    return ("one-time token", token_id)
