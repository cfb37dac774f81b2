"""The release after this one: this program in another folder, with more migrations."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.postgres.schema import REQUIRED_REVISION
from devstack.service_processes import CHECKOUT

_REVISION: Final = '''"""{about}."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
{body}

def downgrade() -> None:
    op.execute({down!r})
'''
_PLAIN: Final = "    op.execute({statement!r})\n"
_ALONE: Final = "    with op.get_context().autocommit_block():\n        op.execute({statement!r})\n"
"""Each is a transaction of its own, as CREATE INDEX CONCURRENTLY asks for."""


@dataclass(slots=True)
class NextRelease:
    """Where it lies, and the newest of its revisions."""

    folder: Path
    newest: str = REQUIRED_REVISION

    @classmethod
    def within(cls, folder: Path) -> "NextRelease":
        """Copy what runs."""
        release = cls(folder / "next-release")
        for name in ("core", "migrations"):
            shutil.copytree(
                CHECKOUT / name,
                release.folder / name,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        return release

    def add(self, about: str, *statements: str, alone: bool = False, down: str = "SELECT") -> str:
        """Add a revision, which the program needs from then on; return its number."""
        before, self.newest = self.newest, f"{int(self.newest) + 1:04}"
        text = _ALONE if alone else _PLAIN
        body = "".join(text.format(statement=statement) for statement in statements)
        written = _REVISION.format(
            about=about, revision=self.newest, before=before, body=body, down=down
        )
        name = f"{self.newest}_{re.sub(r'[^a-z]+', '_', about.lower())}.py"
        (self.folder / "migrations" / "versions" / name).write_text(written)
        schema = self.folder / "core" / "postgres" / "schema.py"
        needs = schema.read_text().replace(
            f'REQUIRED_REVISION = "{before}"', f'REQUIRED_REVISION = "{self.newest}"'
        )
        schema.write_text(needs)
        return self.newest
