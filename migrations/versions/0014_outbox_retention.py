"""Published events are kept for a time, so that a stream that lost them can be made whole."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE outbox
    ADD CONSTRAINT outbox_stream_id_is_position
    CHECK (stream_id ~ '^[0-9]{1,18}-[0-9]{1,18}$');

CREATE FUNCTION stream_position(stream_id text) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN string_to_array(stream_id, '-')::bigint[];

COMMENT ON FUNCTION stream_position(text) IS
    'Milliseconds and number of a stream id: compares as Redis compares ids, which text does not.';

REVOKE ALL ON FUNCTION stream_position(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stream_position(text) TO pandora_service;

-- Both hold published rows alone: whoever writes an event does not pay for them, the relay does.
CREATE INDEX outbox_by_stream_position ON outbox (stream_position(stream_id))
    WHERE published_at IS NOT NULL;
CREATE INDEX outbox_published_of_user ON outbox (user_id, stream_position(stream_id))
    WHERE published_at IS NOT NULL;

COMMENT ON COLUMN outbox.published_at IS
    'When the stream confirmed the entry; null again if the stream has lost it.';

CREATE TABLE event_stream (
    id smallint NOT NULL DEFAULT 1,
    trimmed_below text NOT NULL DEFAULT '0-0',
    trimmed_at timestamptz,
    lost_up_to text NOT NULL DEFAULT '0-0',
    CONSTRAINT event_stream_pkey PRIMARY KEY (id),
    CONSTRAINT event_stream_is_one CHECK (id = 1),
    CONSTRAINT event_stream_trimmed_below_is_position
        CHECK (trimmed_below ~ '^[0-9]{1,18}-[0-9]{1,18}$'),
    CONSTRAINT event_stream_lost_up_to_is_position
        CHECK (lost_up_to ~ '^[0-9]{1,18}-[0-9]{1,18}$')
);

COMMENT ON TABLE event_stream IS 'What relays know together of the one stream; a single row.';
COMMENT ON COLUMN event_stream.trimmed_below IS
    'Relays may have trimmed entries below this id; written first, so that they are never missed.';
COMMENT ON COLUMN event_stream.trimmed_at IS 'When that id was last raised.';
COMMENT ON COLUMN event_stream.lost_up_to IS
    'The greatest id that the stream has lost: new ids lie above it, whatever its clock says.';

INSERT INTO event_stream DEFAULT VALUES;

GRANT SELECT, UPDATE (trimmed_below, trimmed_at, lost_up_to) ON event_stream TO pandora_service;
"""

DOWN = """
DROP TABLE event_stream;
DROP INDEX outbox_published_of_user;
DROP INDEX outbox_by_stream_position;
DROP FUNCTION stream_position(text);
ALTER TABLE outbox DROP CONSTRAINT outbox_stream_id_is_position;
COMMENT ON COLUMN outbox.published_at IS NULL;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
