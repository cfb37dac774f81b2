"""Records of the tokens that other services of the platform call with."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE service_tokens (
    id uuid NOT NULL,
    service_name text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT service_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT service_tokens_service_name_not_empty CHECK (service_name <> ''),
    CONSTRAINT service_tokens_expires_after_issue CHECK (issued_at < expires_at)
);

COMMENT ON TABLE service_tokens IS 'One row per minted token, without the token.';
COMMENT ON COLUMN service_tokens.id IS 'The token''s claim jti.';

CREATE INDEX service_tokens_unrevoked ON service_tokens (service_name) WHERE revoked_at IS NULL;

GRANT SELECT, INSERT, UPDATE ON service_tokens TO pandora_service;
"""

DOWN = """
DROP TABLE service_tokens;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
