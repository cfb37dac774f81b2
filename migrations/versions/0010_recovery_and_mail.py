"""One-time tokens, and mail on its way out."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE sessions DROP CONSTRAINT sessions_revocation_cause_known;
ALTER TABLE sessions ADD CONSTRAINT sessions_revocation_cause_known CHECK (revocation_cause IN (
    'logout', 'revoked', 'refresh_token_reused', 'user_suspended', 'user_deleted',
    'password_changed', 'password_reset'
));

CREATE TABLE one_time_tokens (
    id uuid NOT NULL,
    digest text NOT NULL,
    purpose text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    superseded_at timestamptz,
    CONSTRAINT one_time_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT one_time_tokens_digest_key UNIQUE (digest),
    CONSTRAINT one_time_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT one_time_tokens_digest_is_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT one_time_tokens_purpose_known
        CHECK (purpose IN ('password_reset', 'email_verification')),
    CONSTRAINT one_time_tokens_expires_after_creation CHECK (created_at < expires_at),
    CONSTRAINT one_time_tokens_ends_once CHECK (num_nulls(used_at, superseded_at) >= 1)
);

COMMENT ON TABLE one_time_tokens IS 'One row per token that a mail carries, without the token.';
COMMENT ON COLUMN one_time_tokens.digest IS
    'Lower-case hex SHA-256 of the token; the token follows from id, purpose and a key in Vault.';
COMMENT ON COLUMN one_time_tokens.superseded_at IS 'When a newer token took its place.';

-- A newer token ends the older ones: two that serve side by side cannot be stored.
CREATE UNIQUE INDEX one_time_tokens_one_for_each_purpose ON one_time_tokens (user_id, purpose)
    WHERE used_at IS NULL AND superseded_at IS NULL;

GRANT SELECT, INSERT, UPDATE (used_at, superseded_at) ON one_time_tokens TO pandora_service;

CREATE TABLE mail_outbox (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    template text NOT NULL,
    token_id uuid,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    abandoned_at timestamptz,
    attempts bigint NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    last_error text,
    CONSTRAINT mail_outbox_pkey PRIMARY KEY (id),
    CONSTRAINT mail_outbox_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT mail_outbox_token_id_fkey FOREIGN KEY (token_id) REFERENCES one_time_tokens (id),
    CONSTRAINT mail_outbox_template_not_empty CHECK (template <> ''),
    CONSTRAINT mail_outbox_attempts_not_negative CHECK (attempts >= 0),
    CONSTRAINT mail_outbox_ends_once CHECK (num_nulls(sent_at, abandoned_at) >= 1),
    CONSTRAINT mail_outbox_abandoned_has_error
        CHECK (abandoned_at IS NULL OR last_error IS NOT NULL),
    -- A mail server's own words may quote the address; a short name of the fault cannot.
    CONSTRAINT mail_outbox_last_error_is_a_name CHECK (last_error ~ '^[A-Za-z0-9_]{1,64}$')
)
WITH (autovacuum_vacuum_scale_factor = 0.02);

COMMENT ON TABLE mail_outbox IS
    'One row per mail, written with the change that it tells of. Holds ids alone: whoever sends it'
    ' reads the address from users and derives the token.';
COMMENT ON COLUMN mail_outbox.attempts IS
    'How often a mail server has refused it; while none can be reached, nothing is counted.';
COMMENT ON COLUMN mail_outbox.next_attempt_at IS
    'When it is due; while somebody is sending it, when they will be taken for dead.';

CREATE INDEX mail_outbox_waiting ON mail_outbox (next_attempt_at, id)
    WHERE sent_at IS NULL AND abandoned_at IS NULL;

GRANT SELECT, INSERT,
    UPDATE (sent_at, abandoned_at, attempts, next_attempt_at, last_error)
    ON mail_outbox TO pandora_service;
"""

DOWN = """
DROP TABLE mail_outbox;
DROP TABLE one_time_tokens;

ALTER TABLE sessions DROP CONSTRAINT sessions_revocation_cause_known;
-- The older version has no word for these causes.
UPDATE sessions SET revocation_cause = 'revoked'
    WHERE revocation_cause IN ('password_changed', 'password_reset');
ALTER TABLE sessions ADD CONSTRAINT sessions_revocation_cause_known CHECK (revocation_cause IN (
    'logout', 'revoked', 'refresh_token_reused', 'user_suspended', 'user_deleted'
));
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
