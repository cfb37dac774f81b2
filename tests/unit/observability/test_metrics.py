"""What happens is counted under the names that dashboards and alerts know."""

import asyncio
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from core.domain.audit import AuditAction, AuditEntry, AuditOutcome, ResourceType
from core.domain.caller import ActorType
from core.observability.live_metrics import LiveMetrics
from core.observability.metrics import (
    AuditMetrics,
    CallMetrics,
    DependencyMetrics,
    new_registry,
)
from core.observability.metrics_server import MetricsPortUnavailable, start_metrics_server
from core.observability.relay_metrics import RelayMetrics
from core.observability.standard_gauges import (
    watch_hashing,
    watch_logs,
    watch_postgres_pool,
    watch_secrets,
    watch_signing_key,
)
from tests.fakes.clock import START
from tests.fakes.ids import FakeIds

IDS = FakeIds()


def told(registry: CollectorRegistry) -> Sequence[str]:
    text = generate_latest(registry).decode()
    return [line for line in text.splitlines() if not line.startswith("#")]


def fetch(port: int) -> tuple[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def entry(
    action: AuditAction,
    outcome: AuditOutcome,
    *,
    reason: str | None = None,
    details: Mapping[str, str | int | bool | None] | None = None,
) -> AuditEntry:
    return AuditEntry(
        id=IDS.new_id(),
        occurred_at=START,
        actor_type=ActorType.USER,
        actor_id=None,
        action=action,
        resource_type=ResourceType.USER,
        resource_id=None,
        user_id=None,
        outcome=outcome,
        reason=reason,
        ip_address="203.0.113.7",
        user_agent="curl",
        request_id="r-1",
        trace_id="0af7",
        details=details or {},
    )


def test_calls_are_counted_by_rpc_code_and_reason_and_timed() -> None:
    registry = CollectorRegistry()
    metrics = CallMetrics(registry)
    metrics.observe("pandora.user.v1.UserService/GetUser", "OK", "", 0.003)
    metrics.observe("pandora.user.v1.UserService/GetUser", "NOT_FOUND", "USER_NOT_FOUND", 0.004)
    lines = told(registry)
    rpc = 'rpc="pandora.user.v1.UserService/GetUser"'
    assert f'pandora_rpc_requests_total{{code="OK",reason="",{rpc}}} 1.0' in lines
    assert (
        f'pandora_rpc_requests_total{{code="NOT_FOUND",reason="USER_NOT_FOUND",{rpc}}} 1.0' in lines
    )
    assert f"pandora_rpc_duration_seconds_count{{{rpc}}} 2.0" in lines
    assert f'pandora_rpc_duration_seconds_bucket{{le="0.0025",{rpc}}} 0.0' in lines
    assert f'pandora_rpc_duration_seconds_bucket{{le="0.005",{rpc}}} 2.0' in lines


def test_what_was_audited_is_counted() -> None:
    registry = CollectorRegistry()
    metrics = AuditMetrics(registry)
    verified = {"previous_status": "pending", "status": "verified"}
    metrics.count(
        [
            entry(AuditAction.LOGIN, AuditOutcome.SUCCESS),
            entry(AuditAction.LOGIN, AuditOutcome.FAILURE, reason="INVALID_CREDENTIALS"),
            entry(AuditAction.LOGIN, AuditOutcome.FAILURE, reason="INVALID_CREDENTIALS"),
            entry(
                AuditAction.KYC_UPDATE,
                AuditOutcome.SUCCESS,
                reason="passport seen by Ada",
                details=verified,
            ),
            entry(AuditAction.KYC_SUBMIT, AuditOutcome.FAILURE, reason="X", details={}),
            entry(AuditAction.REGISTER, AuditOutcome.SUCCESS),
        ]
    )
    lines = told(registry)
    assert 'pandora_logins_total{outcome="success",reason=""} 1.0' in lines
    assert 'pandora_logins_total{outcome="failure",reason="INVALID_CREDENTIALS"} 2.0' in lines
    assert 'pandora_kyc_changes_total{outcome="success",status="verified"} 1.0' in lines
    assert 'pandora_kyc_changes_total{outcome="failure",status=""} 1.0' in lines
    assert 'pandora_audited_actions_total{action="user.register",outcome="success"} 1.0' in lines
    assert 'pandora_audited_actions_total{action="auth.login",outcome="failure"} 2.0' in lines
    assert "Ada" not in str(lines)


def test_a_login_with_a_second_factor_is_counted_when_it_is_complete() -> None:
    registry = CollectorRegistry()
    metrics = AuditMetrics(registry)
    required = {"second_factor": "required"}
    metrics.count(
        [
            entry(AuditAction.LOGIN, AuditOutcome.SUCCESS, details=required),
            entry(AuditAction.MFA_COMPLETE, AuditOutcome.FAILURE, reason="MFA_CODE_INVALID"),
            entry(AuditAction.MFA_COMPLETE, AuditOutcome.SUCCESS, details={"method": "totp"}),
        ]
    )
    lines = told(registry)
    assert 'pandora_logins_total{outcome="challenge",reason=""} 1.0' in lines
    assert 'pandora_logins_total{outcome="failure",reason="MFA_CODE_INVALID"} 1.0' in lines
    assert 'pandora_logins_total{outcome="success",reason=""} 1.0' in lines


def test_the_relay_tells_results_lag_and_backlog() -> None:
    registry = CollectorRegistry()
    metrics = RelayMetrics(registry)
    metrics.published([0.2, 3.0])
    metrics.failed("redis")
    metrics.held(1)
    metrics.lost(3)
    metrics.blocked(stream_full=True, memory_full=False)
    metrics.stream(40, {"gone": 2})
    metrics.stream(50, {"ledger": 8})
    metrics.backlog(7, 12.5)
    lines = told(registry)
    assert 'pandora_relay_results_total{cause="",result="published"} 2.0' in lines
    assert 'pandora_relay_results_total{cause="redis",result="failed"} 1.0' in lines
    assert 'pandora_relay_publish_lag_seconds_bucket{le="0.25"} 1.0' in lines
    assert "pandora_relay_publish_lag_seconds_count 2.0" in lines
    assert "pandora_relay_held_users 1.0" in lines
    assert "pandora_relay_lost_entries_total 3.0" in lines
    assert "pandora_relay_stream_full 1.0" in lines
    assert "pandora_relay_redis_memory_full 0.0" in lines
    assert "pandora_stream_entries 50.0" in lines
    assert 'pandora_stream_unread_entries{group="ledger"} 8.0' in lines
    assert 'pandora_stream_unread_entries{group="gone"}' not in " ".join(lines)
    assert "pandora_outbox_backlog_events 7.0" in lines
    assert "pandora_outbox_lag_seconds 12.5" in lines


def test_dependencies_are_up_or_down() -> None:
    registry = CollectorRegistry()
    metrics = DependencyMetrics(registry)
    metrics.dependency("postgres", is_up=True)
    metrics.dependency("vault", is_up=False)
    metrics.serving(True)  # noqa: FBT003 - a listener of one fact
    lines = told(registry)
    assert 'pandora_dependency_up{dependency="postgres"} 1.0' in lines
    assert 'pandora_dependency_up{dependency="vault"} 0.0' in lines
    assert "pandora_serving 1.0" in lines


@dataclass
class _Queue:
    waiting: int = 3
    running: int = 2
    refused: Mapping[str, int] = field(default_factory=lambda: {"queue_full": 5, "deadline": 4})
    wait_seconds: float = 0.25
    work_seconds: float = 0.02


@dataclass
class _Secrets:
    age_seconds: float = 1.5
    failures: Mapping[str, int] = field(default_factory=lambda: {"sealed": 4})
    rejected_count: int = 1


def test_live_numbers_are_read_at_every_scrape() -> None:
    registry = CollectorRegistry()
    live = LiveMetrics(registry)
    queue = _Queue()
    pool = {"pool_size": 5, "pool_available": 2, "pool_max": 10, "requests_waiting": 1}
    watch_hashing(live, queue)
    watch_postgres_pool(live, lambda: pool)
    watch_logs(live, lambda: 9)
    watch_secrets(live, _Secrets())
    lines = told(registry)
    for expected in (
        "pandora_hashing_waiting 3.0",
        "pandora_hashing_running 2.0",
        'pandora_hashing_refused_total{reason="queue_full"} 5.0',
        'pandora_hashing_refused_total{reason="deadline"} 4.0',
        "pandora_hashing_wait_seconds 0.25",
        "pandora_hashing_work_seconds 0.02",
        'pandora_postgres_pool_connections{state="idle"} 2.0',
        'pandora_postgres_pool_connections{state="used"} 3.0',
        "pandora_postgres_pool_waiting 1.0",
        "pandora_postgres_pool_max 10.0",
        "pandora_postgres_pool_errors_total 0.0",
        "pandora_log_lines_dropped_total 9.0",
        "pandora_vault_secrets_age_seconds 1.5",
        'pandora_vault_failed_reads_total{kind="sealed"} 4.0',
        "pandora_vault_rejected_secrets 1.0",
    ):
        assert expected in lines
    queue.waiting = 0
    assert "pandora_hashing_waiting 0.0" in told(registry)


def test_a_number_that_cannot_be_read_hides_no_other() -> None:
    registry = CollectorRegistry()
    live = LiveMetrics(registry)
    live.gauge("pandora_broken", "Fails.", lambda: 1 / 0)
    live.gauge("pandora_whole", "Works.", lambda: 1)
    with capture_logs() as lines:
        assert told(registry) == ["pandora_whole 1.0"]
    assert [(line["metric"], line["cause"]) for line in lines] == [
        ("pandora_broken", "ZeroDivisionError")
    ]


def test_two_registries_share_nothing() -> None:
    one, other = CollectorRegistry(), CollectorRegistry()
    DependencyMetrics(one).dependency("redis", is_up=True)
    DependencyMetrics(other)
    assert told(one) == ['pandora_dependency_up{dependency="redis"} 1.0', "pandora_serving 0.0"]
    assert told(other) == ["pandora_serving 0.0"]


def test_the_process_tells_of_itself() -> None:
    names = {line.partition(" ")[0] for line in told(new_registry())}
    assert {"process_resident_memory_bytes", "process_open_fds"} <= names


@pytest.mark.asyncio
async def test_numbers_are_told_over_http_as_text() -> None:
    registry = CollectorRegistry()
    DependencyMetrics(registry)
    server = await start_metrics_server(registry, host="127.0.0.1", port=0)
    try:
        text, content_type = await asyncio.to_thread(fetch, server.port)
        assert content_type.startswith("text/plain")
        assert "pandora_serving 0.0" in text
    finally:
        await server.close()


@pytest.mark.asyncio
async def test_a_port_that_is_taken_is_said_to_be() -> None:
    server = await start_metrics_server(CollectorRegistry(), host="127.0.0.1", port=0)
    try:
        with pytest.raises(MetricsPortUnavailable, match=f"port {server.port}"):
            await start_metrics_server(CollectorRegistry(), host="127.0.0.1", port=server.port)
    finally:
        await server.close()


@pytest.mark.asyncio
async def test_a_closed_server_gives_its_port_back() -> None:
    first = await start_metrics_server(CollectorRegistry(), host="127.0.0.1", port=0)
    port = first.port
    await first.close()
    second = await start_metrics_server(CollectorRegistry(), host="127.0.0.1", port=port)
    await second.close()


def test_the_age_of_the_signing_key_is_told() -> None:
    registry = CollectorRegistry()
    live = LiveMetrics(registry)
    watch_signing_key(live, lambda: 3600.0)
    lines = told(registry)
    assert "pandora_signing_key_age_seconds 3600.0" in lines
