"""Mail that a use case writes beside its change, with or without a one-time token."""

from dataclasses import dataclass
from uuid import UUID

from core.domain.mail import MailTemplate, NewMail
from core.domain.one_time_token import OneTimeToken, OneTimeTokenLifetimes, TokenPurpose
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import OneTimeTokenMint
from core.service.recording import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """Writes mail into the unit of work of a record; it is sent after the commit."""

    tokens: OneTimeTokenMint
    lifetimes: OneTimeTokenLifetimes
    ids: IdGenerator

    async def send(self, record: Record, user_id: UUID, template: MailTemplate) -> None:
        """Write a mail that carries no token."""
        await self._append(record, user_id, template, None)

    async def send_token(
        self, record: Record, user_id: UUID, purpose: TokenPurpose, template: MailTemplate
    ) -> None:
        """Write a mail with a new token, which ends the person's older ones for this purpose.

        The person's row is locked. Where there is no such person every statement runs all the
        same, and stores nothing.
        """
        token = self._new_token(record, user_id, purpose)
        await record.unit.one_time_tokens.supersede(user_id, purpose, at=record.at)
        await record.unit.one_time_tokens.add(token)
        await self._append(record, user_id, template, token.id)

    def _new_token(self, record: Record, user_id: UUID, purpose: TokenPurpose) -> OneTimeToken:
        token_id = self.ids.new_id()
        return OneTimeToken(
            id=token_id,
            digest=self.tokens.digest(self.tokens.derive(token_id, purpose)),
            purpose=purpose,
            user_id=user_id,
            created_at=record.at,
            expires_at=self.lifetimes.end(purpose, record.at),
        )

    async def _append(
        self, record: Record, user_id: UUID, template: MailTemplate, token_id: UUID | None
    ) -> None:
        mail = NewMail(
            id=self.ids.new_id(),
            user_id=user_id,
            template=template,
            token_id=token_id,
            created_at=record.at,
        )
        await record.unit.mail.append(mail)
