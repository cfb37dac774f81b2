"""Consecutive failures to log in, and the devices that people have logged in from."""

from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

# Both hold keyed digests alone: without the key in Vault nobody tells from a row which address
# failed, which accounts exist, or where somebody logs in from. Counts that are over and devices
# that are forgotten are removed, hence the right to delete.
UP = """
CREATE TABLE login_failures (
    digest text NOT NULL,
    account text NOT NULL,
    failures bigint NOT NULL,
    last_failed_at timestamptz NOT NULL,
    CONSTRAINT login_failures_pkey PRIMARY KEY (digest),
    CONSTRAINT login_failures_digest_is_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT login_failures_account_is_digest CHECK (account ~ '^[0-9a-f]{64}$'),
    CONSTRAINT login_failures_counted CHECK (failures >= 1)
);

COMMENT ON TABLE login_failures IS
    'One row per address, registered or not, with failures since the last success; and one more for'
    ' each known device that has failed.';
COMMENT ON COLUMN login_failures.digest IS
    'HMAC of the address, or of a known device; keyed with a key in Vault.';
COMMENT ON COLUMN login_failures.account IS 'HMAC of the address whose lane this is.';

CREATE INDEX login_failures_by_account ON login_failures (account);
CREATE INDEX login_failures_by_age ON login_failures (last_failed_at);

GRANT SELECT, INSERT, DELETE ON login_failures TO pandora_service;
GRANT UPDATE (failures, last_failed_at) ON login_failures TO pandora_service;

CREATE TABLE known_devices (
    user_id uuid NOT NULL,
    digest text NOT NULL,
    country text,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT known_devices_pkey PRIMARY KEY (user_id, digest),
    CONSTRAINT known_devices_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT known_devices_digest_is_digest CHECK (digest ~ '^[0-9a-f]{64}$'),
    CONSTRAINT known_devices_country_is_digest CHECK (country ~ '^[0-9a-f]{64}$'),
    CONSTRAINT known_devices_seen_in_order CHECK (first_seen_at <= last_seen_at)
);

COMMENT ON TABLE known_devices IS 'One row per person and device that they have logged in from.';
COMMENT ON COLUMN known_devices.digest IS
    'HMAC of person, address prefix and user agent; keyed with a key in Vault.';
COMMENT ON COLUMN known_devices.country IS
    'HMAC of person and country of the last login from there; null where it was not looked up.';

GRANT SELECT, INSERT, DELETE ON known_devices TO pandora_service;
GRANT UPDATE (country, last_seen_at) ON known_devices TO pandora_service;
"""

DOWN = """
DROP TABLE known_devices;
DROP TABLE login_failures;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
