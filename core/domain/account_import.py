"""Accounts that come from another system: a file of JSON Lines, and what becomes of each line."""

import json
from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.email_address import EmailAddress
from core.domain.errors import ValidationFailed, Violation
from core.domain.full_name import parse_full_name

LONGEST_LINE = 16_384
"""Longest line in bytes."""

_FIELDS = frozenset({"email", "password_hash", "full_name", "email_verified"})
_LINE = "line"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAccount:
    """What one line says of an account; whether its hash can be used is not looked at yet."""

    address: EmailAddress
    full_name: str | None = field(repr=False)
    password_hash: str = field(repr=False)
    email_verified: bool


class LineOutcome(StrEnum):
    """What became of a line."""

    IMPORTED = "imported"
    EXISTING = "existing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What became of the line with this number; the first one is number 1.

    A line whose address is in use is left, so that a file can be brought in again.
    """

    number: int
    outcome: LineOutcome
    violations: tuple[Violation, ...] = ()


def parse_line(line: bytes) -> ImportedAccount:
    """Read one line: `email` and `password_hash`, perhaps `full_name` and `email_verified`.

    Raises:
        ValidationFailed: it is no such line. The messages never repeat what stands there.
    """
    content = _content(line)
    unknown = content.keys() - _FIELDS
    if unknown:
        allowed = ", ".join(sorted(_FIELDS))
        raise _refused(_LINE, "line.fields", f"has a field that is none of {allowed}")
    verified = content.get("email_verified", False)
    if not isinstance(verified, bool):
        raise _refused("email_verified", "email_verified.type", "must be true or false")
    full_name = _text(content, "full_name") if content.get("full_name") is not None else None
    return ImportedAccount(
        address=EmailAddress.parse(_text(content, "email")),
        full_name=parse_full_name(full_name),
        password_hash=_text(content, "password_hash"),
        email_verified=verified,
    )


def _content(line: bytes) -> dict[str, object]:
    if len(line) > LONGEST_LINE:
        raise _refused(_LINE, "line.length", f"is longer than {LONGEST_LINE} bytes")
    try:
        text = line.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
        content = json.loads(text, object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise _refused(_LINE, "line.encoding", "is not in UTF-8") from None
    except (ValueError, RecursionError):
        raise _refused(_LINE, "line.json", "is no JSON, or has a field twice") from None
    if not isinstance(content, dict):
        raise _refused(_LINE, "line.object", "must be a JSON object")
    return content


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a field is written twice")
    return content


def _text(content: dict[str, object], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise _refused(name, f"{name}.type", "must be text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        # JSON can spell half a character, which no database takes.
        raise _refused(name, f"{name}.type", "has half a character")
    return value


def _refused(field_name: str, rule: str, message: str) -> ValidationFailed:
    return ValidationFailed(Violation(field_name, rule, message))
