"""Core and gateway by TLS: who is let in, who is not, and certificates replaced under traffic."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import grpc
import pytest

from devstack.certificate_authority import CertificateAuthority
from devstack.certificates import GATEWAY_CLIENT, IDENTITIES, SERVICE_CLIENT, Certificates
from devstack.ports import HOST, free_port
from devstack.service_environment import CORE_PORT, GATEWAY_PORT
from devstack.stack import Stack
from devstack.tls_settings import channel_credentials
from pandora.user.v1 import user_service_pb2, user_service_pb2_grpc
from tests.e2e.grpc_door import Stubs, open_channel
from tests.e2e.people import Person, administrator, log_in, new_person, refresh
from tests.e2e.processes import Process
from tests.e2e.rest import open_rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.postgres_client import until
from tests.servers import Servers
from tests.tls.bad_certificates import StrangeAuthority

pytestmark = [pytest.mark.long, pytest.mark.asyncio]

_BELIEVED = {
    "PANDORA_GATEWAY__TRUSTED_PROXIES": "127.0.0.0/8",
    "PANDORA_VAULT__REFRESH_INTERVAL_SECONDS": "1",
}
_DEADLINE_SECONDS = 20.0


@pytest.fixture(scope="module")
def service(tls_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with (
        new_site(tls_servers, folder, settings=_BELIEVED) as site,
        running_service(site) as service,
    ):
        yield service


def _port(service: Service, variable: str) -> int:
    return service.site.ports.by_variable[variable]


async def _refused(service: Service, credentials: grpc.ChannelCredentials | None) -> str:
    """Return what a call is told that cannot reach the core."""
    address = service.site.core_address
    opened = (
        grpc.aio.insecure_channel(address)
        if credentials is None
        else grpc.aio.secure_channel(address, credentials)
    )
    async with opened as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await Stubs(channel).serving()
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    return str(refusal.value.details())


async def test_the_core_lets_nobody_in_without_a_certificate_of_its_authority(
    service: Service, certificates: Certificates, tmp_path: Path
) -> None:
    authority = certificates.authority.read_bytes()
    strange = StrangeAuthority().issue(SERVICE_CLIENT, Certificates(tmp_path).of("strange"))
    own = certificates.of(SERVICE_CLIENT.name)
    await _refused(service, None)
    await _refused(service, grpc.ssl_channel_credentials(authority))
    await _refused(
        service,
        grpc.ssl_channel_credentials(
            authority, strange.key.read_bytes(), strange.certificate.read_bytes()
        ),
    )
    # A server's certificate is of the same authority, and no caller's.
    await _refused(service, channel_credentials(certificates, "gateway"))
    stranger = StrangeAuthority().write_root(tmp_path / "root.pem").read_bytes()
    told = await _refused(
        service,
        grpc.ssl_channel_credentials(stranger, own.key.read_bytes(), own.certificate.read_bytes()),
    )
    assert "CERTIFICATE_VERIFY_FAILED" in told
    async with open_channel(service.site, SERVICE_CLIENT.name) as channel:
        assert await Stubs(channel).serving()


async def test_a_service_is_known_by_its_certificate_and_the_gateway_is_none(
    service: Service,
) -> None:
    async with open_rest(service) as rest:
        person = await new_person(rest)
        assert (await rest.get(f"/v1/users/{person.id}")).reason == "TOKEN_MISSING"
    request = user_service_pb2.GetUserRequest(user_id=person.id)
    async with open_channel(service.site, SERVICE_CLIENT.name) as channel:
        answer = await user_service_pb2_grpc.UserServiceStub(channel).GetUser(request)
        assert answer.user.id == person.id
    async with open_channel(service.site, GATEWAY_CLIENT.name) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await user_service_pb2_grpc.UserServiceStub(channel).GetUser(request)
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_the_gateway_answers_by_tls_alone_and_not_for_another_host(
    service: Service, certificates: Certificates, tmp_path: Path
) -> None:
    port = _port(service, GATEWAY_PORT)
    strange = StrangeAuthority().write_root(tmp_path / "root.pem")
    url = f"https://{HOST}:{port}/healthz"
    right = ssl.create_default_context(cafile=certificates.authority)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{HOST}:{port}/healthz")
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(url, ssl=ssl.create_default_context(cafile=strange))
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(url, ssl=right, server_hostname="elsewhere.example")
        async with session.get(f"https://localhost:{port}/healthz", ssl=right) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("wrong", ["stranger", "plaintext"])
async def test_a_gateway_that_cannot_be_sure_of_its_core_is_not_ready(
    service: Service, tmp_path: Path, wrong: str
) -> None:
    site, port = service.site, free_port()
    environment = site.environment("gateway") | {
        "GATEWAY_PORT": str(port),
        "PANDORA_GATEWAY__METRICS_PORT": "0",
    }
    if wrong == "stranger":
        strange = StrangeAuthority().write_root(tmp_path / "root.pem")
        environment["PANDORA_GATEWAY__CORE_CA_FILE"] = str(strange)
    else:
        for name in ("CA", "CERTIFICATE", "KEY"):
            del environment[f"PANDORA_GATEWAY__CORE_{name}_FILE"]
    process = Process(["gateway"], environment, tmp_path)
    url = f"https://{HOST}:{port}"
    assert site.certificates is not None
    context = ssl.create_default_context(cafile=site.certificates.authority)
    try:
        async with aiohttp.ClientSession() as session:

            async def alive() -> bool:
                try:
                    async with session.get(f"{url}/healthz", ssl=context) as answer:
                        return answer.status == 200
                except aiohttp.ClientConnectionError:
                    assert process.runs, process.stderr
                    return False

            await until(alive)
            async with session.get(f"{url}/readyz", ssl=context) as answer:
                assert answer.status == 503
    finally:
        await asyncio.to_thread(process.stop)


@dataclass(kw_only=True)
class Traffic:
    """Requests of every kind, by connections that last and by new ones, until told to end."""

    service: Service
    person: Person
    failures: list[str] = field(default_factory=list)
    sent: int = 0

    async def flow(self, enough: asyncio.Event) -> None:
        async with open_rest(self.service) as lasting:
            token = self.person.access_token
            refresh_token = self.person.refresh_token
            while not enough.is_set():
                renewed = await refresh(lasting, refresh_token)
                self._note(renewed.status, renewed.body)
                refresh_token = renewed.json["refresh_token"]
                answer = await lasting.get("/v1/users/me", token=token)
                self._note(answer.status, answer.body)
                async with open_rest(self.service) as new:
                    answer = await new.get("/v1/users/me", token=token)
                    self._note(answer.status, answer.body)
                async with open_channel(self.service.site, SERVICE_CLIENT.name) as channel:
                    stub = user_service_pb2_grpc.UserServiceStub(channel)
                    await stub.GetUser(user_service_pb2.GetUserRequest(user_id=self.person.id))
                    self.sent += 1

    def _note(self, status: int, body: bytes) -> None:
        self.sent += 1
        if status != 200:
            self.failures.append(f"{status} {body!r}")


async def test_every_certificate_is_replaced_under_traffic_and_no_request_fails(
    service: Service, tls_stack: Stack, certificates: Certificates
) -> None:
    processes = {name: each.identity for name, each in service.processes.items()}
    async with open_rest(service) as rest:
        people = [await new_person(rest) for _ in range(3)]
        admin = await administrator(rest, service)
    before = {port: _shown(service, port) for port in (CORE_PORT, GATEWAY_PORT)}
    traffic = [Traffic(service=service, person=person) for person in people]
    enough = asyncio.Event()
    flows = [asyncio.create_task(each.flow(enough)) for each in traffic]
    try:
        await until(_has_sent(traffic, 20), deadline_seconds=_DEADLINE_SECONDS)
        authority = CertificateAuthority(tls_stack.openbao.client(), certificates)
        for identity in IDENTITIES:
            await asyncio.to_thread(authority.issue, identity, certificates.of(identity.name))
        await asyncio.to_thread(tls_stack.openbao.show_new_certificate)
        for port, old in before.items():

            async def is_new(port: str = port, old: str = old) -> bool:
                return await asyncio.to_thread(_shown, service, port) != old

            await until(is_new, deadline_seconds=_DEADLINE_SECONDS)
        sent = sum(each.sent for each in traffic)
        await until(_has_sent(traffic, sent + 50), deadline_seconds=_DEADLINE_SECONDS)
    finally:
        enough.set()
        await asyncio.gather(*flows)
    assert [failure for each in traffic for failure in each.failures] == []
    assert {name: each.identity for name, each in service.processes.items()} == processes
    async with open_rest(service) as rest:
        assert (await log_in(rest, people[0].email)).status == 200
        assert (await rest.get("/v1/users", token=admin.access_token)).status == 200


def _has_sent(traffic: list[Traffic], count: int) -> Callable[[], Awaitable[bool]]:
    async def has() -> bool:
        return sum(each.sent for each in traffic) >= count

    return has


def _shown(service: Service, port: str) -> str:
    """Return the certificate that a door shows; the core shows it before it asks for one."""
    return ssl.get_server_certificate((HOST, _port(service, port)))
