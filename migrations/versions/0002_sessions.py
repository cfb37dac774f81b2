"""Sessions, and the refresh tokens that keep them alive."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# No row of users or sessions is ever removed by the service, so the foreign keys need no index of
# their own for the sake of deletion.
UP = """
CREATE TABLE sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    absolute_expires_at timestamptz NOT NULL,
    amr text[] NOT NULL,
    ip_address text,
    user_agent text,
    revoked_at timestamptz,
    revocation_cause text,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT sessions_idle_within_absolute CHECK (expires_at <= absolute_expires_at),
    CONSTRAINT sessions_revocation_has_cause
        CHECK ((revoked_at IS NULL) = (revocation_cause IS NULL)),
    CONSTRAINT sessions_revocation_cause_known CHECK (revocation_cause IN (
        'logout', 'revoked', 'refresh_token_reused', 'user_suspended', 'user_deleted'
    ))
);

COMMENT ON TABLE sessions IS 'One row per login on one device.';
COMMENT ON COLUMN sessions.expires_at IS 'When the session ends if it is left idle.';
COMMENT ON COLUMN sessions.amr IS 'How the person was authenticated (RFC 8176).';

CREATE INDEX sessions_unrevoked_by_user ON sessions (user_id, created_at, id)
    WHERE revoked_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON sessions TO pandora_service;

CREATE TABLE refresh_tokens (
    token text NOT NULL,
    user_id uuid NOT NULL,
    session_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token),
    CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions (id),
    CONSTRAINT refresh_tokens_token_is_digest CHECK (token ~ '^[0-9a-f]{64}$')
);

COMMENT ON COLUMN refresh_tokens.token IS
    'Lower-case hex SHA-256 of the token; the token itself is kept nowhere.';

GRANT SELECT, INSERT, UPDATE ON refresh_tokens TO pandora_service;
"""

DOWN = """
DROP TABLE refresh_tokens;
DROP TABLE sessions;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
