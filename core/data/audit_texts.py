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
    """What a row says, as far as it can be read, and the salts of its persons.

    A salt is empty where the key is nobody's, and None where its person was erased.
    """

    sequence: str
    id: str
    occurred_at: str
    actor_type: str
    actor_id: str | None
    action: str
    resource_type: str
    resource_id: str | None
    user_id: str | None
    outcome: str
    reason: str | None
    origin_owner: str | None
    ip_address: str | None
    user_agent: str | None
    request_id: str
    trace_id: str
    details: str
    origin_salt: bytes | None
    about_salt: bytes | None

    @property
    def is_success(self) -> bool:
        """Whether the outcome is one; then a reason is a person's words."""
        return self.outcome == AuditOutcome.SUCCESS


def opened(row: Sequence[str | None], texts: PersonalTexts) -> OpenedRow:
    """Open a row that is spelled as COPY spells it; what cannot be opened is left out."""
    (
        sequence, version, row_id, occurred_at, actor_type, actor_id, action, resource_type,
        resource_id, user_id, outcome, reason, origin_owner, ip_address, user_agent, request_id,
        trace_id, details, _, origin_salt, about_salt,
    ) = row  # fmt: skip
    origin, about = _salt(origin_owner, origin_salt), _salt(user_id, about_salt)
    if version not in {None, _FIRST_VERSION} and (ip_address or user_agent or reason):
        own_id = UUID(row_id)
        ip_address = _text(texts, ip_address, origin, own_id, "ip_address")
        user_agent = _text(texts, user_agent, origin, own_id, "user_agent")
        if outcome == AuditOutcome.SUCCESS:
            reason = _text(texts, reason, about, own_id, "reason")
    return OpenedRow(
        sequence or "", row_id or "", occurred_at or "", actor_type or "", actor_id, action or "",
        resource_type or "", resource_id, user_id, outcome or "", reason, origin_owner, ip_address,
        user_agent, request_id or "", trace_id or "", details or "{}", origin, about,
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
