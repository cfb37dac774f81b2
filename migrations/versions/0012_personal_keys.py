"""Personal data in the audit log is sealed with a key of its person, which can be destroyed."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE audit_events
    ADD COLUMN version smallint NOT NULL DEFAULT 1,
    ADD COLUMN origin_owner uuid;
"""

DOWN = """
ALTER TABLE audit_events DROP COLUMN origin_owner, DROP COLUMN version;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
