"""A stand-in for the base image where no registry is in reach: Debian and its Python 3.11.

Made from the packages of this machine's own Debian with mmdebstrap, so it needs Debian 12, root and
buildah. It shows that the Dockerfiles build; what is delivered is built from the real base.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tools.deploy.image_builder import Build, Builder

NAME: Final = "localhost/python-base:debian"
FOLDER: Final = Path("build/images")
_PACKAGES: Final = "python3,python3-dev,python3-venv,ca-certificates,binutils,gcc,libc6-dev"
_SOURCES: Final = Path("/etc/apt")


class NoBase(Exception):
    """The stand-in cannot be made here."""


def make_base(builder: Builder) -> str:
    """Make the image unless it was made before, and return its name.

    Raises:
        NoBase: this is no Debian 12, or mmdebstrap is missing.
    """
    root = FOLDER / "base.tar"
    if not root.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        if shutil.which("mmdebstrap") is None:
            raise NoBase("a stand-in for the base image needs Debian's package mmdebstrap")
        if "VERSION_CODENAME=bookworm" not in Path("/etc/os-release").read_text():
            raise NoBase("a stand-in for the base image is made on Debian 12 alone")
        unfinished = FOLDER / "unfinished.tar"
        sources = [_SOURCES / "sources.list", *(_SOURCES / "sources.list.d").glob("*.list")]
        sources += (_SOURCES / "sources.list.d").glob("*.sources")
        given = [str(file) for file in sources if file.exists()]
        subprocess.run(
            [
                *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase"),
                *(f"--include={_PACKAGES}", "bookworm", str(unfinished), *given),
            ],
            check=True,
        )
        unfinished.rename(root)
    (FOLDER / "Dockerfile").write_text("FROM scratch\nADD base.tar /\n")
    builder.build(
        Build(file=str(FOLDER / "Dockerfile"), name=NAME, arguments={}, secrets={}, context=FOLDER)
    )
    return NAME
