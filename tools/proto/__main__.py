"""Command line of the contract's tool chain: `python -m tools.proto <step>`."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.proto import breaking, generation, linting
from tools.proto.commands import ToolError
from tools.proto.image import compile_image

_ROOT = Path(__file__).resolve().parents[2]


def generate(root: Path, image: Path) -> None:
    """Write gen/ anew."""
    with tempfile.TemporaryDirectory() as folder:
        generation.generate(root, image, Path(folder))


def lint(root: Path, image: Path) -> None:
    """Check rules and format of the protos."""
    linting.lint(root, image)
    linting.check_format(root)


def check_breaking(root: Path, image: Path) -> None:
    """Compare the contract with the one on main, or on main with the commit before."""
    print(f"buf breaking: {breaking.check_breaking(root, image)}")


def check(root: Path, image: Path) -> None:
    """Check rules, format, generated code and compatibility."""
    lint(root, image)
    with tempfile.TemporaryDirectory() as folder:
        generation.check_generated(root, image, Path(folder))
    check_breaking(root, image)


_STEPS: dict[str, Callable[[Path, Path], None]] = {
    "generate": generate,
    "lint": lint,
    "breaking": check_breaking,
    "check": check,
}


def main(arguments: list[str]) -> int:
    """Run one step; return 0, or 1 after printing what it found."""
    steps = "".join(f"\n  {name:9} {step.__doc__}" for name, step in _STEPS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tools.proto",
        description=f"The contract's tool chain. Steps:{steps}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("step", choices=_STEPS)
    parser.add_argument("--root", type=Path, default=_ROOT, help="checkout to work on")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    try:
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder) / "image.binpb"
            compile_image(root / "proto", image)
            _STEPS[options.step](root, image)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
