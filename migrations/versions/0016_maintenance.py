"""Maintenance has a role of its own: it makes partitions, and drops what may be dropped."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# The service places and releases holds, and drops nothing; the maintainer drops, and can neither
# place nor release one. So neither login alone gets rid of what is held.
HOLDS = """
CREATE TABLE audit_legal_holds (
    id uuid NOT NULL,
    reason text NOT NULL,
    user_id uuid,
    from_time timestamptz,
    to_time timestamptz,
    placed_at timestamptz NOT NULL,
    released_at timestamptz,
    CONSTRAINT audit_legal_holds_pkey PRIMARY KEY (id),
    CONSTRAINT audit_legal_holds_reason_is_given CHECK (reason <> ''),
    CONSTRAINT audit_legal_holds_cover_person_or_span CHECK (
        (user_id IS NOT NULL AND from_time IS NULL AND to_time IS NULL)
        OR (user_id IS NULL AND from_time IS NOT NULL AND to_time IS NOT NULL)),
    CONSTRAINT audit_legal_holds_span_is_not_empty CHECK (from_time < to_time),
    CONSTRAINT audit_legal_holds_end_after_begin CHECK (placed_at <= released_at)
);

COMMENT ON TABLE audit_legal_holds IS
    'What is neither erased nor dropped as long as released_at is null.';
COMMENT ON COLUMN audit_legal_holds.user_id IS 'Covers all that is stored about one person.';
COMMENT ON COLUMN audit_legal_holds.from_time IS
    'Covers the audit rows from this time (inclusive) to to_time (exclusive).';

GRANT SELECT, INSERT, UPDATE (released_at) ON audit_legal_holds TO pandora_service;

CREATE FUNCTION refuse_record_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION '% is a record: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_are_kept';
END $$;

REVOKE ALL ON FUNCTION refuse_record_change() FROM PUBLIC;

CREATE TRIGGER audit_legal_holds_kept BEFORE DELETE ON audit_legal_holds
    FOR EACH ROW EXECUTE FUNCTION refuse_record_change();
CREATE TRIGGER audit_legal_holds_fixed BEFORE UPDATE ON audit_legal_holds
    FOR EACH ROW WHEN (
        OLD.released_at IS NOT NULL
        OR ROW (OLD.id, OLD.reason, OLD.user_id, OLD.from_time, OLD.to_time, OLD.placed_at)
           IS DISTINCT FROM
           ROW (NEW.id, NEW.reason, NEW.user_id, NEW.from_time, NEW.to_time, NEW.placed_at)
    ) EXECUTE FUNCTION refuse_record_change();
CREATE TRIGGER audit_legal_holds_never_truncated BEFORE TRUNCATE ON audit_legal_holds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();

-- The number is «holds» in ASCII. Who erases or drops shares the lock, who places a hold has it
-- alone: a hold is either seen by them, or waits until they have ended.
CREATE FUNCTION keep_legal_holds_out() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(x'686f6c6473'::bigint);
END $$;

CREATE FUNCTION await_those_who_erase() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(x'686f6c6473'::bigint);
    RETURN NULL;
END $$;

REVOKE ALL ON FUNCTION keep_legal_holds_out() FROM PUBLIC;
REVOKE ALL ON FUNCTION await_those_who_erase() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keep_legal_holds_out() TO pandora_service, pandora_maintainer;

CREATE TRIGGER audit_legal_holds_in_turn BEFORE INSERT ON audit_legal_holds
    FOR EACH STATEMENT EXECUTE FUNCTION await_those_who_erase();
"""

# Partitions come and go through these functions alone: the maintainer has no right to define or
# drop anything, and the functions do nothing else with what they are given.
MONTHS = """
CREATE FUNCTION audit_partitions()
RETURNS TABLE (name text, from_time timestamptz, to_time timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
    SELECT c.relname::text, bound[1]::timestamptz, bound[2]::timestamptz
    FROM pg_inherits
    JOIN pg_class AS c ON c.oid = inhrelid
    CROSS JOIN LATERAL (
        SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid),
                            'FROM [(]''([^'']+)''[)] TO [(]''([^'']+)''[)]') AS bound
    ) AS written
    WHERE inhparent = 'public.audit_events'::regclass
$$;

COMMENT ON FUNCTION audit_partitions() IS
    'Every partition of the audit log with its bounds (UTC); the default one has none.';

CREATE FUNCTION make_audit_month(month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
SET lock_timeout = '500ms' AS $$
DECLARE
    this_month CONSTANT timestamptz := date_trunc('month', now());
    first_day CONSTANT timestamptz := date_trunc('month', month::timestamptz);
    next_month CONSTANT timestamptz := first_day + interval '1 month';
BEGIN
    IF first_day < this_month - interval '1 month'
       OR first_day > this_month + interval '120 months' THEN
        RAISE EXCEPTION 'no partition is made for %', first_day
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM public.audit_partitions() AS p
               WHERE p.from_time < next_month AND p.to_time > first_day) THEN
        RETURN 'present';
    END IF;
    IF EXISTS (SELECT FROM public.audit_events_default AS e
               WHERE e.occurred_at >= first_day AND e.occurred_at < next_month) THEN
        RETURN 'in default';
    END IF;
    PERFORM public.add_audit_month(first_day::date);
    RETURN 'made';
END $$;

COMMENT ON FUNCTION make_audit_month(date) IS
    'Makes the partition of a month (UTC) from the last one to ten years ahead, where it is missing'
    ' and the default partition has no row of it.';

-- Rows are not moved: a copy would be another row, and the original would have to be removed. The
-- table that holds them becomes the partition of their months, and another one takes its place.
CREATE FUNCTION adopt_audit_default() RETURNS text
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
    CREATE TABLE public.audit_events_default PARTITION OF public.audit_events DEFAULT;
    CREATE TRIGGER audit_events_never_truncated BEFORE TRUNCATE ON public.audit_events_default
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change();
    RETURN partition;
END $$;

COMMENT ON FUNCTION adopt_audit_default() IS
    'Makes the default partition the one of the months (at most twelve, none of which has a'
    ' partition) that its rows lie in; returns its name, or null where nothing was done.';

REVOKE ALL ON FUNCTION audit_partitions() FROM PUBLIC;
REVOKE ALL ON FUNCTION make_audit_month(date) FROM PUBLIC;
REVOKE ALL ON FUNCTION adopt_audit_default() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_partitions(), make_audit_month(date), adopt_audit_default()
    TO pandora_maintainer;
"""

# Erasing a person, and removing what has served.
RIGHTS = """
CREATE FUNCTION legal_hold_covers(person uuid, moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (
    SELECT FROM public.audit_legal_holds AS hold
    WHERE hold.released_at IS NULL
      AND (hold.user_id = person OR (hold.from_time <= moment AND moment < hold.to_time)));

COMMENT ON FUNCTION legal_hold_covers(uuid, timestamptz) IS
    'Whether what a row says of a person and a time is under a hold that is in force.';

REVOKE ALL ON FUNCTION legal_hold_covers(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION legal_hold_covers(uuid, timestamptz) TO pandora_maintainer;

-- Removing a row asks whether another one refers to it.
CREATE INDEX refresh_tokens_by_successor ON refresh_tokens (successor)
    WHERE successor IS NOT NULL;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX mail_outbox_by_token ON mail_outbox (token_id) WHERE token_id IS NOT NULL;

GRANT USAGE ON SCHEMA public TO pandora_maintainer;
GRANT SELECT ON alembic_version, audit_events, audit_legal_holds TO pandora_maintainer;
GRANT INSERT ON audit_events TO pandora_maintainer;

GRANT SELECT, UPDATE, DELETE ON
    users, sessions, refresh_tokens, known_devices, one_time_tokens, totp_enrolments,
    recovery_codes, mfa_challenges, mail_outbox, login_failures, kyc_reviews, outbox
TO pandora_maintainer;
"""

DOWN = """
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM pandora_maintainer;

DROP INDEX mail_outbox_by_token;
DROP INDEX refresh_tokens_by_session;
DROP INDEX refresh_tokens_by_successor;
DROP FUNCTION legal_hold_covers(uuid, timestamptz);
DROP FUNCTION adopt_audit_default();
DROP FUNCTION make_audit_month(date);
DROP FUNCTION audit_partitions();
DROP TABLE audit_legal_holds;
DROP FUNCTION await_those_who_erase();
DROP FUNCTION keep_legal_holds_out();
DROP FUNCTION refuse_record_change();
"""


def upgrade() -> None:
    op.execute(HOLDS)
    op.execute(MONTHS)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute(DOWN)
