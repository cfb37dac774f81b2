"""The gateway's settings: from the environment alone, typed, and checked before anything starts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from gateway.middleware.client_address import Network

ENVIRONMENTS: Final = ("dev", "sandbox", "audit", "prod")
LOG_LEVELS: Final = ("debug", "info", "warning", "error")

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

_PREFIX: Final = "PANDORA_GATEWAY__"
_HIGHEST_PORT: Final = 65_535


class ConfigError(Exception):
    """A setting is missing or cannot be used; the message is one line and names the variable."""


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
    """Whether several processes may listen on the port (SO_REUSEPORT)."""
    metrics_host: str
    metrics_port: int
    core_address: str
    """host:port of the core, or unix:/path."""
    core_channels: int
    """Connections to the core."""
    request_timeout_seconds: float
    """Deadline of a call with one answer."""
    stream_timeout_seconds: float
    """Deadline of a call with a stream of answers."""
    write_timeout_seconds: float
    """How long a client may take to accept a part of a stream."""
    head_timeout_seconds: float
    """How long the head of a request may take to arrive."""
    body_timeout_seconds: float
    """How long the body of a request may take to arrive."""
    keepalive_timeout_seconds: float
    """How long a connection may be idle."""
    drain_timeout_seconds: float
    """How long requests in flight may take to end after SIGTERM."""
    max_head_bytes: int
    max_body_bytes: int
    trusted_proxies: tuple[Network, ...]
    """Networks whose X-Forwarded-For is believed, separated by commas."""
    hsts_max_age_seconds: int
    """Life of Strict-Transport-Security; 0 where clients do not come by TLS."""
    log_level: str
    otlp_endpoint: str | None
    """PANDORA_TELEMETRY__OTLP_ENDPOINT, the core's as well: http://host:4317; empty: no export."""
    sampling_ratio: float
    """PANDORA_TELEMETRY__SAMPLING_RATIO: the share of traces that are exported, 0 to 1."""


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check the settings. Raises ConfigError for the first that cannot be used."""
    source = _Source(environ)
    environment = source.choice("APP_ENV", ENVIRONMENTS, default=None)
    otlp_endpoint, sampling_ratio = TELEMETRY[environment]
    settings = Settings(
        environment=environment,
        host=source.text(_PREFIX + "HOST", "127.0.0.1"),
        port=source.integer("GATEWAY_PORT", 8080, maximum=_HIGHEST_PORT),
        reuse_port=source.choice(_PREFIX + "REUSE_PORT", ("true", "false"), "false") == "true",
        metrics_host=source.text(_PREFIX + "METRICS_HOST", "127.0.0.1"),
        metrics_port=source.integer(_PREFIX + "METRICS_PORT", 9465, maximum=_HIGHEST_PORT),
        core_address=source.address(_PREFIX + "CORE_ADDRESS", "127.0.0.1:50051"),
        core_channels=source.integer(_PREFIX + "CORE_CHANNELS", 2, minimum=1, maximum=64),
        request_timeout_seconds=source.seconds(_PREFIX + "REQUEST_TIMEOUT_SECONDS", 10),
        stream_timeout_seconds=source.seconds(_PREFIX + "STREAM_TIMEOUT_SECONDS", 3600),
        write_timeout_seconds=source.seconds(_PREFIX + "WRITE_TIMEOUT_SECONDS", 30),
        head_timeout_seconds=source.seconds(_PREFIX + "HEAD_TIMEOUT_SECONDS", 10),
        body_timeout_seconds=source.seconds(_PREFIX + "BODY_TIMEOUT_SECONDS", 10),
        keepalive_timeout_seconds=source.seconds(_PREFIX + "KEEPALIVE_TIMEOUT_SECONDS", 75),
        drain_timeout_seconds=source.seconds(_PREFIX + "DRAIN_TIMEOUT_SECONDS", 10),
        max_head_bytes=source.integer(_PREFIX + "MAX_HEAD_BYTES", 16_384, minimum=1024),
        max_body_bytes=source.integer(_PREFIX + "MAX_BODY_BYTES", 65_536, minimum=1024),
        trusted_proxies=source.networks(_PREFIX + "TRUSTED_PROXIES"),
        hsts_max_age_seconds=source.integer(_PREFIX + "HSTS_MAX_AGE_SECONDS", 0),
        log_level=source.choice(_PREFIX + "LOG_LEVEL", LOG_LEVELS, "info"),
        otlp_endpoint=source.endpoint("PANDORA_TELEMETRY__OTLP_ENDPOINT", otlp_endpoint),
        sampling_ratio=source.ratio("PANDORA_TELEMETRY__SAMPLING_RATIO", sampling_ratio),
    )
    source.refuse_unknown()
    return settings


class _Source:
    """The environment, with a note of what was asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._asked: set[str] = set()

    def text(self, name: str, default: str) -> str:
        self._asked.add(name)
        return self._environ.get(name, "").strip() or default

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None) -> str:
        value = self.text(name, default or "")
        if value not in allowed:
            raise ConfigError(f"{name} must be one of {', '.join(allowed)}")
        return value

    def integer(
        self, name: str, default: int, *, minimum: int = 0, maximum: int = 2**31 - 1
    ) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()) or not minimum <= int(value) <= maximum:
            raise ConfigError(f"{name} must be a whole number from {minimum} to {maximum}")
        return int(value)

    def seconds(self, name: str, default: float) -> float:
        value = self._number(name, default)
        if not value > 0:
            raise ConfigError(f"{name} must be a number of seconds above 0")
        return value

    def ratio(self, name: str, default: float) -> float:
        value = self._number(name, default)
        if not 0 <= value <= 1:
            raise ConfigError(f"{name} must be a number from 0 to 1")
        return value

    def address(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if value.startswith("unix:/"):
            return value
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= _HIGHEST_PORT:
            raise ConfigError(f"{name} must be host:port or unix:/path")
        return value

    def endpoint(self, name: str, default: str) -> str | None:
        # Set and empty turns the export off, as it does for the core.
        value = self.text(name, "" if name in self._environ else default)
        if value and not value.startswith(("http://", "https://")):
            raise ConfigError(f"{name} must begin with http:// or https://")
        return value or None

    def networks(self, name: str) -> tuple[Network, ...]:
        parts = [part.strip() for part in self.text(name, "").split(",")]
        try:
            return tuple(ip_network(part) for part in parts if part)
        except ValueError:
            raise ConfigError(f"{name} must be networks like 10.0.0.0/8, split by commas") from None

    def refuse_unknown(self) -> None:
        """A misspelt setting would otherwise be the default without a word."""
        unknown = {name for name in self._environ if name.startswith(_PREFIX)} - self._asked
        if unknown:
            raise ConfigError(f"{min(unknown)} is not a setting")

    def _number(self, name: str, default: float) -> float:
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            value = math.nan
        return value if math.isfinite(value) else -1.0
