"""The audit log: append-only, and partitioned by month from its first row on."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A row's key holds occurred_at because a partitioned table's key must hold what it is divided by.
LOG = """
CREATE TABLE audit_events (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_type text NOT NULL,
    actor_id text,
    action text NOT NULL,
    resource_type text NOT NULL,
    resource_id text,
    user_id uuid,
    outcome text NOT NULL,
    reason text,
    ip_address text,
    user_agent text,
    request_id text NOT NULL,
    trace_id text NOT NULL,
    details jsonb NOT NULL,
    hash text NOT NULL,
    CONSTRAINT audit_events_pkey PRIMARY KEY (sequence, occurred_at),
    CONSTRAINT audit_events_actor_type_known CHECK (actor_type IN ('user', 'service', 'system')),
    CONSTRAINT audit_events_outcome_known CHECK (outcome IN ('success', 'failure')),
    CONSTRAINT audit_events_failure_has_reason
        CHECK (outcome <> 'failure' OR (reason IS NOT NULL AND reason <> '')),
    CONSTRAINT audit_events_details_is_object CHECK (jsonb_typeof(details) = 'object'),
    CONSTRAINT audit_events_hash_is_hex CHECK (hash ~ '^[0-9a-f]{64}$')
) PARTITION BY RANGE (occurred_at);

COMMENT ON TABLE audit_events IS 'One row per change and per outcome of an authentication.';
COMMENT ON COLUMN audit_events.sequence IS
    'Unique and rising as rows are written; a number that was rolled back is missing.';
COMMENT ON COLUMN audit_events.hash IS 'Lower-case hex SHA-256 of the row''s canonical form.';

CREATE INDEX audit_events_by_user ON audit_events (user_id, sequence);
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, sequence);
CREATE INDEX audit_events_by_action ON audit_events (action, sequence);
CREATE INDEX audit_events_occurred_at ON audit_events USING brin (occurred_at);

GRANT SELECT, INSERT ON audit_events TO pandora_service;
"""

# Rights keep the service from changing a row; the trigger keeps the owner from doing it by mistake.
APPEND_ONLY = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'audit_events is append-only: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_events_append_only';
END $$;

REVOKE ALL ON FUNCTION refuse_audit_change() FROM PUBLIC;

CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_events_never_truncated BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
"""

# PostgreSQL gives a partition its parent's row triggers, but not those for TRUNCATE.
PARTITIONS = """
CREATE FUNCTION add_audit_month(month date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
DECLARE
    first_day CONSTANT date := date_trunc('month', month);
    next_month CONSTANT date := first_day + interval '1 month';
    partition CONSTANT text := to_char(first_day, '"audit_events_y"YYYY"m"MM');
BEGIN
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.audit_events FOR VALUES FROM (%L) TO (%L)',
        partition, first_day::timestamptz, next_month::timestamptz);
    EXECUTE format(
        'CREATE TRIGGER audit_events_never_truncated BEFORE TRUNCATE ON public.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()', partition);
    RETURN partition;
END $$;

REVOKE ALL ON FUNCTION add_audit_month(date) FROM PUBLIC;

COMMENT ON FUNCTION add_audit_month(date) IS
    'Makes the partition of the month (UTC) that holds the given day; returns its name.';

-- Last month, for clocks that lag, and a year to come.
DO $$ BEGIN
    PERFORM add_audit_month((date_trunc('month', now() AT TIME ZONE 'UTC')
                             + make_interval(months => offset_months))::date)
    FROM generate_series(-1, 12) AS offset_months;
END $$;

-- No action fails because a partition is missing: its row lands here, where it can be seen.
CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;
CREATE TRIGGER audit_events_never_truncated BEFORE TRUNCATE ON audit_events_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
"""

DOWN = """
DROP TABLE audit_events;
DROP FUNCTION add_audit_month(date);
DROP FUNCTION refuse_audit_change();
"""


def upgrade() -> None:
    op.execute(LOG)
    op.execute(APPEND_ONLY)
    op.execute(PARTITIONS)


def downgrade() -> None:
    op.execute(DOWN)
