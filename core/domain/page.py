"""Keyset pages: a page starts after a position, never at an offset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.domain.errors import ValidationFailed, Violation

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Items of one page; `next_page_token` is empty on the last."""

    items: Sequence[T]
    next_page_token: str


def effective_page_size(asked: int) -> int:
    """Return the page size for what was asked: 0 means the default, too much means the most.

    Raises:
        ValidationFailed: the size is negative.
    """
    if asked < 0:
        raise ValidationFailed(Violation("page_size", "int32.gte", "must not be negative"))
    return min(asked or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
