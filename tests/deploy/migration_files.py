"""Folders of migrations that were never anybody's."""

from pathlib import Path

import tools

_ENVIRONMENT = Path(tools.__file__).resolve().parent.parent / "migrations" / "env.py"
_REVISION = '''"""Number {number}."""

from alembic import op

revision = "{number}"
down_revision = {before}
branch_labels = None
depends_on = None
{mark}

def upgrade() -> None:
    op.execute("""{sql}""")


def downgrade() -> None:
    pass
'''


def write_migrations(folder: Path, sql: str, *, mark: str = "") -> Path:
    """Write a migration 1 that makes a table and a migration 2 that runs `sql`."""
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(_ENVIRONMENT.read_text())
    first = "CREATE TABLE people (id bigint PRIMARY KEY, name text)"
    for number, before, text, reviewed in ((1, None, first, ""), (2, "1", sql, mark)):
        content = _REVISION.format(number=number, before=repr(before), sql=text, mark=reviewed)
        (folder / "versions" / f"{number:04}_step.py").write_text(content)
    return folder
