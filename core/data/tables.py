"""Rows on their way into a database: plain texts in the order of named columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

Cell = str | None
"""A value as PostgreSQL spells it; None is NULL."""

Row = tuple[Cell, ...]

ROWS_OF: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "users": (
            "id", "email", "email_key", "full_name", "full_name_key", "hashed_password", "role",
            "kyc_status", "email_verified", "mfa_enabled", "suspended_at", "created_at",
            "updated_at", "deleted_at", "personal_salt",
        ),
        "sessions": (
            "id", "user_id", "created_at", "last_used_at", "expires_at", "absolute_expires_at",
            "amr", "ip_address", "user_agent", "revoked_at", "revocation_cause",
        ),
        "refresh_tokens": (
            "token", "user_id", "session_id", "expires_at", "created_at", "used_at", "successor",
        ),
        "known_devices": ("user_id", "digest", "first_seen_at", "last_seen_at"),
        "kyc_reviews": (
            "id", "user_id", "previous_status", "status", "reason", "reviewer_id", "created_at",
        ),
        "totp_enrolments": (
            "user_id", "sealed_secret", "created_at", "confirmed_at", "last_used_step",
        ),
        "recovery_codes": ("user_id", "digest", "created_at"),
        "outbox": (
            "id", "user_id", "event_type", "payload", "trace_id", "occurred_at", "published_at",
            "stream_id",
        ),
        "audit_events": (
            "sequence", "version", "id", "occurred_at", "actor_type", "actor_id", "action",
            "resource_type", "resource_id", "user_id", "outcome", "reason", "origin_owner",
            "ip_address", "user_agent", "request_id", "trace_id", "details", "hash",
        ),
    }
)  # fmt: skip
"""The columns of the rows that are made up, table by table; whom others refer to comes first."""

document: Final = json.JSONEncoder(ensure_ascii=False).encode
"""Writes JSON; an encoder that is made once is twice as fast as `json.dumps` with a wish."""

_ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy_text(rows: Iterable[Row]) -> str:
    r"""Return rows in the text format of COPY: tabs between cells, `\N` for NULL."""
    return "".join("\t".join(map(_escaped, row)) + "\n" for row in rows)


def _escaped(cell: Cell) -> str:
    if cell is None:
        return r"\N"
    # Looking first is a tenth of the work.
    return cell.translate(_ESCAPES) if "\\" in cell or not cell.isprintable() else cell
