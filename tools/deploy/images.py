"""`python -m tools.deploy.images`: builds both images; `--local-base` without a registry.

Variables: IMAGE_REGISTRY (localhost), IMAGE_TAG (dev), IMAGE_SOURCE (where the sources are),
BASE_IMAGE (the Dockerfiles' own), IMAGE_BUILDER (docker or buildah).
"""

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.deploy.image_builder import Build, Builder, NoBuilder
from tools.deploy.local_base import NoBase, make_base
from tools.deploy.pip_access import pip_secrets

PROGRAMS: Final = ("core", "gateway")


def image_name(program: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the full name of a program's image."""
    registry = environ.get("IMAGE_REGISTRY") or "localhost"
    return f"{registry}/pandora-user-{program}:{environ.get('IMAGE_TAG') or 'dev'}"


def facts(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the labels tell: the same for the same commit, wherever it is built."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    found = {"VERSION": project["version"]}
    answer = subprocess.run(
        ["git", "show", "--no-patch", "--format=%H %cI", "HEAD"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == 0:
        found["REVISION"], found["CREATED"] = answer.stdout.split()
    if environ.get("IMAGE_SOURCE"):
        found["SOURCE"] = environ["IMAGE_SOURCE"]
    return found


def build_all(builder: Builder, environ: Mapping[str, str], *, local_base: bool) -> list[str]:
    """Build both and return their names; raises CalledProcessError or NoBase."""
    arguments = facts(environ)
    if environ.get("BASE_IMAGE"):
        arguments["BASE_IMAGE"] = environ["BASE_IMAGE"]
    elif local_base:
        arguments["BASE_IMAGE"] = make_base(builder)
    names = []
    with tempfile.TemporaryDirectory() as folder:
        secrets = pip_secrets(Path(folder))
        for program in PROGRAMS:
            name = image_name(program, environ)
            builder.build(
                Build(file=f"Dockerfile.{program}", name=name, arguments=arguments, secrets=secrets)
            )
            names.append(name)
    return names


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Build; print the names. Exit code 1 where nothing can be built, or a build fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.deploy.images")
    parser.add_argument("--local-base", action="store_true", help="make a stand-in for the base")
    given = parser.parse_args(arguments)
    try:
        names = build_all(Builder.here(environ), environ, local_base=given.local_base)
    except (NoBuilder, NoBase) as refusal:
        print(f"images: {refusal}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failure:
        print(f"images: {failure.cmd[0]} ended with {failure.returncode}", file=sys.stderr)
        return 1
    print("\n".join(names))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
