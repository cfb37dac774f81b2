"""The comments of the protos, which the descriptors in generated code lack."""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

NAME: Final = "comments.json"
"""Written beside the generated code by `make proto`."""

_SENTENCE_END: Final = ". "


class Comments:
    """Comments by full name; empty for what has none."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        """Take them as they are."""
        self._comments = comments

    @classmethod
    def load(cls, *packages: str) -> "Comments":
        """Read what was generated for some packages; nothing for one that was not generated."""
        files = [Path(folder, NAME) for package in packages for folder in _folders(package)]
        comments: dict[str, str] = {}
        for file in files:
            if file.is_file():
                comments.update(json.loads(file.read_text(encoding="utf-8")))
        return cls(comments)

    def of(self, full_name: str) -> str:
        """The whole comment; an enum's value is named below its enum."""
        return self._comments.get(full_name, "")


def _folders(package: str) -> list[str]:
    try:
        return list(importlib.import_module(package).__path__)
    except ModuleNotFoundError:
        return []


def summary(comment: str) -> str:
    """The first sentence, without its full stop."""
    return comment.partition("\n")[0].partition(_SENTENCE_END)[0].rstrip(".")
