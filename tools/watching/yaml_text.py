"""Reads YAML with libyaml, which is ten times as fast as the library's own Python."""

from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> Any:  # noqa: ANN401 - YAML can be anything
    """Return what a file holds."""
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
