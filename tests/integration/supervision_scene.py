"""Runs the small program of several workers, and asks it for its numbers."""

import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from devstack.ports import HOST, free_port
from devstack.process_table import descendants
from tests.e2e.processes import Process


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A supervisor that runs, and the folder that tells its workers what to do."""

    supervisor: Process
    folder: Path
    port: int

    @property
    def workers(self) -> set[int]:
        return set(descendants(self.supervisor.pid))

    def set_behaviour(self, number: int, word: str) -> None:
        set_behaviour(self.folder, number, word)

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.supervisor.log if line["event"] == event]

    def until_said(self, event: str, times: int = 1) -> None:
        self.supervisor.wait_until(lambda: len(self.said(event)) >= times)

    def numbers(self) -> dict[str, float]:
        """Return every sample by its name and labels, such as `things_total a`."""
        with urllib.request.urlopen(f"http://{HOST}:{self.port}/metrics") as response:
            text = response.read().decode()
        return {
            " ".join((sample.name, *sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def set_behaviour(folder: Path, number: int, word: str) -> None:
    """Tell a worker what to do from its next start on."""
    (folder / f"behaviour-{number}").write_text(word)


@contextmanager
def started(folder: Path) -> Iterator[Scene]:
    """Start a supervisor; it is killed at the end, should it still run."""
    port = free_port()
    module = "tests.integration.supervised_program"
    environment = {**os.environ, "SCENE_FOLDER": str(folder), "SCENE_PORT": str(port)}
    process = Process((module,), environment, folder)
    scene = Scene(supervisor=process, folder=folder, port=port)
    try:
        yield scene
    finally:
        if process.runs:
            process.kill()
            process.exit_code(seconds=10)


@contextmanager
def serving(folder: Path) -> Iterator[Scene]:
    """Start a supervisor, and wait for all of its workers to serve."""
    with started(folder) as scene:
        scene.until_said("workers_serve")
        yield scene
