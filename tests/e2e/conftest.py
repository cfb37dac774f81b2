"""The running service: one for all tests of a worker that do not disturb each other."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.e2e.collector import Collector, collecting
from tests.e2e.rest import Rest, open_session
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.servers import Servers
from tests.unit.geo.country_files import write_countries

# The tests' client is a proxy that is believed, so that its people come from somewhere else.
_BELIEVED = {"PANDORA_GATEWAY__TRUSTED_PROXIES": "127.0.0.0/8"}
COUNTRIES = {"198.51.100.0/24": "AT", "2001:db8:ffff::/48": "AT", "2001:db8:aaaa::/48": "JP"}

_SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}  # milliseconds


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the shared service sends its spans."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
def service(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[Service]:
    """The shared service. Never stop it, nor what it stands on."""
    folder = tmp_path_factory.mktemp("service")
    countries = write_countries(folder / "countries.mmdb", COUNTRIES)
    settings = _BELIEVED | {
        "PANDORA_TELEMETRY__OTLP_ENDPOINT": collector.endpoint,
        "PANDORA_GEO__DATABASE_FILE": str(countries),
    }
    with new_site(servers, folder, settings=settings, beside=_SOON) as site:
        with running_service(site) as service:
            yield service


@pytest_asyncio.fixture
async def rest(service: Service) -> AsyncIterator[Rest]:
    """A client of the shared service's REST door."""
    async with open_session() as session:
        yield Rest(session=session, url=service.site.gateway_url, confidential=service.confidential)
