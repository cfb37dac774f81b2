"""The program that builds images here: Docker, or buildah where there is no Docker engine."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUILDERS: Final = ("docker", "buildah")


class NoBuilder(Exception):
    """There is none of the programs that build images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One image to build; `secrets` are files by id, which no layer keeps."""

    file: str
    name: str
    arguments: Mapping[str, str]
    secrets: Mapping[str, Path]
    context: Path = Path()
    quiet: bool = True


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds with the program of this name."""

    program: str

    @classmethod
    def here(cls, environ: Mapping[str, str] = os.environ) -> "Builder":
        """Return IMAGE_BUILDER, or the first that is installed.

        Raises:
            NoBuilder: none is, with words on what to install.
        """
        wanted = environ.get("IMAGE_BUILDER", "")
        for program in (wanted,) if wanted else BUILDERS:
            if program in BUILDERS and _can_build(program, environ):
                return cls(program)
        raise NoBuilder(
            f"no builder of images: {wanted or 'neither docker nor buildah'} can be used;"
            " start Docker's engine, or install Debian's package buildah"
        )

    def command(self, build: Build) -> list[str]:
        """Return the command that builds it."""
        options = ["--file", build.file, "--tag", build.name]
        options += [f"--build-arg={key}={value}" for key, value in build.arguments.items()]
        options += [f"--secret=id={key},src={path}" for key, path in build.secrets.items()]
        if build.quiet:
            options.append("--quiet")
        if self.program == "docker":
            return ["docker", "build", *options, str(build.context)]
        # The format oci would drop the health check; chroot asks for no namespaces.
        own = ["--isolation=chroot", "--format=docker", "--layers"]
        return ["buildah", "bud", *own, *options, str(build.context)]

    def build(self, build: Build) -> None:
        """Build; raises CalledProcessError."""
        subprocess.run(self.command(build), check=True, stdout=subprocess.DEVNULL)


def _can_build(program: str, environ: Mapping[str, str]) -> bool:
    """Tell whether it is there; Docker's client is of no use without its engine."""
    found = shutil.which(program, path=environ.get("PATH"))
    if found is None or program != "docker":
        return found is not None
    return subprocess.run([found, "info"], capture_output=True, check=False).returncode == 0
