"""JSON in rows: payloads of events, and details of audit rows. What no rule names is replaced."""

import json
from collections.abc import Iterator
from typing import Final

from core.data.anonymization.pseudonyms import Pseudonyms, is_service, is_uuid
from core.data.tables import document

_ACTORS: Final = frozenset({"reviewer_id", "actor_id"})
_WORDS: Final = frozenset(
    {
        "role", "previous_role", "status", "previous_status", "kyc_status", "cause",
        "changed_fields", "method", "second_factor", "outcome", "action", "partition",
        "from_time", "to_time", "retired_at", "kid", "key", "format", "hash_format",
    }
)  # fmt: skip
"""Names whose texts are words of the service's own, or times; nobody types them."""


def anonymous_json(text: str, pseudonyms: Pseudonyms) -> str:
    """Return a document without personal texts; numbers and truth values stay."""
    return document(anonymous(json.loads(text), pseudonyms))


def anonymous(value: object, pseudonyms: Pseudonyms, name: str = "") -> object:
    """Return a value of a document, which stands under a name."""
    match value:
        case dict():
            return {key: anonymous(item, pseudonyms, key) for key, item in value.items()}
        case list():
            return [anonymous(item, pseudonyms, name) for item in value]
        case str():
            return _text(value, pseudonyms, name)
        case _:
            return value


def replaced_texts(value: object, name: str = "") -> Iterator[str]:
    """Yield the texts of a document that `anonymous` replaces."""
    match value:
        case dict():
            for key, item in value.items():
                yield from replaced_texts(item, key)
        case list():
            for item in value:
                yield from replaced_texts(item, name)
        case str() if not _stays(value, name):
            yield value
        case _:
            return


def _text(text: str, pseudonyms: Pseudonyms, name: str) -> str:
    if _stays(text, name):
        return text
    return pseudonyms.id(text) if is_uuid(text) else pseudonyms.text(text)


def _stays(text: str, name: str) -> bool:
    if is_uuid(text):
        return False
    return is_service(text) if name in _ACTORS else name in _WORDS
