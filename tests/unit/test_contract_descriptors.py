"""Each RPC's promises, read from the descriptors as the core and the gateway read them."""

import importlib
import pkgutil
import re
from collections.abc import Iterable
from typing import Any

import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

import pandora.user.v1
from buf.validate import validate_pb2
from pandora.options.v1 import access_pb2
from tests.unit.promised_rpcs import PROMISES

_SECRET = re.compile(r"(.*_)?(token|secret|password|codes?|uri)")
"""Fields of answers that only the one who called may ever see."""

FILES = [
    importlib.import_module(f"pandora.user.v1.{module.name}").DESCRIPTOR
    for module in pkgutil.iter_modules(pandora.user.v1.__path__)
    if module.name.endswith("_pb2")
]


def _name(method: MethodDescriptor) -> str:
    return f"{method.containing_service.name}.{method.name}"


METHODS = {
    _name(method): method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}


def _option(options: Any, extension: Any) -> Any:  # noqa: ANN401
    # protobuf's own types do not know which message an extension holds.
    return options.Extensions[extension] if options.HasExtension(extension) else None


def _route(method: MethodDescriptor) -> tuple[str, str] | None:
    rule = _option(method.GetOptions(), annotations_pb2.http)
    if rule is None:
        return None
    verb = rule.WhichOneof("pattern")
    return verb, getattr(rule, verb)


def _callers(rule: access_pb2.AccessRule) -> set[str]:
    prefix = "CALLER_ROLE_"
    callers = {access_pb2.CallerRole.Name(role).removeprefix(prefix).lower() for role in rule.roles}
    return callers | {name for name in ("anyone", "self") if getattr(rule, name)}


@pytest.fixture(params=METHODS.values(), ids=list(METHODS))
def method(request: pytest.FixtureRequest) -> MethodDescriptor:
    found: MethodDescriptor = request.param
    return found


def test_every_promised_rpc_exists_and_no_other() -> None:
    assert set(METHODS) == set(PROMISES)


def test_has_the_promised_route(method: MethodDescriptor) -> None:
    assert _route(method) == PROMISES[_name(method)].route


def test_answers_with_the_promised_status(method: MethodDescriptor) -> None:
    answer = _option(method.GetOptions(), access_pb2.access)
    status = answer.success_status if answer else 0
    assert (status or 200) == PROMISES[_name(method)].status


def test_lets_in_exactly_the_promised_callers(method: MethodDescriptor) -> None:
    rule = _option(method.GetOptions(), access_pb2.access)
    promise = PROMISES[_name(method)]
    assert rule is not None, "without an access rule nobody may call"
    assert _callers(rule) == promise.callers
    assert rule.never_self == promise.never_on_oneself
    assert rule.recent_authentication == promise.after_recent_login


def test_access_rule_means_something(method: MethodDescriptor) -> None:
    rule: access_pb2.AccessRule = method.GetOptions().Extensions[access_pb2.access]  # type: ignore[index]
    assert rule.anyone or rule.self or rule.roles
    assert access_pb2.CALLER_ROLE_UNSPECIFIED not in rule.roles
    assert len(set(rule.roles)) == len(rule.roles)
    if rule.anyone:
        assert not rule.self
        assert not rule.never_self
        assert not rule.roles
    assert not (rule.self and rule.never_self)
    if rule.recent_authentication:
        assert not rule.anyone
        assert not rule.never_self


def test_a_rule_about_oneself_has_a_user_id_to_compare(method: MethodDescriptor) -> None:
    rule: access_pb2.AccessRule = method.GetOptions().Extensions[access_pb2.access]  # type: ignore[index]
    if rule.self or rule.never_self or rule.recent_authentication:
        assert method.input_type.fields_by_name["user_id"].type == FieldDescriptor.TYPE_STRING


def test_states_its_idempotency(method: MethodDescriptor) -> None:
    options = method.GetOptions()
    assert options.HasField("idempotency_level")
    route = _route(method)
    if route and route[0] == "get":
        assert options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    if route and route[0] == "put" and options.idempotency_level != MethodOptions.IDEMPOTENT:
        # A repeated review is a second review: pending to verified twice is refused.
        assert _name(method) == "KycService.UpdateKyc"


def test_says_what_it_does_with_an_idempotency_key(method: MethodDescriptor) -> None:
    options = method.GetOptions()
    rule: access_pb2.AccessRule = options.Extensions[access_pb2.access]  # type: ignore[index]
    if options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS:
        assert rule.idempotency_keys == access_pb2.IDEMPOTENCY_KEYS_UNSPECIFIED
        return
    secret = bool(_secrets_of(method.output_type.fields))
    assert rule.idempotency_keys == (
        access_pb2.IDEMPOTENCY_KEYS_REFUSED if secret else access_pb2.IDEMPOTENCY_KEYS_ACCEPTED
    )
    assert secret or not (method.client_streaming or method.server_streaming)


def _secrets_of(fields: Iterable[FieldDescriptor]) -> list[str]:
    """Name the fields of an answer, at any depth, that hold what must be kept nowhere."""
    found = []
    for field in fields:
        if _SECRET.fullmatch(field.name):
            found.append(field.name)
        elif field.message_type is not None:
            found += _secrets_of(field.message_type.fields)
    return found


def test_has_its_own_request_and_response(method: MethodDescriptor) -> None:
    assert method.input_type.full_name == f"pandora.user.v1.{method.name}Request"
    assert method.output_type.full_name == f"pandora.user.v1.{method.name}Response"


def test_path_variables_are_fields_of_the_request(method: MethodDescriptor) -> None:
    route = _route(method)
    variables = {part.split("}")[0] for part in route[1].split("{")[1:]} if route else set()
    assert variables <= set(method.input_type.fields_by_name)


def test_only_verbs_with_a_body_take_one(method: MethodDescriptor) -> None:
    rule = _option(method.GetOptions(), annotations_pb2.http)
    if rule is not None:
        takes_body = rule.WhichOneof("pattern") in {"post", "put", "patch"}
        assert rule.body == ("*" if takes_body else "")


def test_no_two_rpcs_share_a_route() -> None:
    routes = [route for method in METHODS.values() if (route := _route(method))]
    assert len(routes) == len(set(routes))


def test_every_text_of_a_request_has_a_rule(method: MethodDescriptor) -> None:
    unruled = [
        field.name
        for field in method.input_type.fields
        if field.type in {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_ENUM}
        and _option(field.GetOptions(), validate_pb2.field) is None
    ]
    assert unruled == []
