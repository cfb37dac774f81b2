"""The second factor: sealed TOTP secrets, recovery codes, and challenges of logins under way."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Secrets that have served are removed and not kept with a time stamp, hence the right to delete.
UP = """
CREATE TABLE totp_enrolments (
    user_id uuid NOT NULL,
    sealed_secret text NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_used_step bigint,
    CONSTRAINT totp_enrolments_pkey PRIMARY KEY (user_id),
    CONSTRAINT totp_enrolments_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT totp_enrolments_secret_is_sealed CHECK (sealed_secret ~ '^vault:v[0-9]+:.'),
    CONSTRAINT totp_enrolments_step_used_after_confirmation
        CHECK (confirmed_at IS NOT NULL OR last_used_step IS NULL)
);

COMMENT ON TABLE totp_enrolments IS 'One row per person who has, or is about to have, TOTP.';
COMMENT ON COLUMN totp_enrolments.sealed_secret IS
    'Encrypted by Vault''s transit engine, bound to the person.';
COMMENT ON COLUMN totp_enrolments.confirmed_at IS 'Null: pending, and not asked for at logins.';
COMMENT ON COLUMN totp_enrolments.last_used_step IS
    'Steps of 30 s since 1970; a code of this one or an earlier one is refused.';

GRANT SELECT, INSERT, DELETE ON totp_enrolments TO pandora_service;
GRANT UPDATE (sealed_secret, created_at, confirmed_at, last_used_step) ON totp_enrolments
    TO pandora_service;

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL,
    digest text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, digest),
    CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT recovery_codes_digest_is_digest CHECK (digest ~ '^[0-9a-f]{64}$')
);

COMMENT ON COLUMN recovery_codes.digest IS
    'Lower-case hex SHA-256 of the code; the code itself is kept nowhere.';

GRANT SELECT, INSERT, DELETE ON recovery_codes TO pandora_service;
GRANT UPDATE (used_at) ON recovery_codes TO pandora_service;

CREATE TABLE mfa_challenges (
    digest text NOT NULL,
    user_id uuid NOT NULL,
    password_mark text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    failures bigint NOT NULL DEFAULT 0,
    used_at timestamptz,
    CONSTRAINT mfa_challenges_pkey PRIMARY KEY (digest),
    CONSTRAINT mfa_challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT mfa_challenges_digest_is_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT mfa_challenges_mark_is_digest CHECK (password_mark ~ '^[0-9a-f]{64}$'),
    CONSTRAINT mfa_challenges_expires_after_creation CHECK (created_at < expires_at),
    CONSTRAINT mfa_challenges_failures_counted CHECK (failures >= 0)
);

COMMENT ON TABLE mfa_challenges IS
    'One row per login whose password was right and whose second factor is awaited.';
COMMENT ON COLUMN mfa_challenges.digest IS
    'Lower-case hex SHA-256 of the token; the token itself is kept nowhere.';
COMMENT ON COLUMN mfa_challenges.password_mark IS
    'Digest of the password hash of that moment: another password ends the challenge.';

CREATE INDEX mfa_challenges_by_user ON mfa_challenges (user_id, expires_at);

GRANT SELECT, INSERT, DELETE ON mfa_challenges TO pandora_service;
GRANT UPDATE (failures, used_at) ON mfa_challenges TO pandora_service;
"""

DOWN = """
DROP TABLE mfa_challenges;
DROP TABLE recovery_codes;
DROP TABLE totp_enrolments;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
