"""Outside dev the gateway serves HTTPS, and speaks to the core by mTLS or through a socket."""

import pytest

from gateway.__main__ import main
from gateway.config import HSTS_SECONDS, ConfigError, load
from tests.unit.gateway.test_gateway_settings import HTTPS, MTLS, enough

OTHERS = ("sandbox", "audit", "prod")
OR_A_SOCKET = ", or PANDORA_GATEWAY__CORE_ADDRESS be unix:/path"
BY_TCP = {"PANDORA_GATEWAY__CORE_ADDRESS": "127.0.0.1:50051"}


@pytest.mark.parametrize("environment", OTHERS)
@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            dict.fromkeys(HTTPS, ""),
            "PANDORA_GATEWAY__TLS_CERTIFICATE_FILE must be set",
        ),
        (
            BY_TCP,
            f"PANDORA_GATEWAY__CORE_CA_FILE must be set{OR_A_SOCKET}",
        ),
        (
            {**BY_TCP, "PANDORA_GATEWAY__CORE_CA_FILE": "/run/ca.crt"},
            f"PANDORA_GATEWAY__CORE_CERTIFICATE_FILE must be set{OR_A_SOCKET}",
        ),
        (
            {"PANDORA_TELEMETRY__OTLP_ENDPOINT": "http://collector:4317"},
            "PANDORA_TELEMETRY__OTLP_ENDPOINT must begin with https://",
        ),
    ],
)
def test_plaintext_is_refused_outside_dev(
    environment: str, variables: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError) as refusal:
        load({**enough(environment), **variables})
    assert f"{message} (APP_ENV={environment})" in str(refusal.value).split("; ")


@pytest.mark.parametrize("environment", OTHERS)
def test_all_that_is_wrong_is_told_at_once(
    environment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry = {"PANDORA_TELEMETRY__OTLP_ENDPOINT": "http://collector:4317"}
    assert main({"APP_ENV": environment, **BY_TCP, **telemetry}) == 2
    said = capsys.readouterr().err
    assert said.count("must be") == 4
    assert said.count("\n") == 1


@pytest.mark.parametrize("environment", OTHERS)
def test_a_certificate_and_the_socket_or_mtls_are_enough(environment: str) -> None:
    by_socket, by_mtls = load(enough(environment)), load({**enough(environment), **MTLS})
    assert by_socket.core_address == "unix:/run/pandora/core/core.sock"
    assert by_mtls.core_address == "core.internal:50051"
    assert by_socket.hsts_max_age_seconds == HSTS_SECONDS


@pytest.mark.parametrize("environment", OTHERS)
def test_one_address_that_is_no_socket_needs_a_certificate(environment: str) -> None:
    addresses = "unix:/run/pandora/core/core.sock,core.internal:50051"
    with pytest.raises(ConfigError, match="PANDORA_GATEWAY__CORE_CA_FILE must be set"):
        load({**enough(environment), "PANDORA_GATEWAY__CORE_ADDRESS": addresses})


def test_dev_may_do_without_and_leaves_no_mark_in_browsers() -> None:
    assert load({"APP_ENV": "dev"}).tls_certificate_file is None
    assert load({"APP_ENV": "dev", **HTTPS}).hsts_max_age_seconds == 0


@pytest.mark.parametrize("lacking", [*HTTPS, *(name for name in MTLS if "ADDRESS" not in name)])
def test_half_of_a_certificate_is_refused(lacking: str) -> None:
    with pytest.raises(ConfigError, match=lacking):
        load({"APP_ENV": "dev", **HTTPS, **MTLS, lacking: ""})
