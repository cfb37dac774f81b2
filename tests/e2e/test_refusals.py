"""Both doors refuse as the contract says, and a refusal leaves nothing half-written."""

from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.cast import Cast, gather_cast
from tests.e2e.grpc_door import DEADLINE_SECONDS, Stubs
from tests.e2e.grpc_refusals import GRPC_REFUSALS, GrpcRefusal
from tests.e2e.ledger import Snapshot, snapshot
from tests.e2e.rest import Rest
from tests.e2e.rest_refusals import REST_REFUSALS, RestRefusal
from tests.e2e.service import Service
from tests.unit.middleware.door import full_path
from tests.unit.transport.core_server import bearer, refused

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def gathered() -> dict[str, Cast]:
    """The cast, once somebody has gathered it."""
    return {}


@pytest_asyncio.fixture
async def cast(rest: Rest, service: Service, gathered: dict[str, Cast]) -> Cast:
    if not gathered:
        gathered["cast"] = await gather_cast(rest, service)
    return gathered["cast"]


@pytest.mark.parametrize("refusal", REST_REFUSALS.values(), ids=REST_REFUSALS)
async def test_rest_refuses_with_status_code_and_reason_and_writes_nothing(
    refusal: RestRefusal, cast: Cast, rest: Rest, service: Service
) -> None:
    before = snapshot(service)
    document = refusal.document
    if document is not None:
        document = {name: _filled(cast, value) for name, value in document.items()}
    answer = await rest.call(
        refusal.method,
        cast.fill(refusal.path),
        document,
        body=refusal.body,
        token=cast.tokens[refusal.caller] if refusal.caller else None,
        headers=refusal.headers,
    )

    problem = answer.json
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status, problem["code"]) == refusal.answer
    assert problem["reason"] == refusal.reason
    assert problem["status"] == answer.status
    assert problem["trace_id"] == answer.trace_id
    assert problem["title"]
    assert problem["detail"]
    if refusal.field is not None:
        assert refusal.field in {each["field"] for each in problem["violations"]}
    _assert_only_audited(before, snapshot(service), refusal.audit_rows)


@pytest.mark.parametrize("refusal", GRPC_REFUSALS.values(), ids=GRPC_REFUSALS)
async def test_grpc_refuses_with_code_and_reason_and_writes_nothing(
    refusal: GrpcRefusal, cast: Cast, stubs: Stubs, service: Service
) -> None:
    before = snapshot(service)
    call: Any = stubs.channel.unary_unary(full_path(refusal.method))
    metadata = bearer(cast.tokens[refusal.caller]) if refusal.caller else ()
    answer = await refused(
        call(refusal.bytes_for(cast), metadata=metadata, timeout=DEADLINE_SECONDS)
    )

    assert (answer.code, answer.reason) == (refusal.code, refusal.reason)
    assert answer.request is not None
    assert answer.request.request_id == answer.metadata["x-request-id"]
    if refusal.reason is not None:
        assert answer.info is not None
        assert answer.info.domain == "user.pandora.exchange"
    _assert_only_audited(before, snapshot(service), refusal.audit_rows)


def _assert_only_audited(before: Snapshot, after: Snapshot, audit_rows: int) -> None:
    assert after.tables == before.tables
    assert after.audit_rows - before.audit_rows == audit_rows


def _filled(cast: Cast, value: object) -> object:
    """Write an address in other letters than its owner did."""
    if isinstance(value, str) and "{" in value:
        return cast.fill(value).swapcase()
    return value
