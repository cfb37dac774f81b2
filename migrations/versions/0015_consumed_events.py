"""Events of others that have been handled, each once."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE consumed_events (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    handled_at timestamptz NOT NULL,
    CONSTRAINT consumed_events_pkey PRIMARY KEY (consumer, event_id),
    CONSTRAINT consumed_events_consumer_not_empty CHECK (consumer <> '')
);

COMMENT ON TABLE consumed_events IS
    'Which events of others took effect here: written with the effect, so that a repeat has none.';
COMMENT ON COLUMN consumed_events.consumer IS 'The consumer group that handled the event.';
COMMENT ON COLUMN consumed_events.event_id IS 'The id in the event''s envelope.';
COMMENT ON COLUMN consumed_events.handled_at IS 'The time of the effect.';

GRANT SELECT, INSERT ON consumed_events TO pandora_service;
"""

DOWN = """
DROP TABLE consumed_events;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
