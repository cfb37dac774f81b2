"""Settings that are right one by one and contradict each other."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from core.config.keys import Value
from core.config.kinds import HIGHEST_PORT
from core.config.service_identities import ServiceIdentity
from core.config.settings import MOST_CONNECTIONS
from core.config.worker_places import worker_count

_ORDERED = (
    ("postgres.pool_min_size", "postgres.pool_max_size"),
    ("core.default_deadline_seconds", "core.max_deadline_seconds"),
    ("tokens.access_token_seconds", "tokens.refresh_idle_seconds"),
    ("tokens.refresh_idle_seconds", "tokens.refresh_absolute_seconds"),
    ("throttling.account_first_delay_seconds", "throttling.account_longest_delay_seconds"),
    ("throttling.account_longest_delay_seconds", "throttling.memory_seconds"),
    ("throttling.address_first_delay_seconds", "throttling.address_longest_delay_seconds"),
    ("throttling.address_longest_delay_seconds", "throttling.memory_seconds"),
    ("throttling.account_delay_from_failure", "throttling.most_failures"),
    ("mail.smtp_step_timeout_seconds", "mail.smtp_total_timeout_seconds"),
    ("mail.retry_initial_seconds", "mail.retry_max_seconds"),
    ("relay.batch_size", "relay.stream_max_length"),
    ("consumer.block_seconds", "redis.command_timeout_seconds"),
)
_PORTS = (
    "core.port",
    "core.metrics_port",
    "core.health_port",
    "relay.metrics_port",
    "mail.metrics_port",
    "consumer.metrics_port",
    "audit.metrics_port",
)
"""No two of them are the same."""
_TOGETHER = (
    ("core.tls_certificate_file", "core.tls_key_file"),
    ("vault.role_id_file", "vault.secret_id_file"),
    ("vault.migrator_role_id_file", "vault.migrator_secret_id_file"),
    ("vault.operator_role_id_file", "vault.operator_secret_id_file"),
    ("vault.sealer_role_id_file", "vault.sealer_secret_id_file"),
    ("vault.maintainer_role_id_file", "vault.maintainer_secret_id_file"),
    ("vault.cloner_role_id_file", "vault.cloner_secret_id_file"),
)
_NEEDS = (
    ("core.tls_client_ca_file", "core.tls_certificate_file"),
    ("services.identities", "core.tls_client_ca_file"),
)
"""What the first is good for only with the second."""
_ARGON2_KIB_PER_LANE = 8


def contradictions(values: Mapping[str, Value]) -> Iterator[str]:
    """Yield one line for each contradiction; settings that are missing contradict nothing."""
    for lower, upper in _ORDERED:
        low, high = values.get(lower), values.get(upper)
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            yield f"{lower} must not be above {upper}"
    for one, other in combinations(_PORTS, 2):
        if values.get(one) and values.get(one) == values.get(other):
            yield f"{one} and {other} must differ"
    for one, other in _TOGETHER:
        if (values.get(one) is None) != (values.get(other) is None) and {one, other} <= set(values):
            yield f"{one} and {other} go together"
    yield from _ways_in(values)
    yield from _workers(values)
    if (
        values.get("mail.smtp_authentication") is True
        and values.get("mail.smtp_security") == "none"
    ):
        # RFC 4954 section 4: a password in the clear is anybody's.
        yield "mail.smtp_authentication needs mail.smtp_security to be starttls or tls"
    memory, lanes = values.get("passwords.memory_kib"), values.get("passwords.parallelism")
    if isinstance(memory, int) and isinstance(lanes, int) and memory < _ARGON2_KIB_PER_LANE * lanes:
        # RFC 9106 section 3.1.
        yield "passwords.memory_kib must be at least 8 times passwords.parallelism"


def _ways_in(values: Mapping[str, Value]) -> Iterator[str]:
    for one, needed in _NEEDS:
        if values.get(one) and needed in values and values[needed] is None:
            yield f"{one} needs {needed}"
    if values.get("core.tcp") is False and values.get("core.socket", "") is None:
        yield "core.tcp can be false only where core.socket is set"
    for uri in _forwarding_services(values):
        # Else whoever comes through the gateway without a token would be that service.
        yield f"services.identities and core.trusted_peers must not both name {uri}"


def _workers(values: Mapping[str, Value]) -> Iterator[str]:
    workers, pool = values.get("core.workers"), values.get("postgres.pool_max_size")
    if not isinstance(workers, int) or (count := worker_count(workers)) == 1:
        return
    if isinstance(pool, int) and count * pool > MOST_CONNECTIONS:
        yield f"core.workers times postgres.pool_max_size must not be above {MOST_CONNECTIONS}"
    if values.get("core.port") == 0:
        # Each worker would take a port of its own.
        yield "core.port must not be 0 where core.workers is above 1"
    first = values.get("core.worker_port")
    if isinstance(first, int):
        own = range(first, first + count)
        if own[-1] > HIGHEST_PORT:
            yield f"core.worker_port must leave room for {count} ports up to {HIGHEST_PORT}"
        for name in _PORTS:
            if values.get(name) in own:
                yield f"{name} and the ports from core.worker_port on must differ"


def _forwarding_services(values: Mapping[str, Value]) -> Iterator[str]:
    identities, peers = values.get("services.identities"), values.get("core.trusted_peers")
    if isinstance(identities, tuple) and isinstance(peers, tuple):
        for identity in map(ServiceIdentity.parse, identities):
            if identity.uri in peers:
                yield identity.uri
