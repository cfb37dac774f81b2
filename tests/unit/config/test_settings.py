"""Settings are records that nobody changes behind another's back."""

import dataclasses

import pytest

from core.config.keys import catalogue, sections
from core.config.loading import load
from core.config.settings import Settings


def test_no_setting_can_be_changed_after_loading() -> None:
    settings = load({"APP_ENV": "dev"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.core.port = 1  # type: ignore[misc]


def test_each_number_of_time_or_size_names_its_unit() -> None:
    units = ("_seconds", "_days", "_months", "_bytes", "_kib")
    plain = {
        "core.port",
        "core.health_port",
        "core.metrics_port",
        "relay.metrics_port",
        "core.workers",
        "core.worker_port",
        "postgres.port",
        "redis.port",
        "postgres.pool_min_size",
        "postgres.pool_max_size",
        "tokens.refresh_reuse_limit",
        "mfa.challenge_max_failures",
        "passwords.min_length",
        "passwords.time_cost",
        "passwords.parallelism",
        "passwords.hashing_threads",
        "passwords.queue_limit",
        "throttling.account_delay_from_failure",
        "throttling.address_delay_from_failure",
        "throttling.most_failures",
        "relay.batch_size",
        "relay.stream_max_length",
        "consumer.metrics_port",
        "consumer.batch_size",
        "consumer.max_deliveries",
        "mail.metrics_port",
        "mail.smtp_port",
        "mail.workers",
        "mail.max_refusals",
        "audit.metrics_port",
        "audit.months_ahead",
        "audit.most_exports",
        "audit.seal_max_rows",
        "audit.verify_workers",
        "maintenance.batch_size",
        "telemetry.sampling_ratio",
    }
    numbers = {path for path, key in catalogue().items() if key.kind in {int, float}}
    assert {path for path in numbers if not path.endswith(units)} == plain


def test_every_number_has_bounds() -> None:
    for path, key in catalogue().items():
        if key.kind in {int, float}:
            assert key.rules, path


def test_every_default_obeys_its_own_rules() -> None:
    for key in catalogue().values():
        if not key.required and key.default is not None:
            assert all(rule.complaint(key.default) is None for rule in key.rules), key.path


def test_every_section_is_a_frozen_record_with_a_docstring() -> None:
    for record in (Settings, *sections().values()):
        assert record.__doc__
        assert record.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert hasattr(record, "__slots__")
