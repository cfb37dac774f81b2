"""Events on their way out."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE outbox (
    -- No CACHE: numbers that connections keep in stock would not grow in commit order.
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    event_type text NOT NULL,
    payload jsonb NOT NULL,
    trace_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    traceparent text,
    published_at timestamptz,
    stream_id text,
    CONSTRAINT outbox_pkey PRIMARY KEY (sequence),
    CONSTRAINT outbox_id_key UNIQUE (id),
    CONSTRAINT outbox_event_type_not_empty CHECK (event_type <> ''),
    CONSTRAINT outbox_payload_is_object CHECK (jsonb_typeof(payload) = 'object'),
    CONSTRAINT outbox_trace_id_is_hex CHECK (trace_id ~ '^[0-9a-f]{32}$'),
    CONSTRAINT outbox_published_has_stream_id CHECK ((published_at IS NULL) = (stream_id IS NULL))
)
-- Every row leaves the partial index soon after it came in, and looking for the oldest waiting row
-- steps over what vacuum has not yet removed there.
WITH (autovacuum_vacuum_scale_factor = 0.02);

COMMENT ON TABLE outbox IS 'One row per event, written with the change that it tells of.';
COMMENT ON COLUMN outbox.sequence IS
    'Grows in commit order within one person, whose row the writer has locked; not across persons.';
COMMENT ON COLUMN outbox.traceparent IS
    'The span that wrote the row (W3C Trace Context), so that publishing shows in its trace.';
COMMENT ON COLUMN outbox.stream_id IS 'The name of the entry in the stream.';

CREATE INDEX outbox_unpublished ON outbox (sequence) WHERE published_at IS NULL;

-- What an event says is never rewritten; only where it went is recorded.
GRANT SELECT, INSERT, UPDATE (published_at, stream_id) ON outbox TO pandora_service;
"""

DOWN = """
DROP TABLE outbox;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
