"""A client of the REST door that names its requests, so that traces of them can be looked for."""

import json
import secrets
import ssl
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from devstack.certificates import Certificates
from tests.e2e.service import Service

CLIENT_ADDRESS: Final = "198.51.100.23"
"""Where the tests' client says it is (RFC 5737): an address that occurs nowhere else."""
USER_AGENT: Final = "pandora-e2e/1"
DEADLINE_SECONDS: Final = 30.0

_IN_ANSWERS: Final = frozenset(
    {
        "email", "access_token", "refresh_token", "challenge_token", "secret", "otpauth_uri",
        "recovery_codes",
    }
)  # fmt: skip
_IN_REQUESTS: Final = _IN_ANSWERS | {
    "password", "current_password", "new_password", "full_name", "token", "recovery_code",
}  # fmt: skip

_EVERYDAY: Final = frozenset({"password"})
"""Published test vectors of hashes have it as a password, and logs say it of other things."""


@dataclass(kw_only=True)
class Answer:
    """What came back. `trace_id` and `request_id` are those that the request was sent with."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    trace_id: str
    request_id: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the server says
        return json.loads(self.body)

    @property
    def reason(self) -> str | None:
        """The reason of a problem document."""
        reason: str | None = self.json.get("reason") if self.status >= 400 else None
        return reason


@dataclass(frozen=True, kw_only=True)
class Rest:
    """Calls the gateway; whatever nobody may read in a log it notes in `confidential`."""

    session: aiohttp.ClientSession
    url: str
    confidential: set[str] = field(repr=False)

    async def call(
        self,
        method: str,
        path: str,
        document: object = None,
        *,
        body: bytes | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a JSON document, or any bytes as if they were one."""
        trace_id, request_id = secrets.token_hex(16), str(uuid.uuid4())
        sent = {
            "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
            "x-request-id": request_id,
            "x-forwarded-for": CLIENT_ADDRESS,
            "user-agent": USER_AGENT,
        }
        if document is not None:
            body = json.dumps(document).encode()
        if body is not None:
            sent["content-type"] = "application/json"
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        async with self.session.request(
            method, self.url + path, data=body, headers={**sent, **(headers or {})}
        ) as response:
            answer = Answer(
                status=response.status,
                headers=response.headers,
                body=await response.read(),
                trace_id=trace_id,
                request_id=request_id,
            )
        self._note(document, token, answer)
        return answer

    async def get(self, path: str, *, token: str | None = None) -> Answer:
        return await self.call("GET", path, token=token)

    async def post(self, path: str, document: object, *, token: str | None = None) -> Answer:
        return await self.call("POST", path, document, token=token)

    def _note(self, document: object, token: str | None, answer: Answer) -> None:
        self.confidential.update(_values_of(document, _IN_REQUESTS))
        if token:
            self.confidential.add(token)
        if answer.headers.get("content-type", "").startswith("application/json"):
            self.confidential.update(_values_of(answer.json, _IN_ANSWERS))


def open_session(certificates: Certificates | None = None) -> aiohttp.ClientSession:
    """Return a session that opens as many connections as there are requests.

    By TLS it trusts the root of these certificates alone.
    """
    trust: ssl.SSLContext | bool = True
    if certificates is not None:
        trust = ssl.create_default_context(cafile=certificates.authority)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=trust),
        timeout=aiohttp.ClientTimeout(total=DEADLINE_SECONDS),
    )


@asynccontextmanager
async def open_rest(service: Service) -> AsyncIterator[Rest]:
    """Return a client of a service's REST door."""
    async with open_session(service.site.certificates) as session:
        yield Rest(session=session, url=service.site.gateway_url, confidential=service.confidential)


def _values_of(document: object, names: frozenset[str]) -> Iterable[str]:
    if isinstance(document, Mapping):
        for name, value in document.items():
            # Short texts and everyday words occur by chance, and say nothing.
            if name in names and isinstance(value, str) and len(value) > 7:
                if value.casefold() not in _EVERYDAY:
                    yield value
            elif name in names and isinstance(value, list):
                yield from (item for item in value if isinstance(item, str))
            yield from _values_of(value, names)
    elif isinstance(document, list):
        for item in document:
            yield from _values_of(item, names)
