"""Rows of the audit log without persons: opened, changed, and sealed anew for the clone."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from core.data.anonymization.documents import anonymous
from core.data.anonymization.pseudonyms import Pseudonyms, is_uuid
from core.domain.audit import AuditDetails, AuditEntry, AuditOutcome, ResourceType
from core.domain.audit_row import AuditRow
from core.domain.audit_sealing import seal, unseal
from core.domain.personal_key import NOBODY, PersonalKey
from core.domain.ports.personal_texts import PersonalTexts

_NAMED = frozenset({ResourceType.SERVICE, ResourceType.SIGNING_KEY, ResourceType.AUDIT_LOG})
"""Things with names of the service's own; of all others ids are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A row of the source with the salts of its persons; None: they were erased, or never were."""

    row: AuditRow
    origin_salt: bytes | None = field(repr=False)
    about_salt: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditAnonymizer:
    """Knows the keys of both sides: `source` opens, `target` seals."""

    pseudonyms: Pseudonyms
    source: PersonalTexts
    target: PersonalTexts

    def opened(self, found: SourceRow) -> AuditEntry:
        """Return what a row of the source says, as far as it can be read."""
        row = found.row
        return unseal(
            row,
            origin=_key(row.origin_owner, found.origin_salt),
            about=_key(row.user_id, found.about_salt),
            texts=self.source,
        ).entry

    def anonymous(self, found: SourceRow) -> AuditRow:
        """Return the row of the clone."""
        entry, row = self.opened(found), found.row
        return seal(
            self.changed(entry),
            origin=self._clone_key(row.origin_owner, found.origin_salt),
            about=self._clone_key(row.user_id, found.about_salt),
            texts=self.target,
        )

    def changed(self, entry: AuditEntry) -> AuditEntry:
        """Return an entry without persons. The reason of a failure is the name of an error."""
        to = self.pseudonyms
        is_success = entry.outcome is AuditOutcome.SUCCESS
        reason = entry.reason
        return replace(
            entry,
            id=UUID(to.id(str(entry.id))),
            actor_id=None if entry.actor_id is None else to.actor(entry.actor_id),
            resource_id=self._resource(entry),
            user_id=None if entry.user_id is None else UUID(to.id(str(entry.user_id))),
            reason=to.text(reason) if reason is not None and is_success else reason,
            ip_address=None if entry.ip_address is None else to.address(entry.ip_address),
            user_agent=None if entry.user_agent is None else to.agent(entry.user_agent),
            request_id=to.request_id(entry.request_id),
            trace_id=to.trace_id(entry.trace_id),
            details=self._details(entry.details),
        )

    def _resource(self, entry: AuditEntry) -> str | None:
        named = entry.resource_id
        if named is None or names_a_thing(entry.resource_type, named):
            return named
        return self.pseudonyms.actor(named)

    def _details(self, details: AuditDetails) -> AuditDetails:
        if not details:
            return details
        changed: dict[str, str | int | bool | None] = {}
        for name, value in details.items():
            other = anonymous(value, self.pseudonyms, name)
            changed[name] = other if isinstance(other, str | int | None) else str(other)
        return changed

    def _clone_key(self, owner: UUID | None, salt: bytes | None) -> PersonalKey:
        if owner is None:
            return NOBODY
        own = UUID(self.pseudonyms.id(str(owner)))
        return PersonalKey(owner=own, salt=self.pseudonyms.new_salt(salt) if salt else None)


def names_a_thing(resource_type: str, resource_id: str) -> bool:
    """Tell whether a resource's id is a name of the service's own, which stays."""
    return resource_type in _NAMED and not is_uuid(resource_id)


def _key(owner: UUID | None, salt: bytes | None) -> PersonalKey:
    return NOBODY if owner is None else PersonalKey(owner=owner, salt=salt)
