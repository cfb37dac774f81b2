"""Reading accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.email_address import EmailAddress
from core.domain.errors import UserNotFound
from core.domain.page import Page, effective_page_size
from core.domain.ports.unit_of_work import Database
from core.domain.user import User, UserFilter
from core.service.paging import Paging, canonical_filters


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Finds accounts, one, several, or page by page."""

    database: Database
    paging: Paging

    async def get(self, user_id: UUID) -> User:
        """Return an account, deleted or not.

        Raises:
            UserNotFound: there is none.
        """
        async with self.database.reading() as stored:
            user = await stored.users.get_by_id(user_id)
        if user is None:
            raise UserNotFound
        return user

    async def get_by_email(self, email: str) -> User:
        """Return the account that is not deleted and has this address.

        Raises:
            ValidationFailed: this is no address.
            UserNotFound: there is no such account.
        """
        address = EmailAddress.parse(email)
        async with self.database.reading() as stored:
            user = await stored.users.get_by_email(address.key)
        if user is None:
            raise UserNotFound
        return user

    async def get_many(self, user_ids: Sequence[UUID]) -> Sequence[User]:
        """Return those that exist, deleted or not, once each, in the order asked for."""
        wanted = list(dict.fromkeys(user_ids))
        if not wanted:
            return []
        async with self.database.reading() as stored:
            found = {user.id: user for user in await stored.users.get_many(wanted)}
        return [found[user_id] for user_id in wanted if user_id in found]

    async def list_page(self, where: UserFilter, *, page_size: int, page_token: str) -> Page[User]:
        """Return one page, the newest account first.

        Raises:
            ValidationFailed: the page size is negative.
            PageTokenInvalid: the token was not issued here, or for another filter.
        """
        size = effective_page_size(page_size)
        narrowed = replace(where, query=(where.query or "").strip() or None)
        filters = _filters(narrowed)
        before = self.paging.position(page_token, filters, UUID)
        async with self.database.reading() as stored:
            rows = await stored.users.list_page(narrowed, before=before, limit=size + 1)
        return self.paging.page(
            rows, size=size, filters=filters, position_of=lambda user: str(user.id)
        )


def _filters(where: UserFilter) -> Mapping[str, str]:
    return canonical_filters(
        "users",
        query=where.query,
        kyc_status=where.kyc_status,
        role=where.role,
        status=where.status,
        show_deleted="true" if where.show_deleted else None,
    )
