"""Writes the rows of one thing that happened, all of them with its time and its trace id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from uuid import UUID

from core.data.audit_cells import audit_cells
from core.data.synthesis.account import time_text
from core.data.synthesis.curve import SECOND, moment
from core.data.synthesis.devices import Device
from core.data.synthesis.people import Person, uuid7
from core.data.synthesis.visits import Visit
from core.data.tables import Row, document
from core.domain.audit import AuditAction, AuditDetails, AuditEntry, AuditOutcome, ResourceType
from core.domain.audit_sealing import seal
from core.domain.caller import ActorType
from core.domain.errors import InvalidCredentials
from core.domain.personal_key import NOBODY, PersonalKey
from core.domain.ports.personal_texts import PersonalTexts
from core.domain.session import RevocationCause


@dataclass(frozen=True, slots=True)
class Recorded:
    """What an audit row says, beside who did it and from where."""

    action: AuditAction
    resource_type: ResourceType
    resource_id: str | None
    outcome: AuditOutcome = AuditOutcome.SUCCESS
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Actor:
    """Who did it, and from where; `origin` seals address and user agent."""

    kind: ActorType
    id: str | None
    origin: PersonalKey
    device: Device | None


class Scribe:
    """Appends rows to the tables. `begin` comes before everything that happens at one time."""

    def __init__(
        self, tables: Mapping[str, list[Row]], texts: PersonalTexts, chance: Random
    ) -> None:
        """Take the tables by their names; a missing one is made by asking for it."""
        self._tables = tables
        self._texts = texts
        self._chance = chance
        self._at = 0
        self._sequence = 0
        self._trace_id = ""

    @property
    def at(self) -> int:
        """The time of what is being written."""
        return self._at

    def begin(self, at: int, sequence: int) -> None:
        """Go on to the next thing that happened, whose audit row has this number."""
        self._at, self._sequence = at, sequence
        self._trace_id = f"{self._chance.getrandbits(128):032x}"

    def of_user(
        self,
        person: Person,
        action: AuditAction,
        device: Device | None,
        *,
        details: AuditDetails | None = None,
    ) -> None:
        """Write that somebody did something to their own account."""
        recorded = Recorded(action, ResourceType.USER, person.id)
        self.of_other(person, person, recorded, device, details=details or {})

    def of_other(
        self,
        person: Person,
        actor: Person,
        recorded: Recorded,
        device: Device | None,
        *,
        details: AuditDetails,
    ) -> None:
        """Write that somebody did something, perhaps to somebody else."""
        by = _Actor(ActorType.USER, actor.id, _key(actor.id, actor.salt), device)
        self._append(person, recorded, by, details)

    def of_service(
        self, person: Person, recorded: Recorded, service: str, *, details: AuditDetails
    ) -> None:
        """Write that another service did something to somebody's account."""
        self._append(person, recorded, _Actor(ActorType.SERVICE, service, NOBODY, None), details)

    def of_system(self, person: Person, action: AuditAction, *, details: AuditDetails) -> None:
        """Write that an operator did something to somebody's account."""
        recorded = Recorded(action, ResourceType.USER, person.id)
        self._append(person, recorded, _Actor(ActorType.SYSTEM, None, NOBODY, None), details)

    def session_row(
        self,
        person: Person,
        action: AuditAction,
        device: Device | None,
        session_id: str | None,
        *,
        details: AuditDetails,
    ) -> None:
        """Write that somebody did something with a session."""
        recorded = Recorded(action, ResourceType.SESSION, session_id)
        self.of_other(person, person, recorded, device, details=details)

    def failed_login(self, person: Person, device: Device | None) -> None:
        """Write that somebody who was not authenticated brought a wrong password."""
        recorded = Recorded(
            AuditAction.LOGIN,
            ResourceType.SESSION,
            None,
            AuditOutcome.FAILURE,
            InvalidCredentials.reason,
        )
        by = _Actor(ActorType.USER, None, _key(person.id, person.salt), device)
        self._append(person, recorded, by, {})

    def event(self, person: Person, name: str, payload: Mapping[str, object]) -> None:
        """Write an event, which a relay has carried to the stream soon afterwards."""
        published_at = self._at + 40_000 + int(self._chance.random() * SECOND)
        self._tables["outbox"].append(
            (
                self._new_id(),
                person.id,
                name,
                document(payload),
                self._trace_id,
                time_text(self._at),
                time_text(published_at),
                f"{published_at // 1000}-{person.index}",
            )
        )

    def revoked(self, person: Person, visit: Visit, cause: RevocationCause) -> None:
        """Write the event of a session that ended before its time."""
        payload = {"user_id": person.id, "session_id": visit.id, "cause": cause.value}
        self.event(person, "session.revoked", payload)

    def _append(
        self, person: Person, recorded: Recorded, by: _Actor, details: AuditDetails
    ) -> None:
        entry = AuditEntry(
            id=UUID(self._new_id()),
            occurred_at=moment(self._at),
            actor_type=by.kind,
            actor_id=by.id,
            action=recorded.action,
            resource_type=recorded.resource_type,
            resource_id=recorded.resource_id,
            user_id=UUID(person.id),
            outcome=recorded.outcome,
            reason=recorded.reason,
            ip_address=None if by.device is None else by.device.ip_address,
            user_agent=None if by.device is None else by.device.user_agent,
            request_id=self._new_id(),
            trace_id=self._trace_id,
            details=details,
        )
        about = _key(person.id, person.salt) if recorded.reason is not None else NOBODY
        origin = NOBODY if by.device is None else by.origin
        row = seal(entry, origin=origin, about=about, texts=self._texts)
        self._tables["audit_events"].append(audit_cells(self._sequence, row))

    def _new_id(self) -> str:
        return uuid7(self._at, self._chance.getrandbits(74))


@lru_cache(64)
def _key(person_id: str, salt: str) -> PersonalKey:
    return PersonalKey(owner=UUID(person_id), salt=bytes.fromhex(salt))
