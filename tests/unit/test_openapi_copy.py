"""docs/openapi.json is what the gateway serves, and a check says so when it is not."""

import json
from pathlib import Path

import pytest

from tools.openapi.__main__ import FILE, main


def test_what_is_checked_in_is_what_is_served() -> None:
    assert main(["check"]) == 0


def test_the_check_finds_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "openapi.json"
    document = json.loads(FILE.read_text(encoding="utf-8"))
    del document["paths"]["/v1/auth/login"]
    copy.write_text(json.dumps(document), encoding="utf-8")
    assert main(["check", "--file", str(copy)]) == 1
    assert "run `make openapi`" in capsys.readouterr().err


def test_the_check_finds_that_there_is_none(tmp_path: Path) -> None:
    assert main(["check", "--file", str(tmp_path / "none.json")]) == 1


def test_write_writes_what_the_check_expects(tmp_path: Path) -> None:
    copy = tmp_path / "openapi.json"
    assert main(["write", "--file", str(copy)]) == 0
    assert main(["check", "--file", str(copy)]) == 0
