"""Pseudonyms: equal for equal values, others under another key, in the form that tables take."""

import ipaddress
import re
import uuid
from datetime import UTC, datetime

import pytest

from core.data.anonymization.agents import agent_class
from core.data.anonymization.documents import anonymous_json
from core.data.anonymization.pseudonyms import Pseudonyms
from core.data.synthesis.devices import USER_AGENTS
from core.domain.ids import uuid7

ONE = Pseudonyms(b"1" * 32, password_hash="$argon2id$nobody")
OTHER = Pseudonyms(b"2" * 32, password_hash="$argon2id$nobody")


def test_an_id_keeps_time_and_order_and_nothing_else() -> None:
    made = uuid7(datetime(2026, 11, 1, tzinfo=UTC), b"\x0f" * 10)
    other = uuid.UUID(ONE.id(str(made)))
    assert other != made
    assert other.int >> 64 == made.int >> 64
    assert (other.version, other.variant) == (7, made.variant)
    assert ONE.id(str(made).upper()) == str(other)
    assert OTHER.id(str(made)) != str(other)
    random = uuid.uuid4()
    assert uuid.UUID(ONE.id(str(random))).version == 8


def test_spellings_of_one_address_or_name_stay_one() -> None:
    assert ONE.email("Ada@Example.org") == ONE.email_key("ada@example.org")
    assert ONE.email("ada@example.org") != ONE.email("ada@example.com")
    assert ONE.email("ada@example.org") == ONE.email("ada@example.org").casefold()
    assert ONE.name_key("ada lovelace") == ONE.name("Ada Lovelace").casefold()
    assert ONE.name("Ada Lovelace") == ONE.name("ADA LOVELACE") != OTHER.name("Ada Lovelace")


def test_addresses_of_one_network_stay_in_one_network() -> None:
    one, near, far = (ONE.address(f"203.0.{net}.7") for net in ("113", "113", "114"))
    other = ONE.address("203.0.113.8")
    assert one == near
    networks = [ipaddress.ip_network((each, 80), strict=False) for each in (one, other, far)]
    assert networks[0] == networks[1] != networks[2]
    documentation = ipaddress.ip_network("2001:db8::/32")
    for address in (one, ONE.address("2001:4860:4860::8888"), ONE.address("fe80::1%eth0")):
        assert ipaddress.ip_address(address) in documentation
    assert ONE.address("not an address").startswith("text-")


def test_a_user_agent_becomes_a_class() -> None:
    assert {agent_class(agent) for agent in USER_AGENTS} >= {
        "class/firefox/windows",
        "class/safari/ios",
        "class/chrome/android",
        "class/app/ios",
    }
    assert agent_class("Ada's own browser") == "class/other/other"


def test_forms_that_tables_check_are_kept() -> None:
    assert re.fullmatch("[0-9a-f]{64}", ONE.digest("a" * 64))
    assert re.fullmatch("[0-9a-f]{32}", ONE.trace_id("b" * 32))
    assert re.fullmatch(r"vault:v[0-9]+:.+", ONE.sealed_secret("vault:v1:abc"))
    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    assert ONE.traceparent(traceparent).split("-")[1] == ONE.trace_id("a" * 32)
    assert ONE.traceparent(traceparent).endswith("-01")
    assert len(bytes.fromhex(ONE.salt("\\x" + "0f" * 32)[2:])) == 32
    assert ONE.actor("service:kyc-engine") == "service:kyc-engine"
    assert ONE.actor("ada@example.org").startswith("text-")
    assert ONE.request_id("called by Ada").startswith("r-")


def test_documents_lose_every_text_that_no_rule_names() -> None:
    person = str(uuid.uuid4())
    text = (
        f'{{"user_id": "{person}", "reason": "Ada called", "status": "rejected", "n": 3,'
        f' "reviewer_id": "service:x", "unheard_of": "Ada", "deep": [{{"more": "{person}"}}]}}'
    )
    found = anonymous_json(text, ONE)
    assert "Ada" not in found
    assert person not in found
    assert found.count(ONE.id(person)) == 2
    for kept in ('"rejected"', '"service:x"', '"n": 3'):
        assert kept in found


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Pseudonyms(b"short", password_hash="x")
