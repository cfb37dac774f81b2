"""Answers that are kept for whoever repeats a call with its idempotency key."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# No foreign key: checking one would lock the caller's row at the end of a unit of work, behind
# locks that others take in the other order. Expired rows, and those of somebody who is erased, are
# removed by whoever does the maintenance; the service itself needs no right to delete.
UP = """
CREATE TABLE idempotency_keys (
    digest text NOT NULL,
    request_digest text NOT NULL,
    method text NOT NULL,
    status bigint NOT NULL,
    content bytea NOT NULL,
    caller_id uuid,
    subject_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (digest),
    CONSTRAINT idempotency_keys_digest_is_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT idempotency_keys_request_digest_is_digest
        CHECK (request_digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT idempotency_keys_status_is_code CHECK (status BETWEEN 0 AND 16),
    CONSTRAINT idempotency_keys_content_is_bounded CHECK (octet_length(content) <= 65536),
    CONSTRAINT idempotency_keys_expires_after_creation CHECK (created_at < expires_at)
);

COMMENT ON TABLE idempotency_keys IS
    'One row per call that brought an idempotency key and was answered for good.';
COMMENT ON COLUMN idempotency_keys.digest IS
    'SHA-256 of method, caller (or client address) and key; the key itself is kept nowhere.';
COMMENT ON COLUMN idempotency_keys.request_digest IS
    'HMAC of the request, keyed with a key in Vault: a request may hold a password.';
COMMENT ON COLUMN idempotency_keys.status IS 'Number of the google.rpc.Code; 0 is success.';
COMMENT ON COLUMN idempotency_keys.content IS
    'The answer, or the google.rpc.Status of a refusal, as protobuf; may hold personal data.';
COMMENT ON COLUMN idempotency_keys.caller_id IS 'Who called; null for a service and for nobody.';
COMMENT ON COLUMN idempotency_keys.subject_id IS
    'Whom the answer is about; null where it is about nobody.';

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_by_caller ON idempotency_keys (caller_id)
    WHERE caller_id IS NOT NULL;
CREATE INDEX idempotency_keys_by_subject ON idempotency_keys (subject_id)
    WHERE subject_id IS NOT NULL;

GRANT SELECT, INSERT ON idempotency_keys TO pandora_service;
GRANT UPDATE (request_digest, method, status, content, caller_id, subject_id, created_at,
              expires_at) ON idempotency_keys TO pandora_service;
-- Locking a row needs the right to change it.
GRANT SELECT, DELETE, UPDATE (expires_at) ON idempotency_keys TO pandora_maintainer;
"""

DOWN = """
DROP TABLE idempotency_keys;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
