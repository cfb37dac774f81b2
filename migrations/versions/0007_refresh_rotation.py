"""What has to be known of a refresh token's rotation to tell a race from a theft."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Tokens that were used before have no successor on record; nothing is forgiven to them.
# A successor is stored after its predecessor was marked as used, since a session has one unused
# token at a time; hence the foreign key that waits for the commit.
UP = """
ALTER TABLE refresh_tokens
    ADD COLUMN successor text,
    ADD COLUMN request_mark text,
    ADD COLUMN binding_mark text,
    ADD COLUMN window_replays bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT refresh_tokens_successor_fkey FOREIGN KEY (successor)
        REFERENCES refresh_tokens (token) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT refresh_tokens_request_mark_is_digest CHECK (request_mark ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT refresh_tokens_binding_mark_is_digest CHECK (binding_mark ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT refresh_tokens_window_replays_not_negative CHECK (window_replays >= 0),
    ADD CONSTRAINT refresh_tokens_rotated_is_used
        CHECK (successor IS NULL OR used_at IS NOT NULL),
    ADD CONSTRAINT refresh_tokens_rotation_has_successor CHECK (
        successor IS NOT NULL
        OR (request_mark IS NULL AND binding_mark IS NULL AND window_replays = 0)
    );

COMMENT ON COLUMN refresh_tokens.used_at IS 'When the token was exchanged for its successor.';
COMMENT ON COLUMN refresh_tokens.successor IS 'The token that followed, as a digest too.';
COMMENT ON COLUMN refresh_tokens.request_mark IS
    'HMAC, keyed with the token, of the name that the client gave to the exchange.';
COMMENT ON COLUMN refresh_tokens.binding_mark IS
    'HMAC, keyed with the token, of the client''s address prefix and user agent.';
COMMENT ON COLUMN refresh_tokens.window_replays IS
    'How often the used token was answered again for coming soon after its use.';

CREATE UNIQUE INDEX refresh_tokens_one_unused_per_session ON refresh_tokens (session_id)
    WHERE used_at IS NULL;
"""

DOWN = """
DROP INDEX refresh_tokens_one_unused_per_session;

ALTER TABLE refresh_tokens
    DROP CONSTRAINT refresh_tokens_rotation_has_successor,
    DROP CONSTRAINT refresh_tokens_rotated_is_used,
    DROP CONSTRAINT refresh_tokens_window_replays_not_negative,
    DROP CONSTRAINT refresh_tokens_binding_mark_is_digest,
    DROP CONSTRAINT refresh_tokens_request_mark_is_digest,
    DROP CONSTRAINT refresh_tokens_successor_fkey,
    DROP COLUMN window_replays,
    DROP COLUMN binding_mark,
    DROP COLUMN request_mark,
    DROP COLUMN successor;

COMMENT ON COLUMN refresh_tokens.used_at IS NULL;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
