"""Seals: what the audit log held, proven by a key that the database cannot reach."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE audit_events ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();
"""

DOWN = """
ALTER TABLE audit_events DROP COLUMN transaction_id;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
