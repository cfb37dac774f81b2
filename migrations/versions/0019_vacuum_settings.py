"""When autovacuum looks at the tables that only grow, and at those that change with every call.

PostgreSQL 18, chapter 24.1 «Routine Vacuuming»; «Storage Parameters» of CREATE TABLE. Each of these
statements takes SHARE UPDATE EXCLUSIVE, beside which rows are read and written.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# The audit log. Rows are only added, so it is insertions that call for a vacuum, by default when a
# fifth of a partition is new (autovacuum_vacuum_insert_scale_factor, 24.1.6): in a month of
# millions that is one long vacuum now and then, until which index-only scans visit the table. Rows
# never change, so they are frozen at the first visit (autovacuum_freeze_min_age, 24.1.5), and no
# partition is ever read again from end to end against transaction id wraparound. Statistics
# follow sooner, since what is asked for lies at the young end of each index.
AUDIT_PARAMETERS = (
    "autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05,"
    " autovacuum_freeze_min_age = 0"
)
AUDIT_NAMES = (
    "autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor,"
    " autovacuum_freeze_min_age"
)

# Each refresh changes one row of both (24.1.1 «Recovering Disk Space»). By default a fifth of a
# table may be dead before a vacuum comes. A session's change touches no indexed column, so it stays
# within its page (heap-only tuple, 66.7) where the page has room: hence the fillfactor. A used
# token leaves the partial index of unused ones, so its change cannot; its index entries are what
# vacuum is for. Devices change with every login.
HOT = """
ALTER TABLE sessions SET (
    fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
ALTER TABLE refresh_tokens SET (
    autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05
);
ALTER TABLE known_devices SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
-- Rows live for a day and are removed by the thousand.
ALTER TABLE idempotency_keys SET (autovacuum_vacuum_scale_factor = 0.05);
"""

HOT_DOWN = """
ALTER TABLE idempotency_keys RESET (autovacuum_vacuum_scale_factor);
ALTER TABLE known_devices RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE refresh_tokens RESET (
    autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor
);
ALTER TABLE sessions RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor
);
"""

# A partitioned table holds no rows and takes no such parameters; its partitions do not inherit any.
PARTITIONS = """
DO $$ DECLARE partition regclass; BEGIN
    FOR partition IN
        SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_events'::regclass
    LOOP
        EXECUTE format('ALTER TABLE %s {}', partition);
    END LOOP;
END $$;
"""

# As in 0005, but for the parameters.
ADD_MONTH = """
CREATE OR REPLACE FUNCTION add_audit_month(month date) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
DECLARE
    first_day CONSTANT date := date_trunc('month', month);
    next_month CONSTANT date := first_day + interval '1 month';
    partition CONSTANT text := to_char(first_day, '"audit_events_y"YYYY"m"MM');
BEGIN
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.audit_events FOR VALUES FROM (%L) TO (%L){}',
        partition, first_day::timestamptz, next_month::timestamptz);
    EXECUTE format(
        'CREATE TRIGGER audit_events_never_truncated BEFORE TRUNCATE ON public.%I '
        'FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change()', partition);
    RETURN partition;
END $$;
"""

# As in 0016, but for the parameters of the new default partition.
ADOPT_DEFAULT = """
CREATE OR REPLACE FUNCTION adopt_audit_default() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
SET lock_timeout = '500ms' AS $$
DECLARE
    first_day timestamptz;
    next_month timestamptz;
    partition text;
BEGIN
    LOCK TABLE public.audit_events IN ACCESS EXCLUSIVE MODE;
    SELECT date_trunc('month', min(e.occurred_at)),
           date_trunc('month', max(e.occurred_at)) + interval '1 month'
    INTO first_day, next_month
    FROM public.audit_events_default AS e;
    IF first_day IS NULL OR next_month > first_day + interval '12 months'
       OR EXISTS (SELECT FROM public.audit_partitions() AS p
                  WHERE p.from_time < next_month AND p.to_time > first_day) THEN
        RETURN NULL;
    END IF;
    partition := to_char(first_day, '"audit_events_y"YYYY"m"MM');
    IF next_month > first_day + interval '1 month' THEN
        partition := partition || to_char(next_month - interval '1 day', '"_to_y"YYYY"m"MM');
    END IF;
    ALTER TABLE public.audit_events DETACH PARTITION public.audit_events_default;
    EXECUTE format('ALTER TABLE public.audit_events_default RENAME TO %I', partition);
    EXECUTE format(
        'ALTER TABLE public.audit_events ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        partition, first_day, next_month);
    CREATE TABLE public.audit_events_default PARTITION OF public.audit_events DEFAULT{};
    CREATE TRIGGER audit_events_never_truncated BEFORE TRUNCATE ON public.audit_events_default
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change();
    RETURN partition;
END $$;
"""


# lock-reviewed: several-tables: SHARE UPDATE EXCLUSIVE; no call waits for it, or makes it wait
def upgrade() -> None:
    op.execute(HOT)
    op.execute(PARTITIONS.replace("{}", f"SET ({AUDIT_PARAMETERS})"))
    op.execute(ADD_MONTH.replace("{}", f" WITH ({AUDIT_PARAMETERS})"))
    op.execute(ADOPT_DEFAULT.replace("{}", f" WITH ({AUDIT_PARAMETERS})"))


def downgrade() -> None:
    op.execute(ADOPT_DEFAULT.replace("{}", ""))
    op.execute(ADD_MONTH.replace("{}", ""))
    op.execute(PARTITIONS.replace("{}", f"RESET ({AUDIT_NAMES})"))
    op.execute(HOT_DOWN)
