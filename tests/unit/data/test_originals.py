"""What a scan looks for: exactly what a clone replaces, no less."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from core.crypto.personal_texts import SealedPersonalTexts
from core.data.anonymization.audit_rows import AuditAnonymizer
from core.data.anonymization.documents import anonymous, replaced_texts
from core.data.anonymization.pseudonyms import Pseudonyms
from core.data.anonymization.rules import Rule, rewriters
from core.data.audit_cells import audit_cells
from core.data.audit_texts import opened
from core.data.scanning.originals import in_audit_row, in_rows
from core.domain.audit import AuditAction, AuditEntry, AuditOutcome, ResourceType
from core.domain.audit_row import AuditRow
from core.domain.audit_sealing import owners, seal
from core.domain.caller import ActorType
from core.domain.ids import uuid7
from core.domain.personal_key import NOBODY, PersonalKey

PSEUDONYMS = Pseudonyms(b"1" * 32, password_hash="$argon2id$nobody")
SOURCE, TARGET = SealedPersonalTexts([b"s" * 32]), SealedPersonalTexts([b"t" * 32])
PERSON = uuid7(datetime(2026, 11, 1, tzinfo=UTC), b"\x0f" * 10)
SALT = b"a" * 32
ANONYMIZER = AuditAnonymizer(pseudonyms=PSEUDONYMS, source=SOURCE, target=TARGET)


def entry(
    *,
    actor_type: ActorType = ActorType.USER,
    actor_id: str | None = str(PERSON),
    resource: tuple[ResourceType, str | None] = (ResourceType.USER, str(PERSON)),
    user_id: uuid.UUID | None = PERSON,
    outcome: AuditOutcome = AuditOutcome.SUCCESS,
    reason: str | None = None,
    origin: tuple[str | None, str | None] = ("203.0.113.7", "Mozilla/5.0 (X11; Linux) Firefox/1"),
    details: dict[str, str | int | bool | None] | None = None,
) -> AuditEntry:
    return AuditEntry(
        id=uuid7(datetime(2026, 11, 2, tzinfo=UTC), b"\x01" * 10),
        occurred_at=datetime(2026, 11, 2, 3, 4, 5, 60, tzinfo=UTC),
        actor_type=actor_type,
        actor_id=actor_id,
        action=AuditAction.UPDATE,
        resource_type=resource[0],
        resource_id=resource[1],
        user_id=user_id,
        outcome=outcome,
        reason=reason,
        ip_address=origin[0],
        user_agent=origin[1],
        request_id="request-1",
        trace_id="ab" * 16,
        details=details or {},
    )


ENTRIES = [
    entry(),
    entry(reason="called by Ada", details={"note": "Ada", "role": "admin", "count": 3, "is": True}),
    entry(outcome=AuditOutcome.FAILURE, reason="INVALID_CREDENTIALS"),
    entry(actor_type=ActorType.SERVICE, actor_id="service:kyc", user_id=None),
    entry(actor_type=ActorType.SERVICE, actor_id="Ada", origin=(None, None)),
    entry(actor_type=ActorType.SYSTEM, actor_id="system", origin=(None, "curl/8")),
    entry(resource=(ResourceType.SERVICE, "billing")),
    entry(resource=(ResourceType.SERVICE, str(PERSON))),
    entry(resource=(ResourceType.USER, "service:kyc")),
    entry(resource=(ResourceType.USER, "ada@example.org")),
    entry(resource=(ResourceType.USER, None), user_id=None, actor_id=None),
    entry(details={"reviewer_id": str(PERSON), "actor_id": "service:kyc", "kid": "k-1"}),
    entry(details={"reviewer_id": "ada@example.org", "status": str(PERSON), "other": None}),
]


def spelled(row: AuditRow, salt: bytes) -> Sequence[str | None]:
    """Return a row as COPY spells it, with the salts of its persons."""
    text = "\\x" + salt.hex()
    return (
        *audit_cells(7, row),
        None if row.origin_owner is None else text,
        None if row.user_id is None or row.reason is None else text,
    )


def of_source(said: AuditEntry) -> Sequence[str | None]:
    """Return the row of an entry in the source."""
    whose = owners(said)
    origin = NOBODY if whose.origin is None else PersonalKey(owner=whose.origin, salt=SALT)
    about = NOBODY if said.user_id is None else PersonalKey(owner=said.user_id, salt=SALT)
    return spelled(seal(said, origin=origin, about=about, texts=SOURCE), SALT)


FIELDS = (
    "id", "actor_id", "resource_id", "user_id", "reason", "ip_address", "user_agent",
    "request_id", "trace_id",
)  # fmt: skip


@pytest.mark.parametrize("said", ENTRIES)
def test_a_scan_looks_for_every_value_of_a_row_that_the_clone_has_otherwise(
    said: AuditEntry,
) -> None:
    before = opened(of_source(said), SOURCE)
    row = ANONYMIZER.anonymous(of_source(said))
    after = opened(spelled(row, PSEUDONYMS.new_salt(SALT)), TARGET)
    changed = {
        getattr(before, name)
        for name in FIELDS
        if getattr(before, name) is not None and getattr(before, name) != getattr(after, name)
    }
    old, new = json.loads(before.details), json.loads(after.details)
    changed |= {text for name, text in old.items() if isinstance(text, str) and text != new[name]}
    assert set(in_audit_row(before)) == changed
    assert before.ip_address == said.ip_address
    assert before.user_agent == said.user_agent
    assert before.reason == said.reason
    assert before.id in changed


@pytest.mark.parametrize(
    "document",
    [
        {"user_id": str(PERSON), "status": "verified", "reason": "Ada", "n": 1, "t": True},
        {"changed_fields": ["full_name", str(PERSON)], "deep": [{"who": ["Ada", "service:kyc"]}]},
        {"reviewer_id": "service:kyc", "actor_id": "Ada", "x": {"reviewer_id": ["system", "Ada"]}},
        ["Ada", None, 2.5],
    ],
)
def test_the_texts_of_a_document_that_are_looked_for_are_those_that_are_replaced(
    document: object,
) -> None:
    assert list(replaced_texts(document)) == list(
        differing(document, anonymous(document, PSEUDONYMS))
    )


def differing(before: object, after: object) -> list[str]:
    match before, after:
        case dict(), dict():
            return [text for key in before for text in differing(before[key], after[key])]
        case list(), list():
            return [text for pair in zip(before, after, strict=True) for text in differing(*pair)]
        case str(), _ if before != after:
            return [before]
        case _:
            return []


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule not in {Rule.KEEP, Rule.REFERENCE}])
@pytest.mark.parametrize(
    "cell",
    [
        str(PERSON), "ada@example.org", "service:kyc", "system", "203.0.113.7", "2001:db8::1",
        "Ada", "class/other/other", "\\x" + SALT.hex(), "ab" * 32,
    ],
)  # fmt: skip
def test_a_column_is_looked_through_for_whatever_its_rule_replaces(rule: Rule, cell: str) -> None:
    if rule is Rule.SALT and not cell.startswith("\\x"):
        return
    if rule is Rule.DOCUMENT or (rule is Rule.ID and cell != str(PERSON)):
        return
    found = [value for row in in_rows({"column": rule}, [(cell,)]) for value in row]
    after = rewriters(PSEUDONYMS)[rule](cell)
    assert after == cell or found == [cell]
