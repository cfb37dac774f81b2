"""The running service: one for all tests of a worker that leave it as it is, one for the others."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from devstack.stack import Stack
from devstack.temporary import temporary_stack
from tests.e2e.collector import Collector, collecting
from tests.e2e.grpc_door import Stubs, open_stubs
from tests.e2e.rest import Rest, open_rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import Site, new_site
from tests.servers import TLS, Servers, start_servers
from tests.unit.geo.country_files import write_countries

# The tests' client is a proxy that is believed, so that its people come from somewhere else.
_BELIEVED = {"PANDORA_GATEWAY__TRUSTED_PROXIES": "127.0.0.0/8"}
# Tests that let requests wait for each other release them in their own time.
_PATIENT = {
    "PANDORA_POSTGRES__LOCK_TIMEOUT_SECONDS": "9",
    "PANDORA_POSTGRES__STATEMENT_TIMEOUT_SECONDS": "9",
    # A crowd is refused sooner and waits longer than usual: hashing yields to everything else on a
    # machine, and a machine that tests in parallel has much else to do.
    "PANDORA_PASSWORDS__QUEUE_LIMIT": "16",
    "PANDORA_GATEWAY__REQUEST_TIMEOUT_SECONDS": "25",
}
COUNTRIES = {"198.51.100.0/24": "AT", "2001:db8:ffff::/48": "AT", "2001:db8:aaaa::/48": "JP"}
_SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}  # milliseconds
# A server that has stopped answering is waited for as long as this, by every test of it.
_IMPATIENT = {
    "PANDORA_POSTGRES__STATEMENT_TIMEOUT_SECONDS": "2",
    "PANDORA_RELAY__BACKLOG_INTERVAL_SECONDS": "0.1",
    "PANDORA_VAULT__REFRESH_INTERVAL_SECONDS": "1",
}


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the shared service sends its spans."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
def service(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory, collector: Collector
) -> Iterator[Service]:
    """The shared service. Never stop it, nor what it stands on: `own_service`."""
    folder = tmp_path_factory.mktemp("service")
    countries = write_countries(folder / "countries.mmdb", COUNTRIES)
    places = {
        "PANDORA_TELEMETRY__OTLP_ENDPOINT": collector.endpoint,
        "PANDORA_GEO__DATABASE_FILE": str(countries),
    }
    with (
        new_site(servers, folder, settings=_BELIEVED | _PATIENT | places, beside=_SOON) as site,
        running_service(site) as service,
    ):
        yield service


@pytest_asyncio.fixture
async def rest(service: Service) -> AsyncIterator[Rest]:
    """A client of the shared service's REST door."""
    async with open_rest(service) as rest:
        yield rest


@pytest_asyncio.fixture
async def stubs(service: Service) -> AsyncIterator[Stubs]:
    """The stubs on the shared service's gRPC door."""
    async with open_stubs(service.site) as stubs:
        yield stubs


@pytest.fixture
def site(servers: Servers, tmp_path: Path) -> Iterator[Site]:
    """A place on the shared servers, on which a test runs what it likes."""
    with new_site(servers, tmp_path, settings=_BELIEVED) as site:
        yield site


@pytest.fixture(scope="session")
def _own_servers() -> Iterator[Servers]:
    with temporary_stack(tls=TLS) as stack:
        yield start_servers(stack)


@pytest.fixture(scope="session")
def _own_service(
    _own_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("own")
    with (
        new_site(_own_servers, folder, settings=_BELIEVED | _IMPATIENT) as site,
        running_service(site, is_seeded=False) as service,
    ):
        yield service


@pytest.fixture
def own_servers(_own_servers: Servers) -> Iterator[Servers]:
    """Servers to be stopped, killed, paused and sealed; they are put right after each test."""
    yield _own_servers
    _put_right(_own_servers.stack)


@pytest.fixture
def own_service(own_servers: Servers, _own_service: Service) -> Service:
    """A service on such servers; it finds back by itself."""
    del own_servers
    _own_service.await_ready()
    return _own_service


@pytest_asyncio.fixture
async def own_rest(own_service: Service) -> AsyncIterator[Rest]:
    """A client of that service's REST door."""
    async with open_rest(own_service) as rest:
        yield rest


@pytest_asyncio.fixture
async def own_stubs(own_service: Service) -> AsyncIterator[Stubs]:
    """The stubs on that service's gRPC door."""
    async with open_stubs(own_service.site) as stubs:
        yield stubs


def _put_right(stack: Stack) -> None:
    for server in (stack.postgres, stack.valkey, stack.openbao):
        server.resume()
    stack.start()
