"""Page tokens far down a list: the way there is walked once, on the largest pages."""

import json
import urllib.parse
from dataclasses import dataclass
from typing import Final

import requests

from bench.errors import BenchError

PAGE_SIZE: Final = 50
_LARGEST: Final = 1000
_TIMEOUT_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Deep:
    """A page's path, and how many pages of PAGE_SIZE lie before it."""

    path: str
    pages: int


def first_page() -> str:
    """Return the path of the first page."""
    return f"/v1/users?page_size={PAGE_SIZE}"


def deep_page(url: str, token: str, *, pages: int) -> Deep:
    """Walk down the list of users, as far as asked or until the last large page.

    Raises:
        BenchError: a page is refused.
    """
    page_token, walked = "", 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        while walked * _LARGEST < pages * PAGE_SIZE:
            query = {"page_size": str(_LARGEST), "page_token": page_token}
            asked = urllib.parse.urlencode({key: value for key, value in query.items() if value})
            answer = session.get(f"{url}/v1/users?{asked}", timeout=_TIMEOUT_SECONDS)
            if answer.status_code != requests.codes.ok:
                raise BenchError(f"page {walked} of users: {answer.text[:300]}")
            following = json.loads(answer.text).get("next_page_token", "")
            if not following:
                break
            page_token, walked = following, walked + 1
    query = {"page_size": str(PAGE_SIZE), "page_token": page_token}
    return Deep(
        path=f"/v1/users?{urllib.parse.urlencode(query)}", pages=walked * _LARGEST // PAGE_SIZE
    )
