"""Personal data in the audit log is sealed with a key of its person, which can be destroyed."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# The default makes a salt of its own for each row that is there already, and for every account
# that an older version of the service makes while this one is being rolled out. Each of the three
# ids holds 122 bits of the server's strong randomness.
SALTS = """
ALTER TABLE users
    ADD COLUMN personal_salt bytea DEFAULT sha256(
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    ),
    ADD CONSTRAINT users_personal_salt_length CHECK (octet_length(personal_salt) = 32),
    ADD CONSTRAINT users_erased_stays_deleted
        CHECK (personal_salt IS NOT NULL OR deleted_at IS NOT NULL);

COMMENT ON COLUMN users.personal_salt IS
    'Half of the key that seals the person''s data in the audit log, the other half is in Vault;'
    ' null: the person was erased, and what was sealed can never be read again.';
"""

# Rows of version 1 are kept as they are. An older version of the service goes on writing them.
LOG = """
ALTER TABLE audit_events
    ADD COLUMN version smallint NOT NULL DEFAULT 1,
    ADD COLUMN origin_owner uuid,
    ADD CONSTRAINT audit_events_version_known CHECK (version IN (1, 2)),
    ADD CONSTRAINT audit_events_personal_texts_are_sealed CHECK (
        version < 2
        OR (ip_address IS NULL OR ip_address ~ '^[np]1[.][A-Za-z0-9_-]+$')
           AND (user_agent IS NULL OR user_agent ~ '^[np]1[.][A-Za-z0-9_-]+$')
           AND (outcome = 'failure' OR reason IS NULL OR reason ~ '^[np]1[.][A-Za-z0-9_-]+$')
    );

COMMENT ON COLUMN audit_events.version IS
    'Of the canonical form; from 2 on ip_address, user_agent and a person''s reason are sealed.';
COMMENT ON COLUMN audit_events.origin_owner IS
    'The person whose key seals ip_address and user_agent; null: the key of nobody in particular.';
"""

DOWN = """
ALTER TABLE audit_events
    DROP CONSTRAINT audit_events_personal_texts_are_sealed,
    DROP CONSTRAINT audit_events_version_known,
    DROP COLUMN origin_owner,
    DROP COLUMN version;

ALTER TABLE users
    DROP CONSTRAINT users_erased_stays_deleted,
    DROP CONSTRAINT users_personal_salt_length,
    DROP COLUMN personal_salt;
"""


def upgrade() -> None:
    op.execute(SALTS)
    op.execute(LOG)


def downgrade() -> None:
    op.execute(DOWN)
