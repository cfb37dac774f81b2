"""What may be compressed, and for whom."""

import pytest

from gateway.compression import accepts_gzip
from gateway.contract import load_services, rpcs_of

SECRETS = {
    "access_token",
    "refresh_token",
    "challenge_token",
    "token",
    "secret",
    "otpauth_uri",
    "recovery_codes",
}


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=1.0", True),
        ("gzip; q=0.001", True),
        ("*", True),
        ("*;q=0.1", True),
        ("identity;q=0.5, gzip", True),
        ("identity;q=0.5, *", True),
        ("gzip;q=0, *", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.9", False),
        ("identity", False),
        ("br", False),
        ("", False),
        (",", False),
        ("gzip;q=2", False),
        ("gzip;q=nan", False),
        ("gzip;q=-1", False),
        ("gzip;q", False),
        ("gzip;level=9", False),
        ("gzipped", False),
        ("not gzip", False),
    ],
)
def test_gzip_is_for_those_who_prefer_it_to_nothing(accepted: str, *, wanted: bool) -> None:
    assert accepts_gzip(accepted) is wanted


def test_whatever_answers_a_secret_has_side_effects_and_is_never_compressed() -> None:
    rpcs = [rpc for rpc in rpcs_of(load_services()) if rpc.bindings]
    answers = {rpc.name: {field.name for field in rpc.response.fields} for rpc in rpcs}
    holding = {rpc.name for rpc in rpcs if answers[rpc.name] & SECRETS}
    assert holding == {
        "pandora.user.v1.AuthService.Login",
        "pandora.user.v1.AuthService.CompleteMfa",
        "pandora.user.v1.AuthService.RefreshToken",
        "pandora.user.v1.MfaService.EnrollTotp",
        "pandora.user.v1.MfaService.ConfirmTotp",
    }
    assert holding <= {rpc.name for rpc in rpcs if rpc.has_side_effects}
