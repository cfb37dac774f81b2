"""Settings are checked before anything starts, and say in one line what is wrong."""

from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

import core.config
from gateway.config import ENVIRONMENTS, ConfigError, load

CORE_SETTINGS = Path(core.config.__file__).parent

MINIMAL = {"APP_ENV": "dev"}
HTTPS = {
    "PANDORA_GATEWAY__TLS_CERTIFICATE_FILE": "/run/pandora/tls/tls.crt",
    "PANDORA_GATEWAY__TLS_KEY_FILE": "/run/pandora/tls/tls.key",
}
MTLS = {
    "PANDORA_GATEWAY__CORE_ADDRESS": "core.internal:50051",
    "PANDORA_GATEWAY__CORE_CA_FILE": "/run/pandora/tls/ca.crt",
    "PANDORA_GATEWAY__CORE_CERTIFICATE_FILE": "/run/pandora/core/tls.crt",
    "PANDORA_GATEWAY__CORE_KEY_FILE": "/run/pandora/core/tls.key",
}


def enough(environment: str) -> dict[str, str]:
    """What has to be set for a start in an environment."""
    return {"APP_ENV": environment, **({} if environment == "dev" else HTTPS)}


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = load(MINIMAL)
    assert (settings.port, settings.metrics_port) == (8080, 9465)
    assert settings.core_address == "127.0.0.1:50051"
    assert settings.metrics_host == "127.0.0.1"
    assert settings.trusted_proxies == ()
    assert settings.otlp_endpoint is None


def test_each_setting_comes_from_its_variable() -> None:
    settings = load(
        {
            **enough("prod"),
            **MTLS,
            "GATEWAY_PORT": "0",
            "PANDORA_GATEWAY__HOST": "::",
            "PANDORA_GATEWAY__CORE_SERVER_NAME": "core",
            "PANDORA_GATEWAY__REUSE_PORT": "true",
            "PANDORA_GATEWAY__REQUEST_TIMEOUT_SECONDS": "2.5",
            "PANDORA_GATEWAY__MAX_BODY_BYTES": "1024",
            "PANDORA_GATEWAY__TRUSTED_PROXIES": "10.0.0.0/8, ::1/128",
            "PANDORA_GATEWAY__CORS_ORIGINS": "https://app.example, http://[::1]:3000",
            "PANDORA_GATEWAY__CONNECTION_MAX_REQUESTS": "7",
            "PANDORA_GATEWAY__COMPRESSION_MIN_BYTES": "0",
            "PANDORA_GATEWAY__CORE_RETRIES": "0",
            "PANDORA_TELEMETRY__OTLP_ENDPOINT": "https://collector:4317",
            "PANDORA_TELEMETRY__OTLP_CA_FILE": "/run/pandora/tls/ca.crt",
            "PANDORA_TELEMETRY__SAMPLING_RATIO": "0.1",
        }
    )
    assert settings.environment == "prod"
    assert settings.port == 0
    assert settings.host == "::"
    assert settings.core_address == "core.internal:50051"
    assert settings.reuse_port
    assert settings.request_timeout_seconds == 2.5
    assert settings.max_body_bytes == 1024
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert settings.cors_origins == ("https://app.example", "http://[::1]:3000")
    assert settings.connection_max_requests == 7
    assert (settings.compression_min_bytes, settings.core_retries) == (0, 0)
    assert (settings.otlp_endpoint, settings.sampling_ratio) == ("https://collector:4317", 0.1)
    assert settings.otlp_ca_file == Path("/run/pandora/tls/ca.crt")
    assert settings.tls_certificate_file == Path("/run/pandora/tls/tls.crt")
    assert settings.tls_key_file == Path("/run/pandora/tls/tls.key")
    assert settings.core_ca_file == Path("/run/pandora/tls/ca.crt")
    assert settings.core_certificate_file == Path("/run/pandora/core/tls.crt")
    assert settings.core_key_file == Path("/run/pandora/core/tls.key")
    assert settings.core_server_name == "core"


def test_the_core_can_be_behind_a_unix_socket() -> None:
    address = {"PANDORA_GATEWAY__CORE_ADDRESS": "unix:/run/core.sock"}
    assert load({**MINIMAL, **address}).core_address == "unix:/run/core.sock"


def test_each_worker_of_the_core_can_have_an_address_of_its_own() -> None:
    address = {"PANDORA_GATEWAY__CORE_ADDRESS": "unix:/run/core.sock, unix:/run/core.1.sock"}
    assert load({**MINIMAL, **address}).core_address == "unix:/run/core.sock,unix:/run/core.1.sock"


@pytest.mark.parametrize("address", ["core:50051,", "core:50051,core", ",", "unix:x,core:1"])
def test_each_of_them_must_be_an_address(address: str) -> None:
    with pytest.raises(ConfigError, match="PANDORA_GATEWAY__CORE_ADDRESS"):
        load({**MINIMAL, "PANDORA_GATEWAY__CORE_ADDRESS": address})


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_traces_are_sampled_and_sent_as_the_cores_are(environment: str) -> None:
    of_core = yaml.safe_load((CORE_SETTINGS / f"{environment}.yaml").read_text())["telemetry"]
    settings = load(enough(environment))
    assert settings.sampling_ratio == of_core["sampling_ratio"]
    assert settings.otlp_endpoint == of_core.get("otlp_endpoint")


@pytest.mark.parametrize(
    ("environment", "seconds"), [("dev", 0), ("sandbox", 5), ("audit", 5), ("prod", 5)]
)
def test_a_load_balancer_gets_time_to_look_away_where_there_is_one(
    environment: str, seconds: float
) -> None:
    assert load(enough(environment)).drain_delay_seconds == seconds
    none = {"PANDORA_GATEWAY__DRAIN_DELAY_SECONDS": "0"}
    assert load({**enough(environment), **none}).drain_delay_seconds == 0


def test_the_export_of_traces_can_be_turned_off() -> None:
    settings = load({**enough("prod"), "PANDORA_TELEMETRY__OTLP_ENDPOINT": ""})
    assert settings.otlp_endpoint is None


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert load({**MINIMAL, "GATEWAY_PORT": "", "PANDORA_GATEWAY__HOST": " "}) == load(MINIMAL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", ""),
        ("APP_ENV", "production"),
        ("APP_ENV", "DEV"),
        ("GATEWAY_PORT", "http"),
        ("GATEWAY_PORT", "65536"),
        ("GATEWAY_PORT", "-1"),
        ("GATEWAY_PORT", "٨"),
        ("PANDORA_GATEWAY__CORE_ADDRESS", "localhost"),
        ("PANDORA_GATEWAY__CORE_ADDRESS", ":50051"),
        ("PANDORA_GATEWAY__CORE_ADDRESS", "core:0"),
        ("PANDORA_GATEWAY__CORE_CHANNELS", "0"),
        ("PANDORA_GATEWAY__REQUEST_TIMEOUT_SECONDS", "0"),
        ("PANDORA_GATEWAY__REQUEST_TIMEOUT_SECONDS", "nan"),
        ("PANDORA_GATEWAY__DRAIN_TIMEOUT_SECONDS", "inf"),
        ("PANDORA_GATEWAY__DRAIN_TIMEOUT_SECONDS", "soon"),
        ("PANDORA_GATEWAY__MAX_BODY_BYTES", "0"),
        ("PANDORA_GATEWAY__TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PANDORA_GATEWAY__TRUSTED_PROXIES", "everyone"),
        ("PANDORA_GATEWAY__DRAIN_DELAY_SECONDS", "-1"),
        ("PANDORA_GATEWAY__CONNECTION_MAX_REQUESTS", "0"),
        ("PANDORA_GATEWAY__CONNECTION_MAX_SECONDS", "0"),
        ("PANDORA_GATEWAY__CORS_ORIGINS", "*"),
        ("PANDORA_GATEWAY__CORS_ORIGINS", "null"),
        ("PANDORA_GATEWAY__CORS_ORIGINS", "https://app.example/"),
        ("PANDORA_GATEWAY__CORS_ORIGINS", "https://app.example, https://*.example"),
        ("PANDORA_GATEWAY__CORS_ORIGINS", "https://App.example"),
        ("PANDORA_GATEWAY__CORS_ORIGINS", "https://app.example:443"),
        ("PANDORA_GATEWAY__CORS_ORIGINS", "app.example"),
        ("PANDORA_GATEWAY__CORS_MAX_AGE_SECONDS", "86401"),
        ("PANDORA_GATEWAY__CORE_RETRIES", "6"),
        ("PANDORA_GATEWAY__REUSE_PORT", "yes"),
        ("PANDORA_GATEWAY__LOG_LEVEL", "loud"),
        ("PANDORA_GATEWAY__NO_SUCH_SETTING", "1"),
        ("PANDORA_TELEMETRY__OTLP_ENDPOINT", "collector:4317"),
        ("PANDORA_TELEMETRY__SAMPLING_RATIO", "2"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_line(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({**MINIMAL, name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
