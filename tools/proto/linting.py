"""Lints the contract and checks its format."""

from pathlib import Path

from tools.proto.commands import run


def lint(root: Path, image: Path) -> None:
    """Check our protos in `image` against the rules of buf.yaml. Raises ToolError with findings."""
    run(["buf", "lint", image, "--path", "pandora", "--config", root / "buf.yaml"], cwd=root)


def check_format(root: Path) -> None:
    """Raise ToolError, with the difference, when a proto is not written as `buf format` would."""
    run(["buf", "format", "proto", "--diff", "--exit-code"], cwd=root)
