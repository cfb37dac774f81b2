"""Keyset pages: from a page token to a position, and from rows to a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.domain.errors import PageTokenInvalid
from core.domain.page import Page
from core.domain.ports.crypto import PageTokenCodec

T = TypeVar("T")
P = TypeVar("P")


def canonical_filters(of: str, **filters: str | None) -> Mapping[str, str]:
    """Return the filters of a list in the one form that its page tokens are tied to.

    `of` names the list, so that a token of one list is worth nothing in another.
    """
    return {"of": of} | {name: value for name, value in filters.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Reads and makes page tokens."""

    codec: PageTokenCodec

    def position(
        self, page_token: str, filters: Mapping[str, str], parse: Callable[[str], P]
    ) -> P | None:
        """Return the position that a page starts behind; None stands for the first page.

        Raises:
            PageTokenInvalid: the token was not issued here, is for other filters, or `parse`
                raises ValueError over its position.
        """
        if not page_token:
            return None
        position = self.codec.decode(page_token, filters)
        try:
            return parse(position)
        except ValueError as error:
            raise PageTokenInvalid from error

    def page(
        self,
        rows: Sequence[T],
        *,
        size: int,
        filters: Mapping[str, str],
        position_of: Callable[[T], str],
    ) -> Page[T]:
        """Make a page of up to `size` rows; one row more than that tells that another follows."""
        items = rows[:size]
        if len(rows) <= size:
            return Page(items=items, next_page_token="")
        return Page(items=items, next_page_token=self.codec.encode(position_of(items[-1]), filters))
