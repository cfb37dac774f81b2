"""A row of the audit log as it is kept: personal texts sealed, and the form that its hash covers.

The hash covers what is stored and nothing else, so that a person's data can be made unreadable, by
destroying the key that it is sealed with, and every proof stands.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from core.domain.audit import AuditDetails

CURRENT_VERSION: Final = 2
"""Version of the canonical form; kept in each row and inside the form itself."""

_FIRST_VERSION: Final = 1
"""Rows of the first version have no owner of their origin; what they hold is not sealed."""


# Made once: `json.dumps` makes an encoder for each call that wishes anything.
_encoded: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """What the table holds of one entry, but for its sequence and its hash.

    `ip_address`, `user_agent` and, where a person gave it, `reason` are sealed texts from version 2
    on. `origin_owner` is the person whose key seals address and user agent; None stands for the key
    of nobody in particular. A reason is sealed with the key of `user_id`.
    """

    version: int
    id: UUID
    occurred_at: datetime
    actor_type: str
    actor_id: str | None
    action: str
    resource_type: str
    resource_id: str | None
    user_id: UUID | None
    outcome: str
    reason: str | None = field(repr=False)
    origin_owner: UUID | None
    ip_address: str | None = field(repr=False)
    user_agent: str | None = field(repr=False)
    request_id: str
    trace_id: str
    details: AuditDetails


def canonical_form(row: AuditRow) -> bytes:
    """Serialise a row as RFC 8785 does: one byte string for one content.

    Keys are ASCII here, so that sorting by code point equals the RFC's sorting by UTF-16 unit;
    numbers are integers within 2^53, which Python and the RFC write alike.
    """
    content: dict[str, object] = {
        "version": row.version,
        "id": str(row.id),
        "occurred_at": _utc_microseconds(row.occurred_at),
        "actor_type": row.actor_type,
        "actor_id": row.actor_id,
        "action": row.action,
        "resource_type": row.resource_type,
        "resource_id": row.resource_id,
        "user_id": _text(row.user_id),
        "outcome": row.outcome,
        "reason": row.reason,
        "ip_address": row.ip_address,
        "user_agent": row.user_agent,
        "request_id": row.request_id,
        "trace_id": row.trace_id,
        "details": dict(row.details),
    }
    if row.version > _FIRST_VERSION:
        content["origin_owner"] = _text(row.origin_owner)
    return _canonical(content)


def row_hash(row: AuditRow) -> str:
    """Return the SHA-256 of the canonical form in lower-case hex."""
    return hashlib.sha256(canonical_form(row)).hexdigest()


def leaf_hash(sequence: int, hash_of_row: str) -> bytes:
    """Return a row's leaf in the log's Merkle tree (RFC 6962 section 2.1), 32 bytes.

    The leaf binds the row's place as well as its content: two rows that change places are seen.
    """
    data = _canonical({"hash": hash_of_row, "sequence": sequence})
    return hashlib.sha256(b"\x00" + data).digest()


def _canonical(content: dict[str, object]) -> bytes:
    return _encoded(content).encode()


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _utc_microseconds(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place in the audit log")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
