-- Whether what a database holds is original, and how far a clone or made-up data has come.

-- name: read_database_origin :one
-- purpose: Tells where the rows come from; no row where they are original.
SELECT kind, source, mark, base_sequence, began_at, snapshot_at, completed_at
FROM database_origin;

-- name: begin_origin :exec
-- purpose: Notes before the first row that what follows is no original.
INSERT INTO database_origin (kind, source, mark, base_sequence, began_at)
VALUES (%(kind)s, %(source)s, %(mark)s, %(base_sequence)s, %(began_at)s)
ON CONFLICT (id) DO UPDATE
SET kind = excluded.kind, source = excluded.source, mark = excluded.mark,
    base_sequence = excluded.base_sequence, began_at = excluded.began_at, completed_at = NULL;

-- name: complete_origin :exec
-- purpose: Notes that every row is there.
UPDATE database_origin
SET completed_at = %(completed_at)s, snapshot_at = %(snapshot_at)s::timestamptz;

-- name: read_occupancy :one
-- purpose: Tells whether a database holds people or audit rows.
SELECT
    EXISTS (SELECT FROM users) AS has_users,
    EXISTS (SELECT FROM audit_events) AS has_audit_rows;

-- name: list_missing_months :many
-- purpose: Reads the months between two times in which the audit log has no partition.
SELECT month::date::text AS month
FROM generate_series(
    date_trunc('month', %(since)s::timestamptz, 'UTC'),
    date_trunc('month', %(until)s::timestamptz, 'UTC'), interval '1 month', 'UTC') AS month
WHERE NOT EXISTS (
    SELECT FROM audit_partitions() AS p WHERE p.from_time <= month AND month < p.to_time)
ORDER BY month;

-- name: add_audit_month :one
-- purpose: Makes the partition of a month, also of one that is over, as its owner.
SELECT add_audit_month(%(month)s::text::date) AS name;

-- name: reserve_audit_sequences :one
-- purpose: Takes numbers of audit rows out of circulation; returns the last one used before.
SELECT
    setval(
        pg_get_serial_sequence('audit_events', 'sequence'),
        greatest(nextval(pg_get_serial_sequence('audit_events', 'sequence')) - 1,
                 coalesce((SELECT max(e.sequence) FROM audit_events AS e), 0))
            + %(count)s::bigint
    ) - %(count)s::bigint AS before;

-- name: mark_stream_trimmed :exec
-- purpose: Says that the stream has let go of every event published up to now, so that no relay misses them.
UPDATE event_stream
SET trimmed_below = %(stream_id)s, trimmed_at = %(at)s;

-- name: find_users_of :many
-- purpose: Tells which of these people are there.
SELECT id
FROM users
WHERE id = ANY(%(user_ids)s);

-- name: refresh_statistics :exec
-- purpose: Lets the planner know of what was loaded.
ANALYZE;
