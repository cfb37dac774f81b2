"""A database says so when what it holds is no original: a clone without persons, or made up."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# Written by the owner alone, whose login no serving process has. No row: the database is original.
UP = """
CREATE TABLE database_origin (
    id smallint NOT NULL DEFAULT 1,
    kind text NOT NULL,
    source text NOT NULL,
    mark text NOT NULL,
    base_sequence bigint NOT NULL,
    began_at timestamptz NOT NULL,
    snapshot_at timestamptz,
    completed_at timestamptz,
    CONSTRAINT database_origin_pkey PRIMARY KEY (id),
    CONSTRAINT database_origin_is_one CHECK (id = 1),
    CONSTRAINT database_origin_kind_known CHECK (kind IN ('anonymized', 'synthetic')),
    CONSTRAINT database_origin_mark_is_digest CHECK (mark ~ '^[0-9a-f]{64}$'),
    CONSTRAINT database_origin_completed_after_begin CHECK (began_at <= completed_at)
);

COMMENT ON TABLE database_origin IS
    'Where the rows come from, if not from people who used this service; a single row or none.';
COMMENT ON COLUMN database_origin.kind IS
    'anonymized: a clone of another database, without persons; synthetic: made up.';
COMMENT ON COLUMN database_origin.source IS
    'The name of the cloned database, or the parameters that the data was made with.';
COMMENT ON COLUMN database_origin.mark IS
    'Of a clone: HMAC of a fixed text under its pseudonym key; of made-up data: SHA-256 of source.'
    ' What was interrupted goes on only where it is the same.';
COMMENT ON COLUMN database_origin.base_sequence IS
    'Numbers of audit rows above this one were given out to the made-up rows; a clone has 0.';
COMMENT ON COLUMN database_origin.snapshot_at IS
    'Of a clone: when the one snapshot was taken that it shows.';
COMMENT ON COLUMN database_origin.completed_at IS 'Null: interrupted, or still under way.';

CREATE TABLE clone_chunks (
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    row_count bigint NOT NULL,
    CONSTRAINT clone_chunks_pkey PRIMARY KEY (first_sequence),
    CONSTRAINT clone_chunks_in_order CHECK (first_sequence <= last_sequence),
    CONSTRAINT clone_chunks_rows_counted CHECK (row_count >= 0)
);

COMMENT ON TABLE clone_chunks IS
    'Which rows of the audit log a clone has already: written with them, in one transaction.';
COMMENT ON COLUMN clone_chunks.row_count IS
    'Rows between the two numbers at that time; more of them by now were committed late.';

GRANT SELECT ON database_origin TO pandora_service, pandora_maintainer;
"""

DOWN = """
DROP TABLE clone_chunks;
DROP TABLE database_origin;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
