"""What an access token says, and what it costs a verifier to trust it."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.key_ring import KeyRing
from core.domain.access_token import AccessTokenClaims
from core.domain.errors import DependencyUnavailable, TokenExpired, TokenInvalid
from core.domain.kyc import KycStatus
from core.domain.user import Role
from tests.fakes.clock import START, FakeClock
from tests.unit.crypto.keys import Key

ISSUER = "https://user.test.pandora.exchange"
AUDIENCE = "pandora-exchange"
BEGIN = START.replace(microsecond=0)
KEY = Key(signs_from=BEGIN - timedelta(hours=1))
PERSON = AccessTokenClaims(
    subject="0190163d-8694-739b-aea5-000000000001",
    token_id=UUID("0190163d-8694-739b-aea5-000000000003"),
    issued_at=BEGIN,
    expires_at=BEGIN + timedelta(seconds=900),
    role=Role.USER,
    session_id=UUID("0190163d-8694-739b-aea5-000000000002"),
    kyc_status=KycStatus.VERIFIED,
    amr=("pwd",),
)
SERVICE = replace(
    PERSON, subject="service:wallet", role=Role.SERVICE, session_id=None, kyc_status=None, amr=()
)


def codec(clock: FakeClock, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> Es256AccessTokens:
    keys = KeyRing([KEY], clock=clock)
    return Es256AccessTokens(keys=keys, issuer=issuer, audience=audience, clock=clock)


def json_part(token: str, position: int) -> object:
    part = token.split(".")[position]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.parametrize("claims", [PERSON, SERVICE], ids=["person", "service"])
def test_what_is_issued_can_be_read(claims: AccessTokenClaims) -> None:
    tokens = codec(FakeClock())
    assert tokens.read(tokens.issue(claims)) == claims


def test_header_and_claims_are_those_of_the_contract() -> None:
    token = codec(FakeClock()).issue(PERSON)
    assert json_part(token, 0) == {"alg": "ES256", "kid": "key-1", "typ": "at+jwt"}
    issued_at = int(BEGIN.timestamp())
    assert json_part(token, 1) == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": PERSON.subject,
        "sid": str(PERSON.session_id),
        "jti": str(PERSON.token_id),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + 900,
        "role": "user",
        "kyc_status": "verified",
        "amr": ["pwd"],
    }


def test_a_service_token_has_neither_session_nor_kyc_status() -> None:
    payload = json_part(codec(FakeClock()).issue(SERVICE), 1)
    assert isinstance(payload, dict)
    assert not {"sid", "kyc_status"} & set(payload)


def test_another_library_verifies_it_with_the_published_key() -> None:
    tokens = codec(FakeClock())
    (key,) = tokens.public_keys()
    jwk = jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y, "alg": "ES256"})
    content = jwt.decode(
        tokens.issue(PERSON),
        jwk,
        algorithms=["ES256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert content["sub"] == PERSON.subject


def test_it_lives_until_the_very_second_of_its_expiry() -> None:
    clock = FakeClock(BEGIN)
    tokens = codec(clock)
    token = tokens.issue(PERSON)
    clock.advance(899.999)
    tokens.read(token)
    clock.advance(0.001)
    with pytest.raises(TokenExpired):
        tokens.read(token)


def test_a_replica_whose_clock_is_a_little_ahead_is_forgiven() -> None:
    clock = FakeClock(BEGIN)
    tokens = codec(clock)
    ahead = timedelta(seconds=5)
    soon = replace(PERSON, issued_at=BEGIN + ahead, expires_at=PERSON.expires_at + ahead)
    assert tokens.read(tokens.issue(soon)) == soon
    clock.advance(-1)
    with pytest.raises(TokenInvalid):
        tokens.read(tokens.issue(soon))


@pytest.mark.parametrize(
    ("issuer", "audience"),
    [("https://user.sandbox.pandora.exchange", AUDIENCE), (ISSUER, "pandora-wallet")],
    ids=["issuer", "audience"],
)
def test_a_token_of_another_environment_is_worth_nothing(issuer: str, audience: str) -> None:
    foreign = codec(FakeClock(), issuer=issuer, audience=audience).issue(PERSON)
    with pytest.raises(TokenInvalid):
        codec(FakeClock()).read(foreign)


def test_without_a_key_that_may_sign_nothing_is_issued() -> None:
    clock = FakeClock(BEGIN)
    keys = KeyRing([replace(KEY, expires_at=BEGIN + timedelta(seconds=1))], clock=clock)
    tokens = Es256AccessTokens(keys=keys, issuer=ISSUER, audience=AUDIENCE, clock=clock)
    clock.advance(1)
    with pytest.raises(DependencyUnavailable):
        tokens.issue(PERSON)


@given(st.text(max_size=300))
def test_no_text_makes_reading_fail_in_another_way(text: str) -> None:
    with pytest.raises(TokenInvalid):
        codec(FakeClock()).read(text)


@given(st.integers(min_value=0, max_value=10_000), st.characters())
def test_no_letter_of_a_token_can_be_changed(position: int, letter: str) -> None:
    tokens = codec(FakeClock())
    token = tokens.issue(PERSON)
    index = position % len(token)
    changed = token[:index] + letter + token[index + 1 :]
    if changed == token:
        assert tokens.read(changed) == PERSON
    else:
        with pytest.raises(TokenInvalid):
            tokens.read(changed)
