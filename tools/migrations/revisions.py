"""The migrations of a folder, each as the SQL that it runs and the marks of whoever reviewed it."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

_MARK: Final = re.compile(r"^\s*# lock-reviewed: ([a-z-]+):(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One migration: `sql` is all of its way up, transactions included; `marks` has reasons."""

    number: str
    file: str
    sql: str
    marks: Mapping[str, str]


def revisions(folder: Path, *, after: str) -> Iterator[Revision]:
    """Render every migration that comes after a revision, the oldest first."""
    scripts = ScriptDirectory(str(folder))
    for script in reversed(list(scripts.walk_revisions(base=after))):
        if script.revision == after:
            continue
        path = Path(script.path)
        yield Revision(
            number=script.revision,
            file=path.name,
            sql=_rendered(folder, f"{script.down_revision}:{script.revision}"),
            marks=marks(path.read_text()),
        )


def marks(source: str) -> Mapping[str, str]:
    """Return the reasons of `# lock-reviewed: rule: reason` lines by their rule."""
    return {rule: reason.strip() for rule, reason in _MARK.findall(source)}


def _rendered(folder: Path, span: str) -> str:
    written = io.StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    command.upgrade(config, span, sql=True)
    return written.getvalue()
