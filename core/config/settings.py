"""Everything that an operator can decide, one record per section.

A field's rules stand in its type; a field without a default has to be set in the environment's
YAML file or by `PANDORA_<SECTION>__<KEY>`. Adding a setting means adding a field here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from core.config.audit_settings import AuditSettings
from core.config.core_settings import CoreSettings, ServiceSettings
from core.config.event_settings import ConsumerSettings, RelaySettings
from core.config.kinds import HostName, HttpUrl, ListenPort, Name, Port, TimeoutSeconds
from core.config.limit_settings import (
    GeoSettings,
    IdempotencySettings,
    LimitSettings,
    ThrottlingSettings,
)
from core.config.maintenance_settings import MaintenanceSettings
from core.config.rules import Between, OneOf, Shape
from core.config.vault_settings import VaultSettings

STATIC: Final = "static"
DYNAMIC: Final = "dynamic"
DISABLE: Final = "disable"
VERIFY_FULL: Final = "verify-full"
MOST_CONNECTIONS: Final = 500
"""To PostgreSQL, from all workers of one core together."""


class Environment(StrEnum):
    """The document's environments, section 9."""

    DEV = "dev"
    SANDBOX = "sandbox"
    AUDIT = "audit"
    PROD = "prod"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings:
    """The database, and the pool of connections to it."""

    host: HostName
    port: Port = 5432
    database: Name = "pandora"
    sslmode: Annotated[str, OneOf((DISABLE, VERIFY_FULL))] = DISABLE
    """libpq's word: without TLS, or with it and the server's certificate and name checked."""
    sslnegotiation: Annotated[str, OneOf(("postgres", "direct"))] = "postgres"
    """Whether TLS begins after PostgreSQL's own request for it, or with the first byte, as a proxy
    that ends TLS before the server needs it."""
    ca_file: Path | None = None
    """Certificates that vouch for the server; None trusts those of the operating system."""
    pool_min_size: Annotated[int, Between(1, MOST_CONNECTIONS)] = 2
    pool_max_size: Annotated[int, Between(1, MOST_CONNECTIONS)] = 10
    """Connections of one process; each worker of the core (`core.workers`) has as many."""
    connect_timeout_seconds: TimeoutSeconds = 5.0
    acquire_timeout_seconds: TimeoutSeconds = 2.0
    """Longest wait for a free connection of the pool."""
    statement_timeout_seconds: TimeoutSeconds = 5.0
    lock_timeout_seconds: TimeoutSeconds = 3.0
    """Longest wait for a row that another transaction has locked."""
    credentials: Annotated[str, OneOf((STATIC, DYNAMIC))] = STATIC
    """Where logins come from: kept in Vault (`static`), or made by its database engine for each
    process and for a while (`dynamic`)."""
    database_role: Name = "pandora-user-service"
    """The database engine's role that makes logins for processes that serve."""
    owner_database_role: Name = "pandora-user-service-owner"
    """The one that makes logins for migrations."""
    maintainer_database_role: Name = "pandora-user-service-maintainer"
    """The one that makes logins for maintenance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """The server of the event stream."""

    host: HostName
    port: Port = 6379
    tls: bool = False
    """Whether to speak TLS; the server's certificate and name are checked."""
    ca_file: Path | None = None
    """Certificates that vouch for the server; None trusts those of the operating system."""
    event_stream: Annotated[str, Shape(r"[!-~]{1,128}", "visible ASCII")] = "pandora.user.events"
    connect_timeout_seconds: TimeoutSeconds = 2.0
    command_timeout_seconds: TimeoutSeconds = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """Who issues tokens for whom, and how long they live."""

    issuer: HttpUrl
    audience: Name = "pandora-exchange"
    access_token_seconds: Annotated[int, Between(1, 3600)] = 900
    service_token_max_seconds: Annotated[int, Between(1, 86_400)] = 86_400
    """Longest life of a platform service's token. A key verifies until its last token expires."""
    refresh_idle_seconds: Annotated[int, Between(1, 7_776_000)] = 604_800
    refresh_absolute_seconds: Annotated[int, Between(1, 31_536_000)] = 2_592_000
    password_reset_seconds: Annotated[int, Between(60, 86_400)] = 1800
    """Life of the token in a mail that leads to a new password."""
    email_verification_seconds: Annotated[int, Between(60, 2_592_000)] = 86_400
    """Life of the token in a mail that verifies an address."""
    refresh_reuse_window_seconds: Annotated[int, Between(0, 60)] = 10
    """How long after its exchange a refresh token is answered again, to the same client."""
    refresh_reuse_limit: Annotated[int, Between(0, 100)] = 10
    """How often it is; the next time ends the session."""
    recent_authentication_seconds: Annotated[int, Between(1, 86_400)] = 600
    """How long after a login its session may do what is sensitive."""
    clock_skew_seconds: Annotated[int, Between(0, 60)] = 5
    """How far ahead another replica's clock may be when it issues a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSettings:
    """Which passwords are accepted, and what hashing one costs (OWASP: 19 MiB, t=2, p=1)."""

    min_length: Annotated[int, Between(8, 64)] = 15
    """NIST SP 800-63B-4 section 3.1.1.2: 15 where the password is the only factor, else 8."""
    service_names: tuple[str, ...] = ("Pandora", "Pandora Exchange")
    """What people know the service by; none of them is a password."""
    breached_digests_file: Path | None = None
    """Breached passwords: SHA-1 in hexadecimal, a line each, sorted (`DIGEST` or `DIGEST:COUNT`).

    It is replaced by renaming another file to its name; a running service follows.
    """
    refusal_floor_seconds: Annotated[float, Between(0, 5)] = 0.0
    """No wrong password is told sooner. Imported hashes that take longer than our own are hidden
    by a floor above what they take, until each has been replaced at its person's first login."""
    memory_kib: Annotated[int, Between(8, 1_048_576)] = 19_456
    time_cost: Annotated[int, Between(1, 20)] = 2
    parallelism: Annotated[int, Between(1, 16)] = 1
    hashing_threads: Annotated[int, Between(1, 64)] = 2
    """Of one core with all its workers: they are shared out, and each worker has one at least."""
    queue_limit: Annotated[int, Between(0, 10_000)] = 64
    """How many hashings may wait for a thread; one more is refused as SERVER_BUSY, and so is one
    that could not be done before its call's deadline."""
    argon2_builds: Path | None = None
    """A folder of faster builds of argon2-cffi-bindings (`make argon2`), of which the first is used
    that this processor runs; without one, or where none is fit, the installed wheel hashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MfaSettings:
    """The second factor."""

    issuer: Annotated[
        str, Shape(r"[^\s:\x00-\x1f]([^:\x00-\x1f]{0,62}[^\s:\x00-\x1f])?", "a name without colon")
    ] = "Pandora Exchange"
    """What authenticator apps call the service."""
    challenge_seconds: Annotated[int, Between(30, 3600)] = 300
    """How long after a right password its second factor may be brought."""
    challenge_max_failures: Annotated[int, Between(1, 20)] = 5
    """How many wrong codes end a challenge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """How accounts come about."""

    neutral_registration: bool = False
    least_answer_seconds: Annotated[float, Between(0, 5)] = 0.1
    """No request for a password reset and no neutral registration is answered sooner."""
    """Whether a registration is answered alike for every address, and a mail tells the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Mail to people, and the process that sends it."""

    smtp_host: HostName
    smtp_port: Port = 587
    smtp_security: Annotated[str, OneOf(("none", "starttls", "tls"))] = "starttls"
    """Whether the connection must turn to TLS, begins with it, or does without."""
    smtp_ca_file: Path | None = None
    """Certificates that vouch for the server; None trusts those of the operating system."""
    smtp_authentication: bool = True
    """Whether to log in, as the user whom Vault's secret `smtp` names."""
    smtp_step_timeout_seconds: TimeoutSeconds = 10.0
    """Longest wait for one answer of the server."""
    smtp_total_timeout_seconds: TimeoutSeconds = 30.0
    """Longest time for one mail."""
    sender_name: Annotated[
        str, Shape(r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?", "a name")
    ] = "Pandora Exchange"
    """Whom mail is from, and what mail calls the platform."""
    sender_address: Annotated[
        str, Shape(r"[A-Za-z0-9.+_-]{1,64}@[A-Za-z0-9.-]{1,189}", "an e-mail address in ASCII")
    ]
    link_base_url: HttpUrl
    """The platform's web site: a mail leads to a page of it."""
    metrics_port: ListenPort = 9467
    workers: Annotated[int, Between(1, 32)] = 2
    """How many mails one process sends at a time."""
    poll_interval_seconds: Annotated[float, Between(0.01, 60)] = 0.5
    backlog_interval_seconds: Annotated[float, Between(0.05, 60)] = 5.0
    """How often the number and the age of waiting mails are measured."""
    max_refusals: Annotated[int, Between(1, 100)] = 8
    """How often a mail may be refused before it is given up."""
    retry_initial_seconds: Annotated[float, Between(0.01, 3600)] = 15.0
    """Pause after the first refusal; each further one doubles it."""
    retry_max_seconds: Annotated[float, Between(0.01, 86_400)] = 900.0
    max_age_seconds: Annotated[int, Between(60, 2_592_000)] = 86_400
    """How long a mail without a token is worth sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Logs and traces."""

    otlp_endpoint: HttpUrl | None = None
    """Where spans go; None exports nothing."""
    otlp_ca_file: Path | None = None
    """Certificates that vouch for the collector at an https endpoint; None trusts gRPC's own."""
    sampling_ratio: Annotated[float, Between(0, 1)] = 1.0
    """The share of traces that begin here and are kept; a caller's decision is followed."""
    log_level: Annotated[str, OneOf(("debug", "info", "warning", "error"))] = "info"
    service_name: Name = "pandora-user"
    """Begins the name of each process in traces: `pandora-user-core`, `pandora-user-relay`."""
    profile_folder: Path | None = None
    """Where SIGUSR2 has a process write a profile of itself; None profiles nothing."""
    profile_seconds: Annotated[float, Between(0.1, 600)] = 10.0
    profile_every_seconds: Annotated[float, Between(0, 86_400)] = 0.0
    """How often a profile is taken without a signal; 0 never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All sections. `sources` says where each `section.key` was given; defaults are absent."""

    environment: Environment
    core: CoreSettings
    services: ServiceSettings
    postgres: PostgresSettings
    redis: RedisSettings
    vault: VaultSettings
    tokens: TokenSettings
    passwords: PasswordSettings
    mfa: MfaSettings
    accounts: AccountSettings
    throttling: ThrottlingSettings
    limits: LimitSettings
    idempotency: IdempotencySettings
    geo: GeoSettings
    relay: RelaySettings
    consumer: ConsumerSettings
    mail: MailSettings
    audit: AuditSettings
    maintenance: MaintenanceSettings
    telemetry: TelemetrySettings
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
