"""Routes and answers come from descriptors, and from nothing else."""

from typing import Any

import pytest

from gateway.contract import ContractError, HttpBinding, Rpc, load_services, rpcs_of
from gateway.converters.decoding import Readers
from gateway.request_message import BodyLimits, RequestMessageReader
from pandora.user.v1 import user_service_pb2
from tests.unit.gateway import things_service
from tests.unit.gateway.everything import descriptor_of

LIMITS = BodyLimits(max_bytes=1024, timeout_seconds=1)


def _rpcs() -> dict[str, Rpc]:
    return {rpc.name.rpartition(".")[2]: rpc for rpc in rpcs_of(load_services())}


def test_every_service_of_the_package_is_found() -> None:
    names = {service.full_name for service in load_services()}
    assert names >= {
        f"pandora.user.v1.{name}Service" for name in ("Auth", "User", "Session", "Kyc", "Audit")
    }


def test_an_rpc_carries_its_route_and_its_status() -> None:
    register = _rpcs()["Register"]
    assert register.path == "/pandora.user.v1.AuthService/Register"
    assert register.success_status == 201
    assert register.bindings == (
        HttpBinding(method="POST", template="/v1/auth/register", body="*", response_body=""),
    )


def test_a_status_that_is_not_given_is_200_and_only_keys_may_be_cached() -> None:
    rpcs = _rpcs()
    assert rpcs["GetUser"].success_status == 200
    cached = {name for name, rpc in rpcs.items() if rpc.public_max_age_seconds}
    assert cached == {"GetJwks"}


def test_an_rpc_without_route_has_no_binding() -> None:
    assert _rpcs()["GetUserByEmail"].bindings == ()


def test_further_bindings_and_methods_of_ones_own_are_bindings_too() -> None:
    rpcs = {rpc.name.rpartition(".")[2]: rpc for rpc in rpcs_of([things_service.service()])}
    assert [
        (binding.method, binding.template, binding.body, binding.response_body)
        for binding in rpcs["PutThing"].bindings
    ] == [
        ("PUT", "/v1/things/{thing.id}", "*", ""),
        ("POST", "/v1/things", "thing", "thing"),
        ("GET", "/v1/things/{thing.id}", "", "number"),
        ("SEARCH", "/v1/things", "", ""),
    ]
    assert rpcs["ExportThings"].server_streaming
    assert rpcs["HiddenThing"].bindings == ()


@pytest.mark.parametrize(
    ("variables", "body"),
    [(("no_such_field",), ""), (("user_id.nested",), ""), ((), "no_such_field")],
)
def test_a_route_that_names_a_field_which_is_not_there_stops_the_start(
    variables: tuple[str, ...], body: str
) -> None:
    with pytest.raises(ContractError):
        RequestMessageReader(
            descriptor_of(user_service_pb2.UpdateUserRequest),
            variables,
            body,
            readers=Readers(),
            limits=LIMITS,
        )


def test_a_stream_of_requests_with_a_route_stops_the_start() -> None:
    export = things_service.service().methods_by_name["ExportThings"]

    class Streaming:
        full_name = "x.Y.Z"
        client_streaming = True

        def GetOptions(self) -> Any:  # noqa: ANN401, N802
            return export.GetOptions()

    class Service:
        methods = (Streaming(),)

    with pytest.raises(ContractError):
        rpcs_of([Service()])  # type: ignore[list-item]
