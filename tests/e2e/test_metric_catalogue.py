"""What rules and dashboards may name is what running processes tell."""

import asyncio
import re
from collections.abc import Sequence

import pytest
from prometheus_client.parser import text_string_to_metric_families

from devstack.service_environment import (
    AUDIT_METRICS_PORT,
    CONSUMER_METRICS_PORT,
    CORE_METRICS_PORT,
    GATEWAY_METRICS_PORT,
    MAIL_METRICS_PORT,
    RELAY_METRICS_PORT,
)
from tests.e2e.people import log_in, new_person
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tools.watching.catalogue import Catalogue, own_series

pytestmark = pytest.mark.asyncio

_PARTS = ("_bucket", "_sum", "_count", "_total", "")
_ONLY_WITH_TLS = frozenset(
    {
        "pandora_tls_certificate_expiry_timestamp_seconds",
        "pandora_tls_certificate_reload_failures_total",
    }
)
_ONLY_WITH_DYNAMIC_LOGINS = frozenset(
    {"pandora_database_login_seconds", "pandora_database_login_failures_total"}
)
_ONLY_WITH_WORKERS = re.compile(r"pandora_(gateway_)?worker(s|_restarts|_requests)_")
_PORTS = (
    CORE_METRICS_PORT,
    GATEWAY_METRICS_PORT,
    RELAY_METRICS_PORT,
    CONSUMER_METRICS_PORT,
    MAIL_METRICS_PORT,
    AUDIT_METRICS_PORT,
)


async def test_the_catalogue_of_series_is_what_running_processes_tell(
    rest: Rest, service: Service
) -> None:
    person = await new_person(rest)
    await log_in(rest, person.email, "a wrong password")
    catalogue = await asyncio.to_thread(own_series)
    families: set[str] = set()
    for port in _PORTS:
        async with rest.session.get(service.site.metrics_url(port)) as response:
            for family in text_string_to_metric_families(await response.text()):
                if family.name.startswith("pandora_") and not family.name.endswith("_created"):
                    families.add(family.name)
                    _agree(family.samples, catalogue)
    named = {
        name
        for name in catalogue
        if name.startswith("pandora_") and not _ONLY_WITH_WORKERS.match(name)
    }
    named -= _ONLY_WITH_TLS | _ONLY_WITH_DYNAMIC_LOGINS
    told = {f"{family}{part}" for family in families for part in _PARTS}
    assert named - told == set()
    assert [family for family in families if not _is_named(family, catalogue)] == []


def _agree(samples: Sequence[object], catalogue: Catalogue) -> None:
    for sample in samples:
        name, labels = str(getattr(sample, "name", "")), getattr(sample, "labels", {})
        assert frozenset(labels) == catalogue.get(name), name


def _is_named(family: str, catalogue: Catalogue) -> bool:
    return any(f"{family}{part}" in catalogue for part in _PARTS)
