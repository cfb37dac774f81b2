"""One container of an image, run by buildah as the image itself says: its user, its command."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_RUN = ("buildah", "run", "--isolation=chroot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container's name, where its files lie, what the image says, and its environment."""

    name: str
    root: Path
    config: Mapping[str, Any]
    environment: Mapping[str, str]
    folder: Path

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in it to its end."""
        return subprocess.run(self._command(*command), capture_output=True, text=True, check=False)

    @contextmanager
    def running(self) -> "Iterator[subprocess.Popen[bytes]]":
        """Run its own process until the block ends; it must obey SIGTERM and exit with 0."""
        command = [*self.config["Entrypoint"], *(self.config.get("Cmd") or [])]
        with subprocess.Popen(self._command(*command)) as process:
            try:
                yield process
            finally:
                # All of them before the first is told: their threads end under the reader's eyes.
                for pid in list(_descendants(process.pid)):
                    if b"/usr/bin/python3" in Path(f"/proc/{pid}/cmdline").read_bytes()[:16]:
                        os.kill(pid, signal.SIGTERM)
            assert process.wait(30) == 0

    def _command(self, *command: str) -> list[str]:
        settings = [f"--env={key}={value}" for key, value in self.environment.items()]
        volume = f"--volume={self.folder}:{self.folder}:ro"
        return [*_RUN, *settings, volume, self.name, "--", *command]


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that has ended meanwhile has no children
        for child in children:
            yield int(child)
            yield from _descendants(int(child))


@contextmanager
def container(image: str, environment: Mapping[str, str], folder: Path) -> Iterator[Container]:
    """Make a container of an image, which reads `folder` under its own name; it goes at the end."""
    described = json.loads(_buildah("inspect", "--type", "image", image))
    name = _buildah("from", image)
    try:
        yield Container(
            name=name,
            root=Path(_buildah("mount", name)),
            config=described["Docker"]["config"],
            environment=environment,
            folder=folder,
        )
    finally:
        _buildah("rm", name)


def _buildah(*arguments: str) -> str:
    answer = subprocess.run(["buildah", *arguments], capture_output=True, text=True, check=True)
    return answer.stdout.strip()
