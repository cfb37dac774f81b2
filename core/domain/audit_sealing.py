"""From what is recorded to what the audit log keeps, and back: personal texts sealed and opened."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from core.domain.audit import AuditAction, AuditEntry, AuditOutcome, ResourceType
from core.domain.audit_row import CURRENT_VERSION, AuditRow
from core.domain.caller import ActorType
from core.domain.personal_key import NOBODY, PersonalKey, SealBroken, TextPlace
from core.domain.ports.personal_texts import PersonalTexts

_SEALED_SINCE: Final = 2
"""The version of rows from which on personal texts are sealed."""

_IP_ADDRESS: Final = "ip_address"
_USER_AGENT: Final = "user_agent"
_REASON: Final = "reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Whose keys the texts of an entry need; None: of nobody in particular, or there is no text."""

    origin: UUID | None
    reason: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedEntry:
    """An entry as it can be read today, and how many of its texts cannot be though they should."""

    entry: AuditEntry
    broken: int


def owners(entry: AuditEntry) -> Owners:
    """Tell whose keys seal the texts of an entry."""
    has_origin = entry.ip_address is not None or entry.user_agent is not None
    has_reason = entry.reason is not None and entry.outcome is AuditOutcome.SUCCESS
    return Owners(
        origin=origin_owner(entry) if has_origin else None,
        reason=entry.user_id if has_reason else None,
    )


def origin_owner(entry: AuditEntry) -> UUID | None:
    """Return the person whose address and user agent an entry holds, as far as they are known.

    Whoever has not been authenticated is taken for the person whom they claim to be.
    """
    if entry.actor_type is not ActorType.USER:
        return None
    return entry.user_id if entry.actor_id is None else UUID(entry.actor_id)


def seal(
    entry: AuditEntry, *, origin: PersonalKey, about: PersonalKey, texts: PersonalTexts
) -> AuditRow:
    """Return the row of an entry. What belongs to a person who was erased is left out.

    `origin` seals the address and the user agent, `about` the reason that a person has given. The
    reason of a failure is the name of an error.
    """

    def sealed(text: str | None, key: PersonalKey, field: str) -> str | None:
        if text is None or key.salt is None:
            return None
        return texts.seal(text, salt=key.salt, place=TextPlace(row_id=entry.id, field=field))

    is_success = entry.outcome is AuditOutcome.SUCCESS
    return AuditRow(
        version=CURRENT_VERSION,
        id=entry.id,
        occurred_at=entry.occurred_at,
        actor_type=entry.actor_type.value,
        actor_id=entry.actor_id,
        action=entry.action.value,
        resource_type=entry.resource_type.value,
        resource_id=entry.resource_id,
        user_id=entry.user_id,
        outcome=entry.outcome.value,
        reason=sealed(entry.reason, about, _REASON) if is_success else entry.reason,
        origin_owner=origin.owner,
        ip_address=sealed(entry.ip_address, origin, _IP_ADDRESS),
        user_agent=sealed(entry.user_agent, origin, _USER_AGENT),
        request_id=entry.request_id,
        trace_id=entry.trace_id,
        details=entry.details,
    )


def unseal(
    row: AuditRow,
    *,
    origin: PersonalKey = NOBODY,
    about: PersonalKey = NOBODY,
    texts: PersonalTexts,
) -> OpenedEntry:
    """Return the entry of a row; a text whose key is gone, or whose seal is broken, is left out."""
    entry = _entry(row)
    if row.version < _SEALED_SINCE:
        return OpenedEntry(entry=entry, broken=0)
    broken = 0

    def opened(text: str | None, key: PersonalKey, field: str) -> str | None:
        nonlocal broken
        if text is None:
            return None
        try:
            return texts.open(text, salt=key.salt, place=TextPlace(row_id=row.id, field=field))
        except SealBroken:
            broken += 1
            return None

    is_success = entry.outcome is AuditOutcome.SUCCESS
    readable = replace(
        entry,
        reason=opened(row.reason, about, _REASON) if is_success else row.reason,
        ip_address=opened(row.ip_address, origin, _IP_ADDRESS),
        user_agent=opened(row.user_agent, origin, _USER_AGENT),
    )
    return OpenedEntry(entry=readable, broken=broken)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        occurred_at=row.occurred_at,
        actor_type=ActorType(row.actor_type),
        actor_id=row.actor_id,
        action=AuditAction(row.action),
        resource_type=ResourceType(row.resource_type),
        resource_id=row.resource_id,
        user_id=row.user_id,
        outcome=AuditOutcome(row.outcome),
        reason=row.reason,
        ip_address=row.ip_address,
        user_agent=row.user_agent,
        request_id=row.request_id,
        trace_id=row.trace_id,
        details=row.details,
    )
