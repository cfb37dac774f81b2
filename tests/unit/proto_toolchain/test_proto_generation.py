"""What is checked in under gen/ is what the protos say."""

import ast
from pathlib import Path

import pytest

from tests.unit.proto_toolchain.checkout import (
    Step,
    add_a_field,
    make_an_rpc_stream,
)

pytestmark = pytest.mark.long


def test_check_passes_on_what_is_checked_in(step: Step) -> None:
    assert step("check")[0] == 0


def test_check_names_generated_code_that_is_old(sources: Path, step: Step) -> None:
    add_a_field(sources)
    status, printed = step("check")
    assert status == 1
    assert printed.startswith("gen/pandora/user/v1/comments.json differs from what the protos say")


def test_check_names_generated_code_that_is_missing(sources: Path, step: Step) -> None:
    (sources / "gen/pandora/user/v1/kyc_pb2.pyi").unlink()
    status, printed = step("check")
    assert status == 1
    assert printed.startswith("gen/pandora/user/v1/kyc_pb2.pyi is missing")


def test_check_names_generated_code_that_no_proto_stands_for(sources: Path, step: Step) -> None:
    (sources / "gen/pandora/user/v1/gone_pb2.py").touch()
    status, printed = step("check")
    assert status == 1
    assert printed.startswith("gen/pandora/user/v1/gone_pb2.py is stale")


def test_generate_writes_what_check_expects(sources: Path, step: Step) -> None:
    add_a_field(sources)
    (sources / "gen/pandora/user/v1/gone_pb2.py").touch()
    (sources / "gen/pandora/user/v1/kyc_pb2.pyi").unlink()
    assert step("generate") == (0, "")
    assert not (sources / "gen/pandora/user/v1/gone_pb2.py").exists()
    assert "language" in (sources / "gen/pandora/user/v1/user_pb2.pyi").read_text()
    assert step("check")[0] == 0


def test_types_of_a_streaming_rpc_are_those_of_an_async_generator(
    sources: Path, step: Step
) -> None:
    make_an_rpc_stream(sources)
    assert step("generate") == (0, "")
    types = (sources / "gen/pandora/user/v1/audit_service_pb2_grpc.pyi").read_text()
    servicer = next(
        node
        for node in ast.parse(types).body
        if isinstance(node, ast.ClassDef) and node.name == "AuditServiceServicer"
    )
    handler = servicer.body[0]
    assert isinstance(handler, ast.FunctionDef), "an async generator is called without await"
    assert handler.returns is not None
    assert ast.unparse(handler.returns).startswith("AsyncIterator[")
    assert "ListAuditEvents: grpc.aio.UnaryStreamMultiCallable[" in types
