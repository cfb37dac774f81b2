"""Rows of an audit log as texts, with the personal ones opened."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from core.domain.audit import AuditOutcome
from core.domain.personal_key import SealBroken, TextPlace
from core.domain.ports.personal_texts import PersonalTexts

COLUMNS: Final = (
    "sequence", "version", "id", "occurred_at", "actor_type", "actor_id", "action",
    "resource_type", "resource_id", "user_id", "outcome", "reason", "origin_owner", "ip_address",
    "user_agent", "request_id", "trace_id", "details", "hash", "origin_salt", "about_salt",
)  # fmt: skip
"""What a row is opened from, in this order."""

_FIRST_VERSION: Final = "1"
"""Nothing in its rows is sealed."""


class OpenedRow(NamedTuple):
    """What a row says, as far as it can be read."""

    id: str
    actor_id: str | None
    resource_type: str
    resource_id: str | None
    user_id: str | None
    is_success: bool
    reason: str | None
    ip_address: str | None
    user_agent: str | None
    request_id: str
    trace_id: str
    details: str


def opened(row: Sequence[str | None], texts: PersonalTexts) -> OpenedRow:
    """Open a row that is spelled as COPY spells it; what cannot be opened is left out."""
    (
        _, version, row_id, _, _, actor_id, _, resource_type, resource_id, user_id, outcome,
        reason, origin_owner, ip_address, user_agent, request_id, trace_id, details, _,
        origin_salt, about_salt,
    ) = row  # fmt: skip
    is_success = outcome == AuditOutcome.SUCCESS
    if version not in {None, _FIRST_VERSION} and (ip_address or user_agent or reason):
        own_id = UUID(row_id)
        origin = _salt(origin_owner, origin_salt)
        ip_address = _text(texts, ip_address, origin, own_id, "ip_address")
        user_agent = _text(texts, user_agent, origin, own_id, "user_agent")
        if is_success and reason is not None:
            reason = _text(texts, reason, _salt(user_id, about_salt), own_id, "reason")
    return OpenedRow(
        row_id or "", actor_id, resource_type or "", resource_id, user_id, is_success, reason,
        ip_address, user_agent, request_id or "", trace_id or "", details or "{}",
    )  # fmt: skip


def _salt(owner: str | None, salt: str | None) -> bytes | None:
    if owner is None:
        return b""
    return bytes.fromhex(salt[2:]) if salt else None


def _text(
    texts: PersonalTexts, sealed: str | None, salt: bytes | None, row_id: UUID, field: str
) -> str | None:
    if sealed is None:
        return None
    try:
        return texts.open(sealed, salt=salt, place=TextPlace(row_id=row_id, field=field))
    except SealBroken:
        return None
