"""From lives to rows: each thing that happened is one audit row, and changes its tables and events.

What belongs together has one time and one trace id, as when the service writes it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from core.data.synthesis.account import Account
from core.data.synthesis.curve import SECOND
from core.data.synthesis.devices import Device, draw_device
from core.data.synthesis.holdings import Holdings
from core.data.synthesis.lives import Deed, Event, Life
from core.data.synthesis.people import People, Person, World, uuid7
from core.data.synthesis.scribe import Recorded, Scribe
from core.data.synthesis.visits import Visit
from core.data.tables import Row
from core.domain.audit import AuditAction, ResourceType
from core.domain.kyc import KycStatus
from core.domain.ports.personal_texts import PersonalTexts
from core.domain.session import RevocationCause

_REVIEWER: Final = "service:kyc-engine"
_REJECTIONS: Final = ("document is not readable", "document has expired", "name differs")
_SUSPICIONS: Final = ("chargeback under inquiry", "sanctions list hit, to be checked")


@dataclass(slots=True, kw_only=True)
class _Told:
    """Whom the life is about, and how their account stands at this point of it."""

    account: Account
    kyc: KycStatus = KycStatus.PENDING
    alive: list[Visit] = field(default_factory=list)
    mfa_enrolled_at: int = 0


class Chronicle:
    """Collects the rows of the people of one chunk."""

    def __init__(self, world: World, people: People, texts: PersonalTexts, *, chunk: int) -> None:
        """Take what seals the personal texts of audit rows."""
        self.tables: defaultdict[str, list[Row]] = defaultdict(list)
        self._chance = world.chance(chunk, "chronicle")
        self._scribe = Scribe(self.tables, texts, self._chance)
        self._holdings = Holdings(self.tables, self._chance)
        self._hash = world.password_hash
        self._staff = people.staff
        office: Random = world.chance(-1, "office")
        self._offices: dict[str, Device] = {each.id: draw_device(office) for each in self._staff}

    def people_alone(self, person: Person) -> None:
        """Write an account to which nothing has happened yet."""
        self.tables["users"].append(Account(person, self._hash).row())

    def write(self, life: Life, sequences: Iterator[int]) -> None:
        """Write a life; `sequences` gives the numbers of its audit rows."""
        told = _Told(account=Account(life.person, self._hash))
        for event in life.events:
            self._scribe.begin(event.at, next(sequences))
            _WRITERS[event.deed](self, told, event)
        for visit in life.visits:
            self._holdings.session(life.person, visit, told.account.ended_at, told.account.cause)
        self._holdings.devices(life)
        self.tables["users"].append(told.account.row())

    def _registered(self, told: _Told, event: Event) -> None:
        person = told.account.person
        self._scribe.of_user(person, AuditAction.REGISTER, event.device, details={"role": "user"})
        self._scribe.event(
            person,
            "user.created",
            {"user_id": person.id, "role": "user", "kyc_status": "pending"},
        )

    def _given_role(self, told: _Told, event: Event) -> None:
        person, role = told.account.person, told.account.person.role.value
        told.account.role = role
        told.account.changed(event.at)
        self._scribe.of_system(
            person, AuditAction.SET_ROLE, details={"previous_role": "user", "role": role}
        )
        self._scribe.event(
            person,
            "user.role_changed",
            {"user_id": person.id, "previous_role": "user", "role": role},
        )

    def _verified_email(self, told: _Told, event: Event) -> None:
        told.account.email_verified = True
        told.account.changed(event.at)
        self._scribe.of_user(told.account.person, AuditAction.EMAIL_VERIFY, event.device)
        self._about(told, "user.email_verified")

    def _enrolled_mfa(self, told: _Told, event: Event) -> None:
        told.mfa_enrolled_at = event.at
        self._scribe.of_user(told.account.person, AuditAction.MFA_ENROLL, event.device)

    def _enabled_mfa(self, told: _Told, event: Event) -> None:
        told.account.mfa_enabled = True
        told.account.changed(event.at)
        person = told.account.person
        self._holdings.second_factor(person, told.mfa_enrolled_at, event.at)
        self._scribe.of_user(person, AuditAction.MFA_ENABLE, event.device)
        self._about(told, "mfa.enabled")

    def _failed_login(self, told: _Told, event: Event) -> None:
        self._scribe.failed_login(told.account.person, event.device)

    def _challenged(self, told: _Told, event: Event) -> None:
        self._scribe.session_row(
            told.account.person,
            AuditAction.LOGIN,
            event.device,
            None,
            details={"second_factor": "required"},
        )

    def _logged_in(self, told: _Told, event: Event) -> None:
        visit, person = _visit_of(event), told.account.person
        action = AuditAction.MFA_COMPLETE if visit.with_mfa else AuditAction.LOGIN
        details = {"method": "totp"} if visit.with_mfa else {}
        self._scribe.session_row(person, action, visit.device, visit.id, details=details)
        payload: dict[str, object] = {"user_id": person.id, "session_id": visit.id}
        self._scribe.event(person, "session.created", payload)
        if visit.is_new_device:
            self._scribe.event(person, "security.new_device", payload)
        told.alive = [*told.alive, visit]

    def _refreshed(self, told: _Told, event: Event) -> None:
        visit = _visit_of(event)
        self._scribe.session_row(
            told.account.person, AuditAction.REFRESH, visit.device, visit.id, details={}
        )

    def _logged_out(self, told: _Told, event: Event) -> None:
        visit = _visit_of(event)
        self._scribe.session_row(
            told.account.person, AuditAction.LOGOUT, visit.device, visit.id, details={}
        )
        self._scribe.revoked(told.account.person, visit, RevocationCause.LOGOUT)

    def _reviewed_kyc(self, told: _Told, event: Event) -> None:
        status, person = _status_of(event), told.account.person
        reason = None
        if status is KycStatus.REJECTED:
            reason = _REJECTIONS[int(self._chance.random() * len(_REJECTIONS))]
        reviewer = self._member_of_staff(person) if self._chance.random() < 0.3 else None  # noqa: PLR2004 - a share
        by = _REVIEWER if reviewer is None else reviewer.id
        details = {"previous_status": told.kyc.value, "status": status.value}
        if reviewer is None:
            recorded = Recorded(AuditAction.KYC_UPDATE, ResourceType.KYC, person.id, reason=reason)
            self._scribe.of_service(person, recorded, _REVIEWER, details=details)
        else:
            recorded = Recorded(AuditAction.KYC_UPDATE, ResourceType.KYC, person.id, reason=reason)
            office = self._offices[reviewer.id]
            self._scribe.of_other(person, reviewer, recorded, office, details=details)
        self._kyc(told, event, reason, by)

    def _submitted_kyc(self, told: _Told, event: Event) -> None:
        person = told.account.person
        recorded = Recorded(AuditAction.KYC_SUBMIT, ResourceType.KYC, person.id)
        details = {"previous_status": told.kyc.value, "status": _status_of(event).value}
        self._scribe.of_other(person, person, recorded, event.device, details=details)
        self._kyc(told, event, None, person.id)

    def _kyc(self, told: _Told, event: Event, reason: str | None, by: str) -> None:
        person, status = told.account.person, _status_of(event)
        review_id = uuid7(event.at, self._chance.getrandbits(74))
        self._holdings.kyc_review(review_id, person, told.kyc, status, reason, by, event.at)
        payload: dict[str, object] = {
            "user_id": person.id,
            "previous_status": told.kyc.value,
            "status": status.value,
            "reviewer_id": by,
        }
        if reason is not None:
            payload["reason"] = reason
        self._scribe.event(person, "user.kyc_updated", payload)
        told.kyc = told.account.kyc = status
        told.account.changed(event.at)

    def _suspended(self, told: _Told, event: Event) -> None:
        person = told.account.person
        told.account.suspended_at = event.at
        ended = self._leave(told, event, RevocationCause.USER_SUSPENDED, "user.suspended")
        reason = _SUSPICIONS[int(self._chance.random() * len(_SUSPICIONS))]
        recorded = Recorded(AuditAction.SUSPEND, ResourceType.USER, person.id, reason=reason)
        staff = self._member_of_staff(person)
        details = {"revoked_sessions": ended}
        if staff is None:
            self._scribe.of_service(person, recorded, "service:risk-engine", details=details)
        else:
            self._scribe.of_other(person, staff, recorded, self._offices[staff.id], details=details)

    def _deleted(self, told: _Told, event: Event) -> None:
        told.account.deleted_at = event.at
        ended = self._leave(told, event, RevocationCause.USER_DELETED, "user.deleted")
        self._scribe.of_user(
            told.account.person,
            AuditAction.DELETE,
            event.device,
            details={"revoked_sessions": ended},
        )

    def _leave(self, told: _Told, event: Event, cause: RevocationCause, name: str) -> int:
        told.account.end(event.at, cause)
        self._about(told, name)
        alive = [visit for visit in told.alive if visit.is_alive(event.at)]
        for visit in alive:
            self._scribe.revoked(told.account.person, visit, cause)
        return len(alive)

    def _about(self, told: _Told, name: str) -> None:
        self._scribe.event(told.account.person, name, {"user_id": told.account.person.id})

    def _member_of_staff(self, person: Person) -> Person | None:
        others = [each for each in self._staff if each.created_at < person.created_at - SECOND]
        return others[int(self._chance.random() * len(others))] if others else None


_WRITERS: Final = {
    Deed.REGISTERED: Chronicle._registered,  # noqa: SLF001 - of this very class
    Deed.GIVEN_ROLE: Chronicle._given_role,  # noqa: SLF001
    Deed.VERIFIED_EMAIL: Chronicle._verified_email,  # noqa: SLF001
    Deed.ENROLLED_MFA: Chronicle._enrolled_mfa,  # noqa: SLF001
    Deed.ENABLED_MFA: Chronicle._enabled_mfa,  # noqa: SLF001
    Deed.FAILED_LOGIN: Chronicle._failed_login,  # noqa: SLF001
    Deed.CHALLENGED: Chronicle._challenged,  # noqa: SLF001
    Deed.LOGGED_IN: Chronicle._logged_in,  # noqa: SLF001
    Deed.REFRESHED: Chronicle._refreshed,  # noqa: SLF001
    Deed.LOGGED_OUT: Chronicle._logged_out,  # noqa: SLF001
    Deed.REVIEWED_KYC: Chronicle._reviewed_kyc,  # noqa: SLF001
    Deed.SUBMITTED_KYC: Chronicle._submitted_kyc,  # noqa: SLF001
    Deed.SUSPENDED: Chronicle._suspended,  # noqa: SLF001
    Deed.DELETED: Chronicle._deleted,  # noqa: SLF001
}


def _visit_of(event: Event) -> Visit:
    if event.visit is None:
        raise ValueError(f"{event.deed} belongs to a session")
    return event.visit


def _status_of(event: Event) -> KycStatus:
    if event.status is None:
        raise ValueError(f"{event.deed} leads to a status")
    return event.status
