-- A clone without persons: what is read of the source, and what is noted in the target.

-- name: begin_snapshot :one
-- purpose: Names the state of the source that every process of the clone reads.
SELECT
    pg_export_snapshot() AS snapshot, now() AS snapshot_at, current_database()::text AS name,
    (SELECT max(v.version_num) FROM alembic_version AS v) AS revision;

-- name: list_text_columns :many
-- purpose: Reads every column of the service's tables, with its type.
SELECT c.table_name::text AS table_name, c.column_name::text AS column_name,
       c.udt_name::text AS type_name
FROM information_schema.columns AS c
JOIN pg_class AS t ON t.oid = format('public.%%I', c.table_name)::regclass
WHERE c.table_schema = 'public' AND NOT t.relispartition AND t.relkind IN ('r', 'p')
ORDER BY c.table_name, c.ordinal_position;

-- name: read_audit_extent :one
-- purpose: Tells how many audit rows there are, and from when until when they reach.
SELECT count(*) AS row_count, min(sequence) AS first, max(sequence) AS last,
       min(occurred_at) AS oldest, max(occurred_at) AS newest
FROM audit_events;

-- name: list_chunk_ends :many
-- purpose: Divides the rows above a number and up to another one into chunks; reads their last numbers.
SELECT numbered.sequence
FROM (
    SELECT sequence, row_number() OVER (ORDER BY sequence) AS place
    FROM audit_events
    WHERE sequence > %(above)s::bigint AND sequence <= %(up_to)s::bigint
) AS numbered
WHERE numbered.place %% %(step)s::bigint = 0
ORDER BY numbered.sequence;

-- name: count_audit_rows :one
-- purpose: Counts the rows between two numbers.
SELECT count(*) AS row_count
FROM audit_events
WHERE sequence BETWEEN %(first)s::bigint AND %(last)s::bigint;

-- name: count_copied_rows :one
-- purpose: Counts the rows of all that is copied but the audit log.
SELECT
    (SELECT count(*) FROM users)
    + (SELECT count(*) FROM sessions)
    + (SELECT count(*) FROM refresh_tokens)
    + (SELECT count(*) FROM known_devices)
    + (SELECT count(*) FROM kyc_reviews)
    + (SELECT count(*) FROM totp_enrolments)
    + (SELECT count(*) FROM recovery_codes)
    + (SELECT count(*) FROM service_tokens)
    + (SELECT count(*) FROM consumed_events)
    + (SELECT count(*) FROM audit_legal_holds)
    + (SELECT count(*) FROM outbox) AS row_count;

-- name: list_audit_sequences :many
-- purpose: Reads the numbers that are in use between two numbers.
SELECT sequence
FROM audit_events
WHERE sequence BETWEEN %(first)s::bigint AND %(last)s::bigint;

-- name: read_salted_rows :many
-- purpose: Reads audit rows between two numbers with the salts that their personal texts are sealed with.
SELECT
    e.sequence, e.version::integer AS version, e.id, e.occurred_at, e.actor_type, e.actor_id,
    e.action, e.resource_type, e.resource_id, e.user_id, e.outcome, e.reason, e.origin_owner,
    e.ip_address, e.user_agent, e.request_id, e.trace_id, e.details, e.hash,
    o.personal_salt AS origin_salt, u.personal_salt AS about_salt
FROM audit_events AS e
LEFT JOIN users AS o ON o.id = e.origin_owner
LEFT JOIN users AS u ON u.id = e.user_id AND e.reason IS NOT NULL
WHERE e.sequence BETWEEN %(first)s::bigint AND %(last)s::bigint
ORDER BY e.sequence;

-- name: list_clone_chunks :many
-- purpose: Reads which parts of the audit log the clone has.
SELECT first_sequence, last_sequence, row_count
FROM clone_chunks
ORDER BY first_sequence;

-- name: note_clone_chunk :exec
-- purpose: Notes a part of the audit log, in the transaction that copies it.
INSERT INTO clone_chunks (first_sequence, last_sequence, row_count)
VALUES (%(first)s, %(last)s, %(row_count)s)
ON CONFLICT (first_sequence) DO UPDATE SET row_count = excluded.row_count;

-- name: empty_copied_tables :exec
-- purpose: Removes what an interrupted clone had of everything but the audit log and legal holds.
TRUNCATE users, sessions, refresh_tokens, known_devices, kyc_reviews, totp_enrolments,
    recovery_codes, mfa_challenges, one_time_tokens, mail_outbox, service_tokens,
    consumed_events, outbox;

-- name: advance_sequences :one
-- purpose: Lets new rows be numbered above those that were copied.
SELECT
    setval(pg_get_serial_sequence('audit_events', 'sequence'),
           greatest(1, (SELECT max(e.sequence) FROM audit_events AS e))) AS audit_sequence,
    setval(pg_get_serial_sequence('outbox', 'sequence'),
           greatest(1, (SELECT max(o.sequence) FROM outbox AS o))) AS outbox_sequence;
