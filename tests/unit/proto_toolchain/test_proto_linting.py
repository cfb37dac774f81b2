"""The protos keep to the rules and to one format."""

from pathlib import Path

from tests.unit.proto_toolchain.checkout import (
    AUDIT_SERVICE,
    ROOT,
    USER,
    Step,
    edit,
    make_an_rpc_stream,
)


def test_lint_passes_on_the_contract(step: Step) -> None:
    assert step("lint") == (0, "")


def test_lint_finds_a_field_without_a_comment(sources: Path, step: Step) -> None:
    edit(sources, USER, "  // UUIDv7, canonical lower-case form.\n", "")
    status, printed = step("lint")
    assert status == 1
    assert 'Field "id" should have a non-empty comment' in printed


def test_lint_finds_an_rpc_that_streams(sources: Path, step: Step) -> None:
    make_an_rpc_stream(sources)
    status, printed = step("lint")
    assert status == 1
    assert 'RPC "ListAuditEvents" is server streaming' in printed


def test_lint_lets_an_rpc_stream_that_says_so(sources: Path, step: Step) -> None:
    edit(
        sources,
        AUDIT_SERVICE,
        "returns (ListAuditEventsResponse)",
        "returns (stream ListAuditEventsResponse)",
    )
    edit(
        sources,
        AUDIT_SERVICE,
        "  rpc List",
        "  // buf:lint:ignore RPC_NO_SERVER_STREAMING\n  rpc List",
    )
    assert step("lint") == (0, "")


def test_only_the_audit_export_may_be_excused_from_a_rule() -> None:
    lines = [
        line.strip()
        for path in (ROOT / "proto").rglob("*.proto")
        for line in path.read_text().split("rpc ExportAuditEvents(")[0].splitlines()
        if "buf:lint:ignore" in line
    ]
    assert lines in ([], ["// buf:lint:ignore RPC_NO_SERVER_STREAMING"])


def test_lint_shows_how_the_formatter_would_write_it(sources: Path, step: Step) -> None:
    edit(sources, USER, "  string id = 1;", "    string id=1;")
    status, printed = step("lint")
    assert status == 1
    assert "+  string id = 1;" in printed


def test_a_proto_that_does_not_compile_is_named(sources: Path, step: Step) -> None:
    edit(sources, USER, "string id = 1;", "strong id = 1;")
    status, printed = step("lint")
    assert status == 1
    assert "user.proto:" in printed
    assert '"strong"' in printed
