"""The contract says the code of each reason; the core answers with it, and so does the gateway."""

from typing import Any

import pytest
from google.rpc import code_pb2

from core.middleware.errors import STATUS_CODES
from gateway.problem import CODE_OF_REASON
from pandora.options.v1 import error_pb2
from pandora.user.v1 import error_reason_pb2

_CODE: Any = error_pb2.code
CODES = {
    value.name.removeprefix("ERROR_REASON_"): code_pb2.Code.Name(
        value.GetOptions().Extensions[_CODE]
    )
    for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values
    if value.number
}


@pytest.mark.parametrize("error", STATUS_CODES, ids=lambda error: error.__name__)
def test_the_core_answers_with_it(error: Any) -> None:  # noqa: ANN401 - a class of errors
    assert CODES[error.reason] == STATUS_CODES[error].name


@pytest.mark.parametrize("reason", sorted(CODE_OF_REASON.keys() & CODES.keys()))
def test_the_gateway_answers_with_it(reason: str) -> None:
    assert CODES[reason] == CODE_OF_REASON[reason]


def test_every_reason_has_one() -> None:
    assert "OK" not in CODES.values()
