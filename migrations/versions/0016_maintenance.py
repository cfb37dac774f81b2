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

CREATE FUNCTION audit_default_span(OUT oldest timestamptz, OUT newest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT min(e.occurred_at), max(e.occurred_at) FROM public.audit_events_default AS e
$$;

COMMENT ON FUNCTION audit_default_span() IS
    'Since when and until when rows lie in the default partition; nulls: none does.';

REVOKE ALL ON FUNCTION audit_partitions() FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_default_span() FROM PUBLIC;
REVOKE ALL ON FUNCTION make_audit_month(date) FROM PUBLIC;
REVOKE ALL ON FUNCTION adopt_audit_default() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    audit_partitions(), audit_default_span(), make_audit_month(date), adopt_audit_default()
TO pandora_maintainer;
"""

# What is dropped must be old, sealed as it is, free of holds, and told of: by a signed record that
# goes into the same transaction, and by a row of the log itself. All but the signature is checked
# here, so that the maintainer's login alone cannot get rid of evidence; a record whose signature is
# not the sealer's key's makes every later verification fail.
RETIREMENT = """
CREATE TABLE audit_retirements (
    partition text NOT NULL,
    origin text NOT NULL,
    from_time timestamptz NOT NULL,
    to_time timestamptz NOT NULL,
    row_count bigint NOT NULL,
    sequences int8multirange NOT NULL,
    digest bytea NOT NULL,
    retired_at timestamptz NOT NULL,
    signature bytea NOT NULL,
    key_version integer NOT NULL,
    CONSTRAINT audit_retirements_pkey PRIMARY KEY (partition),
    CONSTRAINT audit_retirements_span_is_not_empty CHECK (from_time < to_time),
    CONSTRAINT audit_retirements_rows_counted CHECK (row_count >= 0),
    CONSTRAINT audit_retirements_digest_is_digest CHECK (octet_length(digest) = 32),
    CONSTRAINT audit_retirements_signature_is_whole CHECK (octet_length(signature) = 68),
    CONSTRAINT audit_retirements_key_version_positive CHECK (key_version > 0)
);

COMMENT ON TABLE audit_retirements IS
    'One signed record for each partition of audit_events that was dropped when its time was over.';
COMMENT ON COLUMN audit_retirements.sequences IS 'The numbers of its rows, and no others.';
COMMENT ON COLUMN audit_retirements.digest IS
    'SHA-256 of the SHA-256s of its leaves (RFC 6962), 65,536 numbers at a time, by rising number.';
COMMENT ON COLUMN audit_retirements.signature IS
    'Ed25519, after the four bytes that name the key (C2SP signed-note).';

GRANT SELECT ON audit_retirements TO pandora_service, pandora_maintainer;

CREATE TRIGGER audit_retirements_kept BEFORE UPDATE OR DELETE ON audit_retirements
    FOR EACH ROW EXECUTE FUNCTION refuse_record_change();
CREATE TRIGGER audit_retirements_never_truncated BEFORE TRUNCATE ON audit_retirements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();

CREATE FUNCTION audit_leaf(sequence bigint, hash text) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN sha256('\\x00'::bytea || convert_to(
    '{"hash":"' || hash || '","sequence":' || sequence || '}', 'UTF8'));

COMMENT ON FUNCTION audit_leaf(bigint, text) IS 'The leaf of a row in the log''s Merkle tree.';

CREATE FUNCTION audit_month_is_held(month text, month_begin timestamptz, month_end timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held boolean;
BEGIN
    EXECUTE format($hold$
        SELECT EXISTS (
            SELECT FROM public.audit_legal_holds AS hold
            WHERE hold.released_at IS NULL
              AND ((hold.from_time < $2 AND hold.to_time > $1)
                   OR EXISTS (SELECT FROM public.%1$I AS e WHERE e.user_id = hold.user_id)
                   OR EXISTS (SELECT FROM public.%1$I AS e WHERE e.actor_id = hold.user_id::text)
                   OR EXISTS (SELECT FROM public.%1$I AS e WHERE e.origin_owner = hold.user_id)))
    $hold$, month) INTO held USING month_begin, month_end;
    RETURN held;
END $$;

COMMENT ON FUNCTION audit_month_is_held(text, timestamptz, timestamptz) IS
    'Whether a hold in force covers the time or a person of a partition.';

CREATE FUNCTION retire_audit_month(
    retired text, origin text, row_count bigint, sequences int8multirange, digest bytea,
    retired_at timestamptz, signature bytea, key_version integer, keep_months integer
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
SET lock_timeout = '500ms' AS $$
DECLARE
    -- Directive (EU) 2015/849, article 40: five years. Only a migration can make it less.
    least_months CONSTANT integer := 60;
    month record;
    blocked boolean;
    found_count bigint;
    found_sequences int8multirange;
    found_digest bytea;
BEGIN
    SELECT p.from_time, p.to_time INTO month
    FROM public.audit_partitions() AS p
    WHERE p.name = retired AND p.to_time IS NOT NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is no month of the audit log', retired
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_retirement_of_a_month';
    END IF;
    IF keep_months IS NULL
       OR month.to_time > now() - make_interval(months => greatest(keep_months, least_months)) THEN
        RAISE EXCEPTION '% has not been kept for long enough', retired
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_retirement_in_time';
    END IF;

    PERFORM public.keep_legal_holds_out();
    EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', retired);
    IF public.audit_month_is_held(retired, month.from_time, month.to_time) THEN
        RAISE EXCEPTION '% is under a legal hold', retired
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_retirement_not_held';
    END IF;

    EXECUTE format($sealed$
        WITH ends AS (
            SELECT min(e.sequence) AS first, max(e.sequence) AS last FROM public.%1$I AS e
        ), leaves AS (
            SELECT covered.sequence,
                   substring(s.leaf_hashes FROM covered.place::integer * 32 - 31 FOR 32) AS leaf
            FROM ends
            JOIN public.audit_seals AS s
              ON s.first_sequence <= ends.last AND s.last_sequence >= ends.first
            CROSS JOIN unnest(s.sequences) WITH ORDINALITY AS covered(sequence, place)
        )
        SELECT EXISTS (
            SELECT FROM public.%1$I AS e LEFT JOIN leaves USING (sequence)
            WHERE leaves.leaf IS DISTINCT FROM public.audit_leaf(e.sequence, e.hash))
    $sealed$, retired) INTO blocked;
    IF blocked THEN
        RAISE EXCEPTION '% has rows that are not sealed as they are', retired
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_retirement_sealed';
    END IF;

    EXECUTE format($told$
        WITH leaves AS (
            SELECT e.sequence, public.audit_leaf(e.sequence, e.hash) AS leaf,
                   e.sequence - row_number() OVER (ORDER BY e.sequence) AS island
            FROM public.%I AS e
        ), islands AS (
            SELECT int8range(min(l.sequence), max(l.sequence), '[]') AS island
            FROM leaves AS l GROUP BY l.island
        ), blocks AS (
            SELECT l.sequence >> 16 AS number,
                   sha256(string_agg(l.leaf, ''::bytea ORDER BY l.sequence)) AS block
            FROM leaves AS l GROUP BY l.sequence >> 16
        )
        SELECT (SELECT count(*) FROM leaves),
               (SELECT coalesce(range_agg(i.island), '{}'::int8multirange) FROM islands AS i),
               (SELECT sha256(coalesce(string_agg(b.block, ''::bytea ORDER BY b.number), ''::bytea))
                FROM blocks AS b)
    $told$, retired) INTO found_count, found_sequences, found_digest;
    IF (found_count, found_sequences, found_digest)
       IS DISTINCT FROM (row_count, sequences, digest) THEN
        RAISE EXCEPTION 'the record does not tell what % holds', retired
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_retirement_told_truly';
    END IF;

    IF NOT EXISTS (SELECT FROM public.audit_events AS e
                   WHERE e.transaction_id = pg_current_xact_id()
                     AND e.action = 'audit.retire' AND e.resource_id = retired) THEN
        RAISE EXCEPTION 'the audit log does not tell that % is dropped', retired
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_retirement_told';
    END IF;

    INSERT INTO public.audit_retirements VALUES (
        retired, origin, month.from_time, month.to_time, row_count, sequences, digest, retired_at,
        signature, key_version);
    EXECUTE format('DROP TABLE public.%I', retired);
END $$;

REVOKE ALL ON FUNCTION audit_leaf(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit_month_is_held(text, timestamptz, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION retire_audit_month(
    text, text, bigint, int8multirange, bytea, timestamptz, bytea, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_month_is_held(text, timestamptz, timestamptz)
    TO pandora_maintainer;
GRANT EXECUTE ON FUNCTION retire_audit_month(
    text, text, bigint, int8multirange, bytea, timestamptz, bytea, integer, integer)
    TO pandora_maintainer;

COMMENT ON FUNCTION retire_audit_month(
    text, text, bigint, int8multirange, bytea, timestamptz, bytea, integer, integer) IS
    'Drops a month of the audit log whose time is over, with a signed record of it.';

CREATE FUNCTION refuse_foreign_audit_action() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the maintainer writes audit rows about its own work alone'
        USING ERRCODE = 'insufficient_privilege';
END $$;

REVOKE ALL ON FUNCTION refuse_foreign_audit_action() FROM PUBLIC;

CREATE TRIGGER audit_events_of_the_maintainer BEFORE INSERT ON audit_events
    FOR EACH ROW WHEN (
        current_user = 'pandora_maintainer'
        AND (NEW.actor_type <> 'system' OR NEW.action NOT IN ('audit.retire', 'user.erase'))
    ) EXECUTE FUNCTION refuse_foreign_audit_action();
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

GRANT EXECUTE ON FUNCTION stream_position(text) TO pandora_maintainer;
GRANT SELECT, DELETE, UPDATE (handled_at) ON consumed_events TO pandora_maintainer;
GRANT SELECT, UPDATE, DELETE ON
    users, sessions, refresh_tokens, known_devices, one_time_tokens, totp_enrolments,
    recovery_codes, mfa_challenges, mail_outbox, login_failures, kyc_reviews, outbox
TO pandora_maintainer;
"""

DOWN = """
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM pandora_maintainer;
REVOKE ALL ON FUNCTION stream_position(text) FROM pandora_maintainer;

DROP INDEX mail_outbox_by_token;
DROP INDEX refresh_tokens_by_session;
DROP INDEX refresh_tokens_by_successor;
DROP FUNCTION legal_hold_covers(uuid, timestamptz);
DROP TRIGGER audit_events_of_the_maintainer ON audit_events;
DROP FUNCTION refuse_foreign_audit_action();
DROP FUNCTION retire_audit_month(
    text, text, bigint, int8multirange, bytea, timestamptz, bytea, integer, integer);
DROP FUNCTION audit_month_is_held(text, timestamptz, timestamptz);
DROP FUNCTION audit_leaf(bigint, text);
DROP TABLE audit_retirements;
DROP FUNCTION audit_default_span();
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
    op.execute(RETIREMENT)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute(DOWN)
