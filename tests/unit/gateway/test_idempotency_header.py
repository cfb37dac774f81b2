"""The gateway reads the form of an idempotency key, and which routes take one from the contract."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from gateway.contract import load_services, rpcs_of
from gateway.idempotency_key import HEADER, METADATA_KEY, metadata_of
from gateway.problem import ProblemError


def carried(*keys: str) -> tuple[tuple[str, str], ...]:
    headers = CIMultiDict([(HEADER, key) for key in keys])
    return metadata_of(make_mocked_request("POST", "/", headers=headers))


def test_without_a_header_nothing_is_carried() -> None:
    assert carried() == ()


@pytest.mark.parametrize(
    "key",
    ["x", "!" * 255, "8e03978e-40d5-43e8-bc93-6894a57f9324", 'a"b', '"x"', '"\\"\\\\"',
     '"' + "x" * 255 + '"'],
)  # fmt: skip
def test_a_key_is_carried_as_it_was_written(key: str) -> None:
    assert carried(key) == ((METADATA_KEY, key),)


@pytest.mark.parametrize(
    "keys",
    [[""], ["a b"], ["\u00e4"], ["x" * 256], ['"' + "x" * 256 + '"'], ['"open'], ['""'],
     ['"a\\b"'], ['"a";p=1'], ["a\x7f"], ["a\n"], ["one", "one"], ["one, two"]],
)  # fmt: skip
def test_what_is_no_key_is_refused_without_being_repeated(keys: list[str]) -> None:
    with pytest.raises(ProblemError) as refused:
        carried(*keys)
    problem = refused.value.problem
    assert (problem.status, problem.reason) == (400, "VALIDATION_FAILED")
    (violation,) = problem.violations
    assert (violation.field, violation.rule) == ("idempotency-key", "idempotency_key.form")


def test_the_contract_says_which_routes_take_a_key() -> None:
    rpcs = {rpc.name.rpartition(".")[2]: rpc for rpc in rpcs_of(load_services())}
    changing = {name for name, rpc in rpcs.items() if rpc.has_side_effects}
    taking = {name for name, rpc in rpcs.items() if rpc.takes_idempotency_key}
    assert changing - taking == {
        "Login",
        "CompleteMfa",
        "RefreshToken",
        "EnrollTotp",
        "ConfirmTotp",
    }
    assert {"Register", "SuspendUser", "UpdateKyc"} <= taking <= changing
