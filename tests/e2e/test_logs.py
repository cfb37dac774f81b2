"""Logs are JSON, tell which request they speak of, and hold nothing that nobody may read."""

import json

import pytest

from pandora.user.v1 import auth_service_pb2
from tests.e2e.grpc_door import DEADLINE_SECONDS, Stubs
from tests.e2e.ledger import rows
from tests.e2e.people import log_in, new_email, new_person, refresh
from tests.e2e.processes import Process
from tests.e2e.rest import CLIENT_ADDRESS, Answer, Rest
from tests.e2e.service import Service
from tests.postgres_client import until
from tests.unit.transport.core_server import refused

pytestmark = pytest.mark.asyncio


async def _tour(rest: Rest, stubs: Stubs, service: Service) -> Answer:
    """Let everything confidential come by once; return the last answer."""
    person = await new_person(rest)
    token = person.access_token
    await log_in(rest, person.email, "a wrong password of mine")
    await log_in(rest, new_email(), "another password of mine")
    await rest.call("PATCH", "/v1/users/me", {"full_name": "Ada Augusta Byron"}, token=token)
    await refresh(rest, person.refresh_token)
    await refresh(rest, person.refresh_token)
    await rest.get(f"/v1/users?query={person.email}", token=token)
    await rest.call("POST", f"/v1/auth/{person.email}", {"email": person.email})
    await rest.call("POST", "/v1/auth/login", body=b'{"email": "' + person.email.encode())
    by_grpc = auth_service_pb2.LoginRequest(email=person.email, password="my third password")
    service.confidential.add(by_grpc.password)
    await refused(stubs.auth.Login(by_grpc, timeout=DEADLINE_SECONDS))
    return await rest.get("/v1/users/me", token=token)


async def _until_logged(process: Process, request_id: str) -> None:
    async def is_logged() -> bool:
        return any(line.get("request_id") == request_id for line in process.log)

    await until(is_logged)


async def test_no_log_holds_an_address_a_password_a_token_a_hash_or_a_key(
    rest: Rest, stubs: Stubs, service: Service
) -> None:
    last = await _tour(rest, stubs, service)
    for process in (service.gateway, service.core):
        await _until_logged(process, last.request_id)

    stored = rows(
        service,
        "SELECT email FROM users UNION SELECT email_key FROM users"
        " UNION SELECT hashed_password FROM users UNION SELECT token FROM refresh_tokens",
    )
    forbidden = {str(text) for (text,) in stored} | service.confidential
    forbidden |= service.site.secret_texts() | {CLIENT_ADDRESS}
    assert len(forbidden) > 50
    for process in service.processes.values():
        written = process.stdout.casefold()
        assert not [text for text in forbidden if text.casefold() in written]
        assert process.stderr == ""


async def test_every_line_is_json_and_every_request_is_told_with_its_ids(
    rest: Rest, stubs: Stubs, service: Service
) -> None:
    last = await _tour(rest, stubs, service)
    for process in (service.gateway, service.core):
        await _until_logged(process, last.request_id)

    for process in service.processes.values():
        for line in process.log:
            assert line.keys() >= {"timestamp", "level", "event"}
    for process, event in ((service.gateway, "request"), (service.core, "call")):
        told = [line for line in process.log if line["event"] == event]
        assert told
        assert all(len(bytes.fromhex(line["trace_id"])) == 16 for line in told)
        assert all(line["request_id"] for line in told)
        (of_last,) = (line for line in told if line["request_id"] == last.request_id)
        assert of_last["trace_id"] == last.trace_id
    network = json.dumps("198.51.100.0/24")
    assert network in service.gateway.stdout
