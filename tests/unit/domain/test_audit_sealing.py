"""Which texts of an audit row are sealed, with whose key, and what is left of an erased person."""

from dataclasses import replace
from uuid import UUID

import pytest

from core.domain.audit import AuditEntry, AuditOutcome
from core.domain.audit_row import CURRENT_VERSION, AuditRow
from core.domain.audit_sealing import Owners, owners, seal, unseal
from core.domain.caller import ActorType
from core.domain.personal_key import NOBODY, KeylessTexts, PersonalKey
from tests.contract.records import Records
from tests.fakes.personal_texts import FakePersonalTexts, fake_key

TEXTS = FakePersonalTexts()
ADA = UUID("0195a0c0-0000-7000-8000-00000000000a")
OFFICER = UUID("0195a0c0-0000-7000-8000-00000000000b")
ERASED = PersonalKey(owner=ADA, salt=None)

DECISION = replace(
    Records().audit_entry(user_id=ADA, actor_id=str(OFFICER)), reason="The passport is blurred."
)
REFUSAL = Records().audit_entry(user_id=ADA, outcome=AuditOutcome.FAILURE)


def sealed(entry: AuditEntry) -> AuditRow:
    return seal(entry, origin=fake_key(OFFICER), about=fake_key(ADA), texts=TEXTS)


def test_address_and_agent_belong_to_the_actor_and_the_reason_to_the_person_concerned() -> None:
    assert owners(DECISION) == Owners(origin=OFFICER, reason=ADA)
    row = sealed(DECISION)
    assert (row.version, row.origin_owner) == (CURRENT_VERSION, OFFICER)
    assert all(str(text).startswith("p1.") for text in (row.reason, row.ip_address, row.user_agent))
    opened = unseal(row, origin=fake_key(OFFICER), about=fake_key(ADA), texts=TEXTS)
    assert (opened.entry, opened.broken) == (DECISION, 0)


@pytest.mark.parametrize(
    ("changes", "owner"),
    [
        # Whoever is not authenticated is taken for the person whom they claim to be.
        ({"actor_id": None}, ADA),
        ({"actor_id": None, "user_id": None}, None),
        ({"actor_type": ActorType.SERVICE, "actor_id": "service:wallet"}, None),
        ({"actor_type": ActorType.SYSTEM, "actor_id": None}, None),
        ({"ip_address": None}, OFFICER),
        ({"ip_address": None, "user_agent": None}, None),
    ],
)
def test_the_owner_of_an_origin(changes: dict[str, object], owner: UUID | None) -> None:
    assert owners(replace(DECISION, **changes)).origin == owner  # type: ignore[arg-type]


def test_the_reason_of_a_failure_is_the_name_of_an_error_and_stays_readable() -> None:
    assert owners(REFUSAL) == Owners(origin=ADA, reason=None)
    assert sealed(REFUSAL).reason == "INVALID_CREDENTIALS"


def test_nobodys_key_opens_without_anybodys_salt() -> None:
    row = seal(DECISION, origin=NOBODY, about=NOBODY, texts=TEXTS)
    assert row.origin_owner is None
    assert unseal(row, texts=TEXTS).entry == DECISION


def test_of_an_erased_person_nothing_new_is_kept_and_the_row_is_written_all_the_same() -> None:
    row = seal(DECISION, origin=fake_key(OFFICER), about=ERASED, texts=TEXTS)
    assert row.reason is None
    assert row.ip_address is not None
    row = seal(REFUSAL, origin=ERASED, about=NOBODY, texts=TEXTS)
    assert (row.ip_address, row.user_agent) == (None, None)
    assert (row.origin_owner, row.reason) == (ADA, "INVALID_CREDENTIALS")


def test_what_was_sealed_before_an_erasure_is_left_out_afterwards() -> None:
    opened = unseal(sealed(DECISION), origin=fake_key(OFFICER), about=ERASED, texts=TEXTS)
    assert opened.entry == replace(DECISION, reason=None)
    assert opened.broken == 0


def test_a_broken_seal_is_counted_and_the_rest_of_the_row_stays_readable() -> None:
    row = sealed(DECISION)
    swapped = replace(row, ip_address=row.user_agent, reason="p1.x")
    opened = unseal(swapped, origin=fake_key(OFFICER), about=fake_key(ADA), texts=TEXTS)
    assert opened.entry == replace(DECISION, ip_address=None, reason=None)
    assert opened.broken == 2


def test_a_row_of_the_first_version_is_shown_as_it_is() -> None:
    row = replace(
        sealed(DECISION), version=1, reason="p1.odd", ip_address="203.0.113.7", origin_owner=None
    )
    entry = unseal(row, origin=ERASED, about=ERASED, texts=TEXTS).entry
    assert (entry.reason, entry.ip_address) == ("p1.odd", "203.0.113.7")


def test_a_process_without_keys_writes_no_text_in_the_clear() -> None:
    keyless = KeylessTexts()
    with pytest.raises(RuntimeError, match="no key to seal reason"):
        seal(DECISION, origin=NOBODY, about=NOBODY, texts=keyless)
    bare = replace(REFUSAL, ip_address=None, user_agent=None)
    assert seal(bare, origin=NOBODY, about=NOBODY, texts=keyless).reason == REFUSAL.reason
    assert unseal(sealed(DECISION), texts=keyless).entry.reason is None
