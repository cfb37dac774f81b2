"""The gateway's settings: from the environment alone, typed, and checked before anything starts."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from gateway import guard_rails
from gateway.middleware.client_address import Network
from gateway.setting_source import ConfigError, SettingSource

__all__ = ["ENVIRONMENTS", "LOG_LEVELS", "ConfigError", "Settings", "load"]

ENVIRONMENTS: Final = ("dev", "sandbox", "audit", "prod")
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
DOCUMENTATION: Final = ("page", "openapi", "off")

COLLECTOR: Final = "https://otel-collector:4317"
TELEMETRY: Final[Mapping[str, tuple[str, float]]] = {
    "dev": ("", 1.0),
    "sandbox": (COLLECTOR, 0.5),
    "audit": (COLLECTOR, 1.0),
    "prod": (COLLECTOR, 0.05),
}
"""Endpoint and sampling ratio by environment, the same as the core's: the gateway is where most
traces begin, and the core follows its decision.
"""

DRAIN_DELAYS: Final[Mapping[str, float]] = {"dev": 0, "sandbox": 5, "audit": 5, "prod": 5}
"""Seconds by environment: on one's own machine nobody stands before the gateway."""

CORE_ADDRESSES: Final[Mapping[str, str]] = {
    "dev": "127.0.0.1:50051",
    **dict.fromkeys(("sandbox", "audit", "prod"), "unix:/run/pandora/core/core.sock"),
}
"""By environment: on a cluster the gateway is the core's neighbour in one pod."""

HSTS_SECONDS: Final = 31_536_000
"""A year, where TLS is spoken outside dev; on one's own machine it would outlive the trial."""

_PREFIX: Final = "PANDORA_GATEWAY__"
_HIGHEST_PORT: Final = 65_535


_NAMES: Final[Mapping[str, str]] = {
    **{
        field: _PREFIX + field.upper()
        for field in (
            "tls_certificate_file",
            "tls_key_file",
            "core_address",
            "core_ca_file",
            "core_certificate_file",
            "core_key_file",
        )
    },
    "otlp_endpoint": "PANDORA_TELEMETRY__OTLP_ENDPOINT",
}
"""Under which names settings are set that are told of together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Each is PANDORA_GATEWAY__ and its name, unless it says otherwise.

    Times are in seconds, sizes in bytes.
    """

    environment: str
    """APP_ENV."""
    host: str
    """The address to listen on."""
    port: int
    """GATEWAY_PORT; 0 takes a free one."""
    reuse_port: bool
    """Whether several processes may listen on the port (SO_REUSEPORT): others than the workers of
    one supervisor, which always may."""
    workers: int
    """How many processes serve. With more than one a supervisor starts them, replaces those that
    end, and tells the sum of their metrics; each has its own connections to the core."""
    tls_certificate_file: Path | None
    """The certificate to serve HTTPS with (PEM); without one it is HTTP, which only dev allows."""
    tls_key_file: Path | None
    metrics_host: str
    metrics_port: int
    core_address: str
    """host:port of the core, or unix:/path; several, split by commas, where each worker of the core
    has its own."""
    core_ca_file: Path | None
    """Certificates that vouch for the core; with them it is spoken to by TLS."""
    core_certificate_file: Path | None
    """The gateway's own certificate, which a core that asks for one gets (PEM)."""
    core_key_file: Path | None
    core_server_name: str | None
    """The name in the core's certificate, where it is not the address's own."""
    core_channels: int
    """Connections to the core; one for each address of it at least."""
    request_timeout_seconds: float
    """Deadline of a call with one answer."""
    stream_timeout_seconds: float
    """Deadline of a call with a stream of answers."""
    write_timeout_seconds: float
    """How long a client may take to accept a part of an answer."""
    head_timeout_seconds: float
    """How long the head of a request may take to arrive."""
    body_timeout_seconds: float
    """How long the body of a request may take to arrive."""
    keepalive_timeout_seconds: float
    """How long a connection may be idle."""
    connection_max_seconds: float
    """The age after which a connection is ended with its next answer, so that clients spread anew
    over the processes that there are."""
    connection_max_requests: int
    """The number of requests after which it is ended likewise."""
    drain_delay_seconds: float
    """How long connections are still accepted after SIGTERM, while /readyz says 503 already: the
    time that a load balancer takes to see it."""
    drain_timeout_seconds: float
    """How long requests in flight may take to end thereafter."""
    max_head_bytes: int
    max_body_bytes: int
    trusted_proxies: tuple[Network, ...]
    """Networks whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas."""
    hsts_max_age_seconds: int
    """Life of Strict-Transport-Security; 0 where clients do not come by TLS. An answer that a
    trusted proxy forwards by plain HTTP goes without. A year outside dev with a certificate."""
    cors_origins: tuple[str, ...]
    """Web origins whose scripts may call, separated by commas; none unless they are named."""
    cors_max_age_seconds: int
    """How long a browser may keep the answer to a preflight."""
    compression_min_bytes: int
    """The size from which an answer that holds no secret is compressed for those who ask for it;
    0: never."""
    core_retries: int
    """How often a call that found the core out of reach is repeated, where that does no harm."""
    documentation: str
    """What is served of /docs and /openapi.json: `page` (both), `openapi` (the latter) or `off`."""
    log_level: str
    otlp_endpoint: str | None
    """PANDORA_TELEMETRY__OTLP_ENDPOINT, the core's as well: http://host:4317; empty: no export."""
    otlp_ca_file: Path | None
    """PANDORA_TELEMETRY__OTLP_CA_FILE: certificates that vouch for the collector."""
    sampling_ratio: float
    """PANDORA_TELEMETRY__SAMPLING_RATIO: the share of traces that are exported, 0 to 1."""


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check the settings.

    Raises ConfigError for the first that cannot be used, and then for all that the environment
    does not allow.
    """
    source = SettingSource(environ, _PREFIX)
    environment = source.choice("APP_ENV", ENVIRONMENTS, default=None)
    otlp_endpoint, sampling_ratio = TELEMETRY[environment]
    certificate = source.file(_PREFIX + "TLS_CERTIFICATE_FILE")
    is_https = certificate is not None and environment != guard_rails.DEVELOPMENT
    settings = Settings(
        environment=environment,
        host=source.text(_PREFIX + "HOST", "127.0.0.1"),
        port=source.integer("GATEWAY_PORT", 8080, maximum=_HIGHEST_PORT),
        reuse_port=source.choice(_PREFIX + "REUSE_PORT", ("true", "false"), "false") == "true",
        workers=source.integer(_PREFIX + "WORKERS", 1, minimum=1, maximum=64),
        tls_certificate_file=certificate,
        tls_key_file=source.file(_PREFIX + "TLS_KEY_FILE"),
        metrics_host=source.text(_PREFIX + "METRICS_HOST", "127.0.0.1"),
        metrics_port=source.integer(_PREFIX + "METRICS_PORT", 9465, maximum=_HIGHEST_PORT),
        core_address=source.addresses(_PREFIX + "CORE_ADDRESS", CORE_ADDRESSES[environment]),
        core_ca_file=source.file(_PREFIX + "CORE_CA_FILE"),
        core_certificate_file=source.file(_PREFIX + "CORE_CERTIFICATE_FILE"),
        core_key_file=source.file(_PREFIX + "CORE_KEY_FILE"),
        core_server_name=source.text(_PREFIX + "CORE_SERVER_NAME", "") or None,
        core_channels=source.integer(_PREFIX + "CORE_CHANNELS", 2, minimum=1, maximum=64),
        request_timeout_seconds=source.seconds(_PREFIX + "REQUEST_TIMEOUT_SECONDS", 10),
        stream_timeout_seconds=source.seconds(_PREFIX + "STREAM_TIMEOUT_SECONDS", 3600),
        write_timeout_seconds=source.seconds(_PREFIX + "WRITE_TIMEOUT_SECONDS", 30),
        head_timeout_seconds=source.seconds(_PREFIX + "HEAD_TIMEOUT_SECONDS", 10),
        body_timeout_seconds=source.seconds(_PREFIX + "BODY_TIMEOUT_SECONDS", 10),
        keepalive_timeout_seconds=source.seconds(_PREFIX + "KEEPALIVE_TIMEOUT_SECONDS", 75),
        connection_max_seconds=source.seconds(_PREFIX + "CONNECTION_MAX_SECONDS", 3600),
        connection_max_requests=source.integer(
            _PREFIX + "CONNECTION_MAX_REQUESTS", 10_000, minimum=1
        ),
        drain_delay_seconds=source.seconds(
            _PREFIX + "DRAIN_DELAY_SECONDS", DRAIN_DELAYS[environment], allow_zero=True
        ),
        drain_timeout_seconds=source.seconds(_PREFIX + "DRAIN_TIMEOUT_SECONDS", 10),
        max_head_bytes=source.integer(_PREFIX + "MAX_HEAD_BYTES", 16_384, minimum=1024),
        max_body_bytes=source.integer(_PREFIX + "MAX_BODY_BYTES", 65_536, minimum=1024),
        trusted_proxies=source.networks(_PREFIX + "TRUSTED_PROXIES"),
        hsts_max_age_seconds=source.integer(
            _PREFIX + "HSTS_MAX_AGE_SECONDS", HSTS_SECONDS if is_https else 0
        ),
        cors_origins=source.origins(_PREFIX + "CORS_ORIGINS"),
        cors_max_age_seconds=source.integer(_PREFIX + "CORS_MAX_AGE_SECONDS", 600, maximum=86_400),
        compression_min_bytes=source.integer(_PREFIX + "COMPRESSION_MIN_BYTES", 1400),
        core_retries=source.integer(_PREFIX + "CORE_RETRIES", 2, maximum=5),
        documentation=source.choice(_PREFIX + "DOCUMENTATION", DOCUMENTATION, "page"),
        log_level=source.choice(_PREFIX + "LOG_LEVEL", LOG_LEVELS, "info"),
        otlp_endpoint=source.endpoint("PANDORA_TELEMETRY__OTLP_ENDPOINT", otlp_endpoint),
        otlp_ca_file=source.file("PANDORA_TELEMETRY__OTLP_CA_FILE"),
        sampling_ratio=source.ratio("PANDORA_TELEMETRY__SAMPLING_RATIO", sampling_ratio),
    )
    source.refuse_unknown()
    if problems := [*_contradictions(settings), *guard_rails.refusals(asdict(settings), _NAMES)]:
        raise ConfigError("; ".join(problems))
    return settings


def _contradictions(settings: Settings) -> Iterator[str]:
    if settings.workers > 1 and settings.port == 0:
        # Each worker would take a port of its own.
        yield f"GATEWAY_PORT must not be 0 where {_PREFIX}WORKERS is above 1"
    for one, other, is_given in (
        ("tls_certificate_file", "tls_key_file", settings.tls_key_file is not None),
        ("core_certificate_file", "core_key_file", settings.core_key_file is not None),
    ):
        if (getattr(settings, one) is not None) != is_given:
            yield f"{_NAMES[one]} and {_NAMES[other]} go together"
    if settings.core_certificate_file is not None and settings.core_ca_file is None:
        yield f"{_NAMES['core_certificate_file']} needs {_NAMES['core_ca_file']}"
