"""No secret and nothing personal gets into a log, whichever way it takes."""

import json
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.observability.redaction import MASK, MAX_TEXT_LENGTH, redact, redact_fields, redact_text

JWT = (
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0xIiwidHlwIjoiYXQrand0In0"
    ".eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU"
)
REFRESH_TOKEN = "prt_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Password",
        "new_password",
        "hashed_password",
        "token",
        "access_token",
        "refresh-token",
        "page_token",
        "secret",
        "secret_id",
        "client_secret",
        "authorization",
        "Authorization",
        "cookie",
        "set-cookie",
        "email",
        "client_email",
        "e_mail",
        "email_key",
        "hash",
        "password_hash",
        "digest",
        "refresh_token_digest",
        "private_key_pem",
        "private_key",
        "api_key",
        "credentials",
        "full_name",
        "totp_code",
        "otpauth_uri",
        "challenge_token",
        "recovery_code",
        "recovery_codes",
    ],
)
def test_a_field_is_masked_by_its_name_whatever_it_holds(name: str) -> None:
    for value in ("hunter2", 271828, ["hunter2"], {"a": "hunter2"}, b"hunter2", object()):
        assert redact_fields({name: value}) == {name: MASK}


@pytest.mark.parametrize(
    "name",
    ["token_type", "token_id", "user_id", "session_id", "method", "hashing_threads", "emailed_at"],
)
def test_a_field_that_only_sounds_like_one_is_kept(name: str) -> None:
    assert redact_fields({name: "value"}) == {name: "value"}


@pytest.mark.parametrize("value", [None, True, False])
def test_that_a_secret_is_missing_may_be_told(value: object) -> None:
    assert redact_fields({"password": value}) == {"password": value}


@pytest.mark.parametrize(
    "secret",
    [
        JWT,
        JWT[:40],
        JWT.rpartition(".")[0],
        REFRESH_TOKEN,
        REFRESH_TOKEN[:12],
        "pmc_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "7K2M9-QWXYZ-01234-56789-ABCDE",
        "7k2m9-qwxyz-01234-56789-abcde",
        "otpauth://totp/Pandora:ada%40example.com?secret=GEZDGNBVGY3TQOJQ&issuer=Pandora",
        HASH,
        HASH.replace("argon2id", "argon2i"),
        "$2b$12$KIXQJ3Zj0e5yBv0kVn1uUe0l2wq1h5hC4Vj1b0mC2x1Yb8a3l9b6K",
        "$scrypt$ln=17,r=8,p=1$c2FsdA$aGFzaA",
        "pbkdf2_sha256$600000$c2FsdA$aGFzaGhhc2g",
        PRIVATE_KEY,
        PRIVATE_KEY.replace("PRIVATE", "EC PRIVATE"),
        PRIVATE_KEY[:40],
        "s.K1n2J3h4G5f6D7s8A9q0W1e2",
        "hvs.CAESIJ1n2J3h4G5f6D7s8A9q0W1e2",
        "ada@example.com",
        "Ada.Lovelace+exchange@mail.example.co.uk",
        "ådá@exämple.com",
        "用户@例子.公司",
        "ada@localhost",
    ],
)
@pytest.mark.parametrize(
    "around",
    ["{}", "no row for {} in users", "Key (email)=({}) already exists.", "'{}'", '{{"a":"{}"}}'],
)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(secret: str, around: str) -> None:
    redacted = redact_text(around.format(secret))
    assert secret not in redacted
    assert MASK in redacted
    for piece in secret.replace("@", "\n").splitlines():
        assert len(piece) < 8 or piece not in redacted


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("password=hunter2 host=db", "hunter2"),
        ("user=pandora password='hunter2'", "hunter2"),
        ('{"password": "hunter2"}', "hunter2"),
        ("{'new_password': 'hunter2'}", "hunter2"),
        ("password: hunter2", "hunter2"),
        ("authorization: Bearer abc.def", "abc.def"),
        ("Authorization=Basic hunter2", "Basic"),
        ("got BEARER hunter2 instead", "hunter2"),
        ("postgresql://pandora:hunter2@db:5432/pandora", "hunter2"),
        ("redis://:hunter2@cache", "hunter2"),
        ("https://hunter2@vault/v1", "hunter2"),
        ("?access_token=hunter2&page=1", "hunter2"),
        ("X-Vault-Token: hunter2", "hunter2"),
    ],
)
def test_what_follows_the_name_of_a_secret_is_masked(text: str, gone: str) -> None:
    assert gone not in redact_text(text)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("from 203.0.113.7", "from 203.0.113.x"),
        ("ipv4:203.0.113.7:50051", "ipv4:203.0.113.x:50051"),
        ("203.0.113.7, 198.51.100.23.", "203.0.113.x, 198.51.100.x."),
        ("[203.0.113.7]", "[203.0.113.x]"),
        ("127.0.0.1:5432", "127.0.0.x:5432"),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.x"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::x"),
        ("2001:db8::5", "2001:db8:0::x"),
        ("peer 2001:db8:1:2::5: refused", "peer 2001:db8:1::x: refused"),
        ("[2001:db8:1:2::5]:443", "[2001:db8:1::x]:443"),
        ("fe80::1%eth0", "fe80:0:0::x%eth0"),
        ("::1", "0:0:0::x"),
    ],
)
def test_an_address_loses_its_end(text: str, redacted: str) -> None:
    assert redact_text(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "pandora.user.v1.UserService/GetUser",
        "0190163d-8694-739b-aea5-000000000001",
        "0af7651916cd43dd8448eb211c80319c",
        "2026-03-14T09:26:53.589793Z",
        "2026-03-14T09:26:53+00:00",
        "took 12:34:56",
        "version 18.6.3",
        "OID 1.3.6.1.4.1",
        "999.1.2.3",
        "http://vault:8200/v1/sys/health",
        "std::vector and core::fmt",
        "aa:bb:cc:dd:ee:ff",
        "a key is written twice",
        "the token has expired",
        "postgres.pool_max_size must lie between 1 and 500",
        "",
    ],
)
def test_what_is_neither_secret_nor_personal_is_left_as_it_is(text: str) -> None:
    assert redact_text(text) == text


def test_depth_does_not_hide_anything() -> None:
    value = {"request": [{"headers": ({"authorization": "x"}, {"from": "ada@example.com"})}]}
    assert redact(value) == {"request": [{"headers": [{"authorization": MASK}, {"from": MASK}]}]}


def test_names_are_looked_at_as_well() -> None:
    assert redact({"ada@example.com": 1}) == {MASK: 1}


def test_what_refers_to_itself_ends_somewhere() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert "too deep" in json.dumps(redact(endless))


class _Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("hunter2")


def test_every_kind_of_value_becomes_json() -> None:
    fields = {
        "bytes": b"hunter2",
        "time": datetime(2026, 3, 14, tzinfo=UTC),
        "error": ValueError("ada@example.com"),
        "set": {"ada@example.com"},
        "nan": float("nan"),
        "number": 1.5,
        "unprintable": _Unprintable(),
    }
    assert redact_fields(fields) == {
        "bytes": "[7 bytes]",
        "time": "2026-03-14 00:00:00+00:00",
        "error": MASK,
        "set": [MASK],
        "nan": "nan",
        "number": 1.5,
        "unprintable": "[_Unprintable]",
    }


def test_a_long_text_is_cut_and_still_redacted() -> None:
    text = "x" * (MAX_TEXT_LENGTH - 20) + " " + JWT + "y" * 100
    redacted = redact_text(text)
    assert len(redacted) < MAX_TEXT_LENGTH + 100
    assert "eyJ" not in redacted
    assert "characters more" in redacted


@pytest.mark.parametrize(
    "evil",
    ["@" * 16_000, "a@" * 8_000, ":" * 16_000, "eyJ" * 5_000, "1." * 8_000, "-----BEGIN " * 1_400],
)
def test_no_text_keeps_the_redaction_busy_for_long(evil: str) -> None:
    began = time.process_time()
    redact_text(evil)
    assert time.process_time() - began < 1.0


@given(st.text())
def test_no_text_makes_it_fail(text: str) -> None:
    redact_text(text)


@given(st.emails(), st.text(), st.text())
def test_no_address_survives_among_any_other_words(email: str, before: str, after: str) -> None:
    assert email not in redact_text(f"{before} {email} {after}")
