"""Rows of the audit log without persons: opened, changed, and sealed anew for the clone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.data.anonymization.documents import anonymous
from core.data.anonymization.pseudonyms import Pseudonyms, is_uuid
from core.data.audit_texts import OpenedRow, opened
from core.domain.audit import AuditAction, AuditDetails, AuditEntry, AuditOutcome, ResourceType
from core.domain.audit_row import AuditRow
from core.domain.audit_sealing import seal
from core.domain.caller import ActorType
from core.domain.personal_key import NOBODY, PersonalKey
from core.domain.ports.personal_texts import PersonalTexts

_NAMED = frozenset({ResourceType.SERVICE, ResourceType.SIGNING_KEY, ResourceType.AUDIT_LOG})
"""Things with names of the service's own; of all others ids are told."""

_NOTHING: AuditDetails = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditAnonymizer:
    """Knows the keys of both sides: `source` opens, `target` seals."""

    pseudonyms: Pseudonyms
    source: PersonalTexts
    target: PersonalTexts

    def anonymous(self, row: Sequence[str | None]) -> AuditRow:
        """Return the clone's row of one of the source, which is spelled as COPY spells it."""
        said = opened(row, self.source)
        return seal(
            self._changed(said),
            origin=self._clone_key(said.origin_owner, said.origin_salt),
            about=self._clone_key(said.user_id, said.about_salt),
            texts=self.target,
        )

    def _changed(self, said: OpenedRow) -> AuditEntry:
        """Return an entry without persons. The reason of a failure is the name of an error."""
        to, reason = self.pseudonyms, said.reason
        return AuditEntry(
            id=UUID(to.id(said.id)),
            occurred_at=datetime.fromisoformat(said.occurred_at),
            actor_type=ActorType(said.actor_type),
            actor_id=None if said.actor_id is None else to.actor(said.actor_id),
            action=AuditAction(said.action),
            resource_type=ResourceType(said.resource_type),
            resource_id=self._resource(said),
            user_id=None if said.user_id is None else UUID(to.id(said.user_id)),
            outcome=AuditOutcome(said.outcome),
            reason=to.text(reason) if reason is not None and said.is_success else reason,
            ip_address=None if said.ip_address is None else to.address(said.ip_address),
            user_agent=None if said.user_agent is None else to.agent(said.user_agent),
            request_id=to.request_id(said.request_id),
            trace_id=to.trace_id(said.trace_id),
            details=_NOTHING if said.details == "{}" else self._details(said.details),
        )

    def _resource(self, said: OpenedRow) -> str | None:
        named = said.resource_id
        if named is None or names_a_thing(said.resource_type, named):
            return named
        return self.pseudonyms.actor(named)

    def _details(self, details: str) -> AuditDetails:
        changed: dict[str, str | int | bool | None] = {}
        for name, value in json.loads(details).items():
            other = anonymous(value, self.pseudonyms, name)
            changed[name] = other if isinstance(other, str | int | None) else str(other)
        return changed

    def _clone_key(self, owner: str | None, salt: bytes | None) -> PersonalKey:
        if owner is None:
            return NOBODY
        own = UUID(self.pseudonyms.id(owner))
        return PersonalKey(owner=own, salt=self.pseudonyms.new_salt(salt) if salt else None)


def names_a_thing(resource_type: str, resource_id: str) -> bool:
    """Tell whether a resource's id is a name of the service's own, which stays."""
    return resource_type in _NAMED and not is_uuid(resource_id)
