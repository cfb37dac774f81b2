"""Accounts, and what the service's own role may touch at all.

The roles exist already: whoever provides the database makes `pandora_owner`, which runs this, and
`pandora_service`, which gets its rights here, table by table, and never a right to define anything.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UP = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO pandora_service;
GRANT SELECT ON alembic_version TO pandora_service;

-- A temporary table is a definition too, and PUBLIC may make one unless it is told otherwise.
DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;

CREATE TABLE users (
    id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL,
    full_name text,
    full_name_key text,
    hashed_password text NOT NULL,
    role text NOT NULL,
    kyc_status text NOT NULL,
    email_verified boolean NOT NULL,
    mfa_enabled boolean NOT NULL,
    suspended_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_length CHECK (char_length(email) BETWEEN 3 AND 254),
    CONSTRAINT users_full_name_not_empty CHECK (full_name <> ''),
    CONSTRAINT users_full_name_has_key CHECK ((full_name IS NULL) = (full_name_key IS NULL)),
    CONSTRAINT users_hashed_password_not_empty CHECK (hashed_password <> ''),
    CONSTRAINT users_role_known CHECK (role IN ('user', 'support', 'compliance', 'admin')),
    CONSTRAINT users_kyc_status_known CHECK (kyc_status IN ('pending', 'verified', 'rejected'))
);

COMMENT ON TABLE users IS 'One row per account; deletion is a time stamp.';
COMMENT ON COLUMN users.email IS 'As the person wrote it, in NFC.';
COMMENT ON COLUMN users.email_key IS 'The address case-folded: two spellings of one are equal.';
COMMENT ON COLUMN users.full_name_key IS 'The full name case-folded, for searching.';

CREATE UNIQUE INDEX users_email_key_undeleted ON users (email_key) WHERE deleted_at IS NULL;
CREATE INDEX users_email_key_prefix ON users (email_key text_pattern_ops);
CREATE INDEX users_full_name_key_prefix ON users (full_name_key text_pattern_ops)
    WHERE full_name_key IS NOT NULL;
CREATE INDEX users_by_kyc_status ON users (kyc_status, id);
CREATE INDEX users_staff_by_role ON users (role, id) WHERE role <> 'user';
CREATE INDEX users_suspended ON users (id) WHERE suspended_at IS NOT NULL;
CREATE INDEX users_deleted ON users (id) WHERE deleted_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON users TO pandora_service;
"""

# What PUBLIC may no longer do stays taken away: going down is no reason to open the database.
DOWN = """
DROP TABLE users;
REVOKE SELECT ON alembic_version FROM pandora_service;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
