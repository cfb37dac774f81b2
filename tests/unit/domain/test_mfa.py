"""Recovery codes and challenges."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.domain.mfa import (
    MfaChallenge,
    MfaPolicy,
    RecoveryCode,
    TotpCode,
    TotpEnrolment,
    challenge_digest,
    password_mark,
    seal_context,
)
from core.domain.session import LoginChallenge
from tests.fakes.clock import START

ADA = UUID("0190163d-8694-739b-aea5-000000000001")
BOB = UUID("0190163d-8694-739b-aea5-000000000002")
POLICY = MfaPolicy(issuer="Pandora", challenge_seconds=300, max_failures=5)

CHALLENGE = MfaChallenge(
    digest=challenge_digest("pmc_token"),
    user_id=ADA,
    password_mark=password_mark("$argon2id$one"),
    created_at=START,
    expires_at=POLICY.challenge_end(START),
)


@pytest.mark.parametrize(
    "written",
    [
        "7K2M9-QWXYZ-01234-56789-ABCDE",
        "7k2m9-qwxyz-01234-56789-abcde",
        "7K2M9QWXYZ0123456789ABCDE",
        " 7K2M9 QWXYZ\t01234 56789 ABCDE\n",
        "7K2M9-QWXYZ-OI234-56789-ABCDE",
        "7K2M9-QWXYZ-ol234-56789-ABCDE",
    ],
)
def test_a_recovery_code_is_known_however_it_is_written(written: str) -> None:
    assert RecoveryCode(written).digest == RecoveryCode("7K2M9-QWXYZ-01234-56789-ABCDE").digest


@pytest.mark.parametrize("other", ["7K2M9-QWXYZ-01234-56789-ABCDF", "7K2M9", "", "\ud800"])
def test_another_code_has_another_digest(other: str) -> None:
    digest = RecoveryCode(other).digest
    assert digest != RecoveryCode("7K2M9-QWXYZ-01234-56789-ABCDE").digest
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")


def test_a_challenge_is_open_until_its_end_its_use_or_too_many_wrong_codes() -> None:
    def is_open(challenge: MfaChallenge, seconds: float = 0) -> bool:
        now = START + timedelta(seconds=seconds)
        return challenge.is_open(now, max_failures=POLICY.max_failures)

    assert is_open(CHALLENGE)
    assert is_open(CHALLENGE, 299.999999)
    assert not is_open(CHALLENGE, 300)
    assert is_open(replace(CHALLENGE, failures=4))
    assert not is_open(replace(CHALLENGE, failures=5))
    assert not is_open(replace(CHALLENGE, used_at=START))


def test_a_challenge_fits_the_password_of_its_time_alone() -> None:
    assert CHALLENGE.fits("$argon2id$one")
    assert not CHALLENGE.fits("$argon2id$two")


def test_a_seal_belongs_to_one_person() -> None:
    assert seal_context(ADA) != seal_context(BOB)
    assert seal_context(ADA) == f"user-service/totp/{ADA}"


def test_what_a_session_says_of_its_authentication() -> None:
    assert TotpCode("123456").amr == ("pwd", "otp", "mfa")
    assert RecoveryCode("x").amr == ("pwd", "mfa")


def test_nothing_secret_is_shown_by_accident() -> None:
    enrolment = TotpEnrolment(user_id=ADA, sealed_secret="vault:v1:secret", created_at=START)
    given = LoginChallenge(challenge_token="pmc_secret", expires_in=300)
    shown = repr([enrolment, given, TotpCode("654321"), RecoveryCode("SECRET"), CHALLENGE])
    for secret in ("secret", "654321", "SECRET", CHALLENGE.digest, CHALLENGE.password_mark):
        assert secret not in shown.replace("sealed_secret", "")
