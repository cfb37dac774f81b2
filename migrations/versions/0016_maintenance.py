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

# Erasing a person, and removing what has served.
RIGHTS = """
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

DROP TABLE audit_legal_holds;
DROP FUNCTION await_those_who_erase();
DROP FUNCTION keep_legal_holds_out();
DROP FUNCTION refuse_record_change();
"""


def upgrade() -> None:
    op.execute(HOLDS)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute(DOWN)
