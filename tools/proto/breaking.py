"""Compares the contract with that of an earlier commit."""

import tempfile
from pathlib import Path

from tools.proto.commands import run
from tools.proto.history import extract_protos, find_base
from tools.proto.image import compile_image


def check_breaking(root: Path, image: Path) -> str:
    """Compare `image` with the protos of the base commit; return one line on what was compared.

    Raises ToolError with buf's findings when a user of the earlier contract would be broken.
    """
    base = find_base(root)
    if base.commit is None:
        return f"nothing to compare with: {base.reason}"
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder)
        if not extract_protos(root, base.commit, before):
            return f"nothing to compare with: {base.commit[:12]} ({base.reason}) has no protos"
        before_image = before / "image.binpb"
        compile_image(before / "proto", before_image)
        settings = ("--path", "pandora", "--config", root / "buf.yaml")
        run(["buf", "breaking", image, "--against", before_image, *settings], cwd=root)
    return f"compatible with {base.commit[:12]}, {base.reason}"
