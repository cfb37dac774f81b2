"""Two clients of the gRPC door: grpcurl, which knows nothing of the contract, and the stubs."""

import asyncio
import json
import re
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from devstack.certificates import GATEWAY_CLIENT
from devstack.tls_settings import channel_credentials
from pandora.user.v1 import (
    audit_service_pb2_grpc,
    auth_service_pb2_grpc,
    kyc_service_pb2_grpc,
    session_service_pb2_grpc,
    user_service_pb2_grpc,
)
from tests.e2e.site import Site

DEADLINE_SECONDS: Final = 30.0
SERVING: Final = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING

_PACKAGE: Final = "pandora.user.v1."


class GrpcurlFailed(Exception):
    """grpcurl printed an error; `text` is all of it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    @property
    def code(self) -> str:
        """The status code as grpcurl spells it, such as `Unauthenticated`."""
        found = re.search(r"Code: (\w+)", self.text)
        return found[1] if found else ""

    @property
    def details(self) -> list[dict[str, Any]]:
        """The details of the status, read by reflection, each with its `@type`."""
        shown = re.findall(r"^\s*\d+\)\s+(\{.*?\n?\})\s*$", self.text, re.DOTALL | re.MULTILINE)
        return [json.loads(each) for each in shown]


@dataclass(frozen=True, kw_only=True)
class Grpcurl:
    """Runs the real program; each call begins a trace of its own, kept in `trace_ids`."""

    site: Site
    confidential: set[str] = field(repr=False)
    trace_ids: list[str] = field(default_factory=list)

    async def ask(self, *arguments: str, flags: Sequence[str] = ()) -> str:
        """Return what grpcurl prints.

        Raises:
            GrpcurlFailed: it ended with an error.
        """
        program = shutil.which("grpcurl", path=str(Path(sys.executable).parent))
        assert program is not None
        process = await asyncio.create_subprocess_exec(
            program,
            *self._way(),
            *flags,
            self.site.core_address,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(DEADLINE_SECONDS):
            output, errors = await process.communicate()
        if process.returncode != 0:
            raise GrpcurlFailed(errors.decode())
        return output.decode()

    def _way(self) -> Sequence[str]:
        if self.site.certificates is None:
            return ["-plaintext"]
        files = self.site.certificates.of(GATEWAY_CLIENT.name)
        return [
            f"-cacert={self.site.certificates.authority}",
            f"-cert={files.certificate}",
            f"-key={files.key}",
        ]

    async def call(
        self, method: str, request: dict[str, Any] | None = None, *, token: str = ""
    ) -> Any:  # noqa: ANN401 - JSON of whatever form
        """Call `Service/Method` and return the answer; errors as `ask`."""
        self.trace_ids.append(secrets.token_hex(16))
        traceparent = f"00-{self.trace_ids[-1]}-{secrets.token_hex(8)}-01"
        flags = [f"-d={json.dumps(request or {})}", f"-H=traceparent: {traceparent}"]
        if token:
            flags.append(f"-H=authorization: Bearer {token}")
            self.confidential.add(token)
        return json.loads(await self.ask(_PACKAGE + method, flags=flags))


class Stubs:
    """The generated stubs on one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.channel = channel
        self.auth = auth_service_pb2_grpc.AuthServiceStub(channel)
        self.users = user_service_pb2_grpc.UserServiceStub(channel)
        self.sessions = session_service_pb2_grpc.SessionServiceStub(channel)
        self.kyc = kyc_service_pb2_grpc.KycServiceStub(channel)
        self.audit = audit_service_pb2_grpc.AuditServiceStub(channel)
        self.health: Any = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]

    async def serving(self, service: str = "") -> bool:
        """Ask the health service."""
        request = health_pb2.HealthCheckRequest(service=service)
        answer = await self.health.Check(request, timeout=DEADLINE_SECONDS)
        return bool(answer.status == SERVING)


def open_channel(site: Site, caller: str = GATEWAY_CLIENT.name) -> grpc.aio.Channel:
    """Open a channel to a core, where there is TLS with the certificate of `caller`.

    The tests' machine is believed to be a gateway, by its address or by its certificate.
    """
    if site.certificates is None:
        return grpc.aio.insecure_channel(site.core_address)
    credentials = channel_credentials(site.certificates, caller)
    return grpc.aio.secure_channel(site.core_address, credentials)


@asynccontextmanager
async def open_stubs(site: Site) -> AsyncIterator[Stubs]:
    """Connect to a core that is expected to be there."""
    async with open_channel(site) as channel:
        yield Stubs(channel)
