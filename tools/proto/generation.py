"""Generates gen/ and says whether what is checked in is what would be generated."""

import filecmp
import shutil
from pathlib import Path

from tools.proto.commands import ToolError, run


def generate(root: Path, image: Path, scratch: Path) -> None:
    """Make `root`/gen hold the code for `image` and nothing else.

    Files that are right already are left alone: whoever imports them meanwhile notices nothing.
    """
    made = _generated(root, image, scratch)
    for name, finding in _differences(made, root / "gen"):
        present = root / "gen" / name
        if finding is _STALE:
            present.unlink()
        else:
            present.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made / name, present)


def check_generated(root: Path, image: Path, scratch: Path) -> None:
    """Raise ToolError that names the first file of `root`/gen which is not as generated."""
    for name, finding in _differences(_generated(root, image, scratch), root / "gen"):
        raise ToolError(f"gen/{name} {finding}; run `make proto`")


_MISSING = "is missing"
_STALE = "is stale: no proto stands for it"
_DIFFERENT = "differs from what the protos say"


def _generated(root: Path, image: Path, scratch: Path) -> Path:
    # buf/validate is generated as well: our options use its messages, and protovalidate has none
    # that google.protobuf can work with.
    own = ["--path", "pandora", "--path", "buf"]
    template = root / "buf.gen.yaml"
    run(["buf", "generate", image, *own, "--template", template, "--output", scratch], cwd=root)
    return scratch / "gen"


def _differences(made: Path, present: Path) -> list[tuple[str, str]]:
    """Return the names of the files that differ, sorted, each with what is wrong with it."""
    expected, found = _names(made), _names(present)
    differences = dict.fromkeys(expected - found, _MISSING)
    differences |= dict.fromkeys(found - expected, _STALE)
    for name in expected & found:
        if not filecmp.cmp(made / name, present / name, shallow=False):
            differences[name] = _DIFFERENT
    return sorted(differences.items())


def _names(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
