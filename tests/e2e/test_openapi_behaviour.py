"""What the running service answers to concrete requests is what /openapi.json says of them."""

import re
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio

from tests.e2e.openapi_cases import DROP, INVALID, SOMEBODY, VALID, Case, path
from tests.e2e.people import PASSWORD, Person, administrator, new_person
from tests.e2e.rest import Answer, Rest
from tests.e2e.service import Service
from tests.unit.gateway.openapi_schema import is_valid

pytestmark = pytest.mark.asyncio

REFUSED_BY_FORM: Final = {"VALIDATION_FAILED", "MALFORMED_REQUEST", "ROUTE_NOT_FOUND"}


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """The document and the administrator, once they are there."""
    return {}


@pytest_asyncio.fixture
async def document(rest: Rest, known: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    if "document" not in known:
        known["document"] = (await rest.get("/openapi.json")).json
    return known["document"]


@pytest_asyncio.fixture
async def admin(rest: Rest, service: Service, known: dict[str, Any]) -> Person:
    if "admin" not in known:
        known["admin"] = await administrator(rest, service)
    person: Person = known["admin"]
    return person


@pytest.mark.parametrize("case", VALID, ids=str)
async def test_what_is_valid_is_not_refused_for_its_form(
    case: Case,
    rest: Rest,
    admin: Person,
    document: Any,  # noqa: ANN401 - JSON
) -> None:
    assert conforms(document, case), "the case itself"
    answer = await send(rest, document, case, admin.access_token)
    assert answer.reason not in REFUSED_BY_FORM, answer.body
    assert_described(document, case, answer)


@pytest.mark.parametrize("case", INVALID, ids=str)
async def test_what_is_invalid_is_refused(
    case: Case,
    rest: Rest,
    admin: Person,
    document: Any,  # noqa: ANN401 - JSON
) -> None:
    assert not conforms(document, case), "the case itself"
    answer = await send(rest, document, case, admin.access_token)
    assert answer.reason in REFUSED_BY_FORM, answer.body
    assert_described(document, case, answer)


async def test_without_a_token_every_operation_answers_as_described(
    rest: Rest,
    document: Any,  # noqa: ANN401 - JSON
) -> None:
    for name in operations(document):
        case = Case(operation=name)
        answer = await send(rest, document, case, None)
        assert_described(document, case, answer)
        needs_token = {} not in (operations(document)[name][2]["security"] or [{}])
        assert (answer.reason == "TOKEN_MISSING") >= needs_token, name


async def test_a_persons_own_answers_are_as_described(
    rest: Rest,
    document: Any,  # noqa: ANN401 - JSON
) -> None:
    person = await new_person(rest)
    for name, (method, _, described) in operations(document).items():
        if method == "get" and "x-roles" in described:
            case = path(name, user_id="me")
            assert_described(document, case, await send(rest, document, case, person.access_token))
    case = Case(
        operation="UserService_ChangePassword",
        body={"current_password": PASSWORD, "new_password": "Another-horse-battery-staple"},
    )
    answer = await send(rest, document, case, person.access_token)
    assert answer.status == 200
    assert_described(document, case, answer)


def operations(document: Any) -> dict[str, tuple[str, str, Any]]:  # noqa: ANN401 - JSON
    """Method, path and operation by name."""
    return {
        operation["operationId"]: (method, template, operation)
        for template, item in document["paths"].items()
        for method, operation in item.items()
    }


def resolve(document: Any, node: Any) -> Any:  # noqa: ANN401 - JSON
    while "$ref" in node:
        found = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def request_of(document: Any, case: Case) -> tuple[dict[str, str], Any]:  # noqa: ANN401 - JSON
    """The path variables and the body of a case."""
    operation = operations(document)[case.operation][2]
    parameters = [resolve(document, one) for one in operation.get("parameters", ())]
    variables = {one["name"]: str(one["example"]) for one in parameters if one["in"] == "path"}
    if "admin" in operation.get("x-roles", ()) and "user_id" in variables:
        variables["user_id"] = SOMEBODY
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return variables | dict(case.path), None
    body = content["application/json"]["example"] | dict(case.body)
    return variables | dict(case.path), {
        name: value for name, value in body.items() if value is not DROP
    }


def conforms(document: Any, case: Case) -> bool:  # noqa: ANN401 - JSON
    """Whether the document calls the request valid."""
    operation = operations(document)[case.operation][2]
    variables, body = request_of(document, case)
    for parameter in (resolve(document, one) for one in operation.get("parameters", ())):
        given = {"path": variables, "query": case.query}.get(parameter["in"], {})
        if parameter["name"] in given:
            value = given[parameter["name"]]
            if parameter["schema"].get("type") == "boolean":
                value = {"true": True, "false": False}.get(str(value), value)
            if not is_valid(parameter["schema"], value, document):
                return False
    if body is None:
        return True
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return is_valid(schema, body, document)


async def send(
    rest: Rest,
    document: Any,  # noqa: ANN401 - JSON
    case: Case,
    token: str | None,
) -> Answer:
    method, template, _ = operations(document)[case.operation]
    variables, body = request_of(document, case)
    target = re.sub(r"\{([^}]+)\}", lambda found: quote(variables[found[1]], safe=""), template)
    if case.query:
        target += "?" + urlencode(case.query)
    return await rest.call(method.upper(), target, body, token=token)


def assert_described(document: Any, case: Case, answer: Answer) -> None:  # noqa: ANN401 - JSON
    """The status, the media type, the body and the headers are ones that the document names."""
    operation = operations(document)[case.operation][2]
    assert str(answer.status) in operation["responses"], (case.operation, answer.status)
    response = resolve(document, operation["responses"][str(answer.status)])
    media_type = answer.headers["content-type"]
    schema = response["content"][media_type]["schema"]
    assert is_valid(schema, answer.json, document), (case.operation, answer.body)
    if answer.reason:
        assert answer.reason in response["x-reasons"], (case.operation, answer.reason)
    for name in ("X-Request-Id", "WWW-Authenticate", "Retry-After"):
        assert (name not in answer.headers) or name in response["headers"], name
