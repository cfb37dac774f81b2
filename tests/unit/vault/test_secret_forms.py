"""A secret is taken only in the form that is agreed on, and never quoted."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from core.domain.signing_key import StoredKey
from core.vault.errors import SecretMalformed
from core.vault.secrets import DEV_SEED, PAGE_TOKEN_KEY, POSTGRES, REDIS, SIGNING_KEYS, Secret
from core.vault.signing_keys import as_content

CURVE = ec.SECP256R1()
CREDENTIALS = {"username": "pandora_service", "password": "hunter2"}
KEY = bytes(range(32))


def pem(key: PrivateKeyTypes, passphrase: bytes | None = None) -> str:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def key_entry(**changes: object) -> Mapping[str, object]:
    return {
        "kid": "key-1",
        "private_key_pem": pem(ec.generate_private_key(CURVE)),
        "published_at": "2026-03-14T09:00:00Z",
        "signs_from": "2026-03-14T10:00:00+01:00",
        "expires_at": None,
    } | changes


def keys(*entries: object) -> Mapping[str, object]:
    return {"keys": list(entries)}


def problem(secret: Secret[object], content: Mapping[str, object]) -> str:
    with pytest.raises(SecretMalformed) as refusal:
        secret.parsed(content)
    assert "\n" not in str(refusal.value)
    assert refusal.value.path == secret.path
    return str(refusal.value)


@pytest.mark.parametrize("secret", [POSTGRES, REDIS], ids=["postgres", "redis"])
def test_credentials_are_a_name_and_a_password(secret: Secret[object]) -> None:
    credentials = secret.parsed(CREDENTIALS)
    assert (credentials.username, credentials.password) == ("pandora_service", "hunter2")  # type: ignore[attr-defined]
    assert "hunter2" not in repr(credentials)


@pytest.mark.parametrize("value", [None, "", 5, ["hunter2"], {"hunter2": 1}])
def test_credentials_without_a_password_are_malformed(value: object) -> None:
    text = problem(POSTGRES, CREDENTIALS | {"password": value})
    assert text == "Vault's secret postgres is malformed: password must be text"


def test_a_missing_field_is_named() -> None:
    assert problem(REDIS, {"password": "hunter2"}).endswith("username must be text")


def test_the_seed_of_a_developers_machine_stays_out_of_sight() -> None:
    seed = DEV_SEED.parsed({"admin_email": "a@b", "admin_password": "p1", "user_password": "p2"})
    assert (seed.admin_email, seed.admin_password, seed.user_password) == ("a@b", "p1", "p2")
    assert repr(seed) == "DevSeed()"


def test_a_symmetric_key_is_32_bytes_in_base64() -> None:
    assert PAGE_TOKEN_KEY.parsed({"key": base64.b64encode(KEY).decode()}) == (KEY,)


def test_other_keys_follow_the_one_that_is_worked_with() -> None:
    others = [bytes([number]) * 32 for number in range(2)]
    content = {
        "key": base64.b64encode(KEY).decode(),
        "other_keys": [base64.b64encode(other).decode() for other in others],
    }
    assert PAGE_TOKEN_KEY.parsed(content) == (KEY, *others)
    twice = problem(PAGE_TOKEN_KEY, content | {"other_keys": [content["key"]]})
    assert twice.endswith("other_keys must differ from each other and from key")
    assert problem(PAGE_TOKEN_KEY, content | {"other_keys": ["AA=="]}).endswith("32 bytes")
    assert problem(PAGE_TOKEN_KEY, content | {"other_keys": "AA=="}).endswith("list of texts")


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (base64.b64encode(KEY[:31]).decode(), "key must have 32 bytes"),
        (base64.b64encode(KEY + b"x").decode(), "key must have 32 bytes"),
        ("not base64!", "key must be base64"),
        ("é", "key must be base64"),
        (None, "key must be text"),
        (5, "key must be text"),
    ],
)
def test_any_other_symmetric_key_is_malformed(value: object, complaint: str) -> None:
    text = problem(PAGE_TOKEN_KEY, {"key": value})
    assert text == f"Vault's secret page-token-key is malformed: {complaint}"


def test_signing_keys_come_with_their_times_in_utc() -> None:
    expires_at = "2026-04-14T09:00:00.5Z"
    entry = key_entry(expires_at=expires_at)
    (key,) = SIGNING_KEYS.parsed(keys(entry))
    assert key.kid == "key-1"
    assert key.published_at == key.signs_from == datetime(2026, 3, 14, 9, tzinfo=UTC)
    assert key.signs_from.utcoffset() == timedelta(0)
    assert key.expires_at == datetime(2026, 4, 14, 9, 0, 0, 500_000, tzinfo=UTC)
    assert pem(key.private_key) == entry["private_key_pem"]
    assert "PRIVATE" not in repr(key)
    assert "EllipticCurve" not in repr(key)


def test_what_is_written_of_keys_is_read_as_they_were() -> None:
    read = SIGNING_KEYS.parsed(
        keys(key_entry(), key_entry(kid="key-2", expires_at="2026-04-14T09:00:00.123456Z"))
    )
    stored = [
        StoredKey(
            kid=key.kid,
            private_key_pem=key.private_key_pem,
            published_at=key.published_at,
            signs_from=key.signs_from,
            expires_at=key.expires_at,
        )
        for key in read
    ]
    assert SIGNING_KEYS.parsed(json.loads(json.dumps(as_content(stored)))) == read


def test_one_content_gives_equal_keys_and_another_does_not() -> None:
    content = keys(key_entry())
    assert SIGNING_KEYS.parsed(content) == SIGNING_KEYS.parsed(content)
    assert SIGNING_KEYS.parsed(content) != SIGNING_KEYS.parsed(keys(key_entry()))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({}, "keys must be a list with at least one key"),
        ({"keys": []}, "keys must be a list with at least one key"),
        ({"keys": "[]"}, "keys must be a list with at least one key"),
        (keys("key"), "key 1 must have fields"),
        (keys(key_entry(), key_entry()), "two keys share a kid"),
        (keys(key_entry(), key_entry(kid=None)), "key 2: kid must be text"),
        (
            keys(key_entry(kid="../key")),
            "key 1: kid must be up to 64 letters, digits, dots, _ and -",
        ),
        (keys(key_entry(published_at=None)), "key 1: published_at must be a time (RFC 3339)"),
        (keys(key_entry(published_at="soon")), "key 1: published_at must be a time (RFC 3339)"),
        (
            keys(key_entry(signs_from="2026-03-14T10:00:00")),
            "key 1: signs_from must have an offset from UTC",
        ),
        (keys(key_entry(expires_at="2026-03-14T09:00:00Z")), "key 1: it expires before it signs"),
        (
            keys(key_entry(private_key_pem="hunter2")),
            "key 1: private_key_pem must be an unencrypted private key",
        ),
        (
            keys(key_entry(private_key_pem=pem(ec.generate_private_key(CURVE), b"hunter2"))),
            "key 1: private_key_pem must be an unencrypted private key",
        ),
        (
            keys(key_entry(private_key_pem=pem(ec.generate_private_key(ec.SECP384R1())))),
            "key 1: private_key_pem must be a key on P-256",
        ),
        (
            keys(key_entry(private_key_pem=pem(ed25519.Ed25519PrivateKey.generate()))),
            "key 1: private_key_pem must be a key on P-256",
        ),
        (
            keys(key_entry(private_key_pem=pem(rsa.generate_private_key(65537, 2048)))),
            "key 1: private_key_pem must be a key on P-256",
        ),
    ],
)
def test_any_other_signing_key_is_malformed(content: Mapping[str, object], complaint: str) -> None:
    text = problem(SIGNING_KEYS, content)
    assert text == f"Vault's secret access-token-keys is malformed: {complaint}"
