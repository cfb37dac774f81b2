"""The OpenAPI document says of every route what the contract says."""

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.contract import load_services, rpcs_of
from gateway.openapi.comments import Comments
from gateway.openapi.reasons import Reasons
from gateway.problem import STATUS_OF_CODE
from pandora.user.v1 import error_reason_pb2
from tests.unit.gateway.openapi_schema import Operation, document, is_valid, operations, resolve
from tests.unit.promised_rpcs import PROMISES

OPERATIONS = {operation.name: operation for operation in operations()}
OWN = {"/healthz", "/readyz", "/openapi.json"}


@pytest.fixture(params=OPERATIONS.values(), ids=list(OPERATIONS))
def operation(request: pytest.FixtureRequest) -> Operation:
    found: Operation = request.param
    return found


def test_is_openapi_3_1() -> None:
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []
    assert document()["openapi"].startswith("3.1.")


def test_describes_every_route_and_no_other() -> None:
    routes = {
        (binding.template, binding.method.lower())
        for rpc in rpcs_of(load_services())
        for binding in rpc.bindings
    }
    described = {(path, method) for path, item in document()["paths"].items() for method in item}
    assert described == routes | {(path, "get") for path in OWN}


def test_every_operation_has_a_name_and_words(operation: Operation) -> None:
    service, method = operation.rpc.name.split(".")[-2:]
    assert operation.name == f"{service}_{method}"
    assert operation.described["tags"] == [service.removesuffix("Service")]
    assert operation.described["summary"]
    assert operation.described["description"].startswith(operation.described["summary"])


def test_every_field_has_words() -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document()["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description") and "$ref" not in described
    ]
    assert silent == []


def test_says_who_may_call(operation: Operation) -> None:
    promise = PROMISES[operation.rpc.name.removeprefix("pandora.user.v1.")]
    described = operation.described
    assert set(described["x-roles"]) == promise.callers
    assert described["x-never-self"] == promise.never_on_oneself
    assert described["x-recent-authentication"] == promise.after_recent_login
    security = described["security"]
    if "anyone" not in promise.callers:
        assert security == [{"bearerAuth": []}]
        assert {"401", "403"} <= set(described["responses"])
    elif operation.name == "AuthService_Logout":
        assert security == [{}, {"bearerAuth": []}], "a token is looked at where there is one"
    else:
        assert security == []


def test_answers_with_the_promised_status(operation: Operation) -> None:
    promise = PROMISES[operation.rpc.name.removeprefix("pandora.user.v1.")]
    successes = [status for status in operation.described["responses"] if status < "300"]
    assert successes == [str(promise.status)]


def test_refuses_in_problem_documents(operation: Operation) -> None:
    refusals = {
        int(status): resolve(response)
        for status, response in operation.described["responses"].items()
        if status >= "400"
    }
    assert {400, 413, 429, 431, 500, 503, 504} <= set(refusals)
    assert (415 in refusals) == (operation.binding.body != "")
    assert (409 in refusals) >= operation.rpc.has_side_effects
    for status, refusal in refusals.items():
        content = refusal["content"]["application/problem+json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert content["example"]["status"] == status
        assert ("Retry-After" in refusal["headers"]) == (status in {429, 503})
        assert ("WWW-Authenticate" in refusal["headers"]) == (status == 401)
        assert "X-Request-Id" in refusal["headers"]


def test_names_every_reason_that_its_comment_names(operation: Operation) -> None:
    comment = operation.described["description"]
    known = set(document()["components"]["schemas"]["ErrorReason"]["enum"])
    said = {
        reason
        for response in operation.described["responses"].values()
        for reason in resolve(response).get("x-reasons", ())
    }
    assert set(re.findall(r"[A-Z_]{4,}", comment)) & known <= said


def test_takes_an_idempotency_key_where_the_contract_does(operation: Operation) -> None:
    accepted = operation.rpc.access.idempotency_keys == 1
    parameters = [resolve(parameter)["name"] for parameter in operation.described["parameters"]]
    assert ("Idempotency-Key" in parameters) == accepted
    if accepted:
        reasons = resolve(operation.described["responses"]["400"])["x-reasons"]
        assert "IDEMPOTENCY_KEY_REUSED" in reasons


def test_a_body_that_must_say_something_is_required(operation: Operation) -> None:
    body = operation.described.get("requestBody")
    if body is not None:
        schema = body["content"]["application/json"]["schema"]
        assert body["required"] == (not is_valid(schema, {}))


def test_examples_are_valid_by_their_own_schemas() -> None:
    examples = list(_examples(document(), ""))
    assert len(examples) > 100
    for place, schema, example in examples:
        assert is_valid(schema, example), (place, example)


def test_every_body_and_every_answer_has_an_example(operation: Operation) -> None:
    contents = [operation.described["responses"][str(operation.rpc.success_status)]["content"]]
    if "requestBody" in operation.described:
        contents.append(operation.described["requestBody"]["content"])
    for content in contents:
        assert all("example" in media for media in content.values())


def test_the_lines_of_a_stream_have_an_example_that_is_valid() -> None:
    content = document()["paths"]["/v1/audit-events:export"]["get"]["responses"]["200"]["content"]
    (lines,) = content.values()
    (line,) = lines["example"].splitlines()
    assert is_valid(lines["x-itemSchema"], json.loads(line))


def test_every_reason_of_the_contract_has_a_code_that_http_knows() -> None:
    reasons = Reasons(Comments.load("pandora.user.v1"))
    named = {
        name.removeprefix("ERROR_REASON_")
        for name, number in error_reason_pb2.ErrorReason.items()
        if number
    }
    assert set(reasons.comments) == named | {"INTERNAL", "UNIMPLEMENTED", "DEADLINE_EXCEEDED"}
    assert all(reasons.comments.values())
    assert {reasons.code(reason) for reason in named} <= set(STATUS_OF_CODE)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(document()))):
        assert resolve({"$ref": reference})


def _examples(node: Any, place: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(node, dict):
        if "example" in node:
            yield place, node.get("schema", node), node["example"]
        for name, member in node.items():
            if name not in {"example", "properties"}:
                yield from _examples(member, f"{place}/{name}")
    elif isinstance(node, list):
        for index, member in enumerate(node):
            yield from _examples(member, f"{place}/{index}")
