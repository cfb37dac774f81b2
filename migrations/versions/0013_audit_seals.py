"""Seals: what the audit log held, proven by a key that the database cannot reach."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# A row tells which transaction wrote it, so that a sealer can ask what was committed since it
# looked last: numbers cannot tell, as one that was taken early may be committed late, or never.
UP = """
ALTER TABLE audit_events ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();

COMMENT ON COLUMN audit_events.transaction_id IS
    'The transaction that wrote the row; finds what is not sealed. The hash does not cover it.';

CREATE INDEX audit_events_by_transaction ON audit_events (transaction_id);

CREATE TABLE audit_seals (
    number bigint NOT NULL,
    origin text NOT NULL,
    sealed_at timestamptz NOT NULL,
    since pg_snapshot NOT NULL,
    snapshot pg_snapshot NOT NULL,
    is_complete boolean NOT NULL,
    first_sequence bigint NOT NULL,
    last_sequence bigint NOT NULL,
    sequences bigint[] NOT NULL,
    leaf_hashes bytea NOT NULL,
    size bigint NOT NULL,
    frontier bytea NOT NULL,
    root bytea NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    signature bytea NOT NULL,
    key_version integer NOT NULL,
    CONSTRAINT audit_seals_pkey PRIMARY KEY (number),
    CONSTRAINT audit_seals_number_positive CHECK (number > 0),
    CONSTRAINT audit_seals_covers_rows CHECK (cardinality(sequences) > 0),
    CONSTRAINT audit_seals_leaf_for_each_row
        CHECK (octet_length(leaf_hashes) = 32 * cardinality(sequences)),
    CONSTRAINT audit_seals_size_counts_rows CHECK (size >= cardinality(sequences)),
    CONSTRAINT audit_seals_frontier_is_hashes CHECK (octet_length(frontier) % 32 = 0),
    CONSTRAINT audit_seals_root_is_hash CHECK (octet_length(root) = 32),
    CONSTRAINT audit_seals_previous_is_hash CHECK (octet_length(previous_hash) = 32),
    CONSTRAINT audit_seals_hash_is_hash CHECK (octet_length(hash) = 32),
    CONSTRAINT audit_seals_signature_is_whole CHECK (octet_length(signature) = 68),
    CONSTRAINT audit_seals_key_version_positive CHECK (key_version > 0)
);

COMMENT ON TABLE audit_seals IS
    'Each seal covers rows of audit_events, and the whole log before them by its Merkle root.';
COMMENT ON COLUMN audit_seals.origin IS 'The name of the log in its checkpoints.';
COMMENT ON COLUMN audit_seals.since IS
    'Rows that this snapshot shows are in earlier seals; 1:1: shows none.';
COMMENT ON COLUMN audit_seals.snapshot IS
    'Rows that this one shows are in this seal or an earlier one, if is_complete.';
COMMENT ON COLUMN audit_seals.is_complete IS
    'False while rows of the same two snapshots are left for the next seal.';
COMMENT ON COLUMN audit_seals.sequences IS
    'The rows that are covered, rising; their place here is their place in the tree.';
COMMENT ON COLUMN audit_seals.leaf_hashes IS 'SHA-256 leaves (RFC 6962), 32 bytes for each row.';
COMMENT ON COLUMN audit_seals.size IS 'Rows in this seal and all before it.';
COMMENT ON COLUMN audit_seals.frontier IS
    'Roots of the complete subtrees of the tree of size rows, from the left.';
COMMENT ON COLUMN audit_seals.root IS 'Merkle root (RFC 6962) of all rows up to this seal.';
COMMENT ON COLUMN audit_seals.hash IS 'SHA-256 of the statement (RFC 8785) of this row.';
COMMENT ON COLUMN audit_seals.signature IS
    'Ed25519 on the checkpoint, after the four bytes that name the key (C2SP signed-note).';
COMMENT ON COLUMN audit_seals.key_version IS 'The version of the key in Vault.';

-- Hashes do not shrink; it is not tried with every seal.
ALTER TABLE audit_seals ALTER COLUMN leaf_hashes SET STORAGE EXTERNAL;

-- Seals are looked for by ranges of rows, which grow with their place in the table.
CREATE INDEX audit_seals_by_sequences ON audit_seals USING brin (first_sequence, last_sequence);

GRANT SELECT, INSERT ON audit_seals TO pandora_service;

CREATE FUNCTION refuse_seal_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'audit_seals is append-only: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_seals_append_only';
END $$;

REVOKE ALL ON FUNCTION refuse_seal_change() FROM PUBLIC;

CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_seal_change();
CREATE TRIGGER audit_seals_never_truncated BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_seal_change();
"""

DOWN = """
DROP TABLE audit_seals;
DROP FUNCTION refuse_seal_change();
ALTER TABLE audit_events DROP COLUMN transaction_id;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
