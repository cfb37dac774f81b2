"""Audit rows and events of one unit of work: who, when, from where, and about whom."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from core.domain.audit import AuditAction, AuditDetails, AuditEntry, AuditOutcome, ResourceType
from core.domain.caller import ActorType, Caller
from core.domain.errors import DomainError
from core.domain.events import DomainEvent, RecordedEvent
from core.domain.ports.clock import Clock, IdGenerator
from core.domain.ports.unit_of_work import UnitOfWork

E = TypeVar("E", bound=DomainError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What an action is done to, and the person whom it concerns, as far as they are known."""

    resource_type: ResourceType
    resource_id: str | None
    user_id: UUID | None


def the_user(user_id: UUID) -> Affected:
    """Name an account."""
    return Affected(resource_type=ResourceType.USER, resource_id=str(user_id), user_id=user_id)


def some_user(user_id: UUID | None = None) -> Affected:
    """Name the account that something would have been done to, as far as it is known."""
    resource_id = None if user_id is None else str(user_id)
    return Affected(resource_type=ResourceType.USER, resource_id=resource_id, user_id=user_id)


def the_kyc(user_id: UUID) -> Affected:
    """Name the KYC of a person."""
    return Affected(resource_type=ResourceType.KYC, resource_id=str(user_id), user_id=user_id)


def the_session(session_id: UUID, user_id: UUID) -> Affected:
    """Name a session."""
    return Affected(
        resource_type=ResourceType.SESSION, resource_id=str(session_id), user_id=user_id
    )


def no_session(user_id: UUID | None = None) -> Affected:
    """Name the session that was not opened, or that no presented token leads to."""
    return Affected(resource_type=ResourceType.SESSION, resource_id=None, user_id=user_id)


def the_service(name: str) -> Affected:
    """Name another service of the platform."""
    return Affected(resource_type=ResourceType.SERVICE, resource_id=name, user_id=None)


def the_signing_key(kid: str) -> Affected:
    """Name a key that signs access tokens."""
    return Affected(resource_type=ResourceType.SIGNING_KEY, resource_id=kid, user_id=None)


def no_signing_key() -> Affected:
    """Name the key that was not made."""
    return Affected(resource_type=ResourceType.SIGNING_KEY, resource_id=None, user_id=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Writes what happens in one unit of work, all of it at one time."""

    unit: UnitOfWork
    caller: Caller
    at: datetime
    ids: IdGenerator = field(repr=False)

    def by(self, user_id: UUID) -> "Record":
        """Name the actor of a call that authenticates itself by what it brings along."""
        actor = replace(self.caller, actor_type=ActorType.USER, user_id=user_id, service_name=None)
        return replace(self, caller=actor)

    async def success(
        self,
        action: AuditAction,
        affected: Affected,
        *,
        reason: str | None = None,
        details: AuditDetails | None = None,
    ) -> None:
        """Write that the action was carried out; `reason` is what the actor gave as one."""
        await self._append(action, affected, AuditOutcome.SUCCESS, reason, details or {})

    async def refused(
        self,
        action: AuditAction,
        affected: Affected,
        error: E,
        *,
        details: AuditDetails | None = None,
    ) -> E:
        """Write that the action was refused, commit, and hand the error back to be raised.

        The row of a refusal must outlive the exception, hence the commit.
        """
        await self._append(action, affected, AuditOutcome.FAILURE, error.reason, details or {})
        await self.unit.commit()
        return error

    async def event(self, event: DomainEvent) -> None:
        """Write an event; the row of the person whom it is about is locked already."""
        await self.unit.outbox.append(self._recorded(event))

    async def event_unless_nobody(self, event: DomainEvent) -> None:
        """Write an event if there is such a person; where there is none the work is the same."""
        await self.unit.outbox.append_unless_nobody(self._recorded(event))

    def _recorded(self, event: DomainEvent) -> RecordedEvent:
        return RecordedEvent(
            id=self.ids.new_id(),
            occurred_at=self.at,
            trace_id=self.caller.origin.trace_id,
            event=event,
        )

    async def _append(
        self,
        action: AuditAction,
        affected: Affected,
        outcome: AuditOutcome,
        reason: str | None,
        details: AuditDetails,
    ) -> None:
        origin = self.caller.origin
        entry = AuditEntry(
            id=self.ids.new_id(),
            occurred_at=self.at,
            actor_type=self.caller.actor_type,
            actor_id=self.caller.actor_id,
            action=action,
            resource_type=affected.resource_type,
            resource_id=affected.resource_id,
            user_id=affected.user_id,
            outcome=outcome,
            reason=reason,
            ip_address=origin.ip_address,
            user_agent=origin.user_agent,
            request_id=origin.request_id,
            trace_id=origin.trace_id,
            details=details,
        )
        await self.unit.audit.append(entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Begins the record of a unit of work."""

    clock: Clock
    ids: IdGenerator

    def begin(self, unit: UnitOfWork, caller: Caller) -> Record:
        """Take the time; called under the lock, so that times of one person follow their order."""
        return Record(unit=unit, caller=caller, at=self.clock.now(), ids=self.ids)
