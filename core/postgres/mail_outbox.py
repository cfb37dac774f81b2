"""Mail in PostgreSQL, as a use case sees it."""

from core.domain.mail import NewMail
from core.postgres import mail_rows as rows
from core.postgres.execution import Executor


class PostgresMailOutbox:
    """Implements the port MailOutbox."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def append(self, mail: NewMail) -> None:
        """Write one mail, unless it is to nobody."""
        params = rows.NewMailParams(
            id=mail.id,
            user_id=mail.user_id,
            template=mail.template.value,
            token_id=mail.token_id,
            created_at=mail.created_at,
        )
        await self._run.execute(rows.APPEND_MAIL, params)
