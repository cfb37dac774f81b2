-- The relay's side of the outbox. Claiming takes two statements on purpose: the second one's
-- snapshot is younger than the locks, so it sees what the last holder of a lock has marked.

-- name: claim_waiting_users :many
-- purpose: Locks people among the oldest unpublished events, skipping those another relay holds, until the transaction ends.
WITH waiting AS MATERIALIZED (
    SELECT user_id, sequence
    FROM outbox
    WHERE published_at IS NULL
      AND user_id <> ALL (%(except_users)s::uuid[])
    ORDER BY sequence
    LIMIT %(window_size)s
),
people AS MATERIALIZED (
    SELECT user_id, min(sequence) AS first_sequence
    FROM waiting
    GROUP BY user_id
    ORDER BY first_sequence
)
SELECT
    people.user_id,
    (SELECT max(waiting.sequence) FROM waiting) AS window_end
FROM people
WHERE pg_try_advisory_xact_lock(%(lock_namespace)s::integer, hashtext(people.user_id::text))
LIMIT %(max_users)s;

-- name: read_claimed_events :many
-- purpose: Reads the unpublished events of claimed people, up to the end of their window, and the entries that they come after, as of one moment.
WITH kept AS MATERIALIZED (
    SELECT trimmed_below, lost_up_to FROM event_stream
),
people AS MATERIALIZED (
    SELECT
        claimed.user_id,
        (SELECT published.stream_id
         FROM outbox AS published
         WHERE published.user_id = claimed.user_id
           AND published.published_at IS NOT NULL
           AND stream_position(published.stream_id)
               >= (SELECT stream_position(kept.trimmed_below) FROM kept)
         ORDER BY stream_position(published.stream_id) DESC
         LIMIT 1) AS predecessor
    FROM unnest(%(user_ids)s::uuid[]) AS claimed (user_id)
),
newest AS MATERIALIZED (
    SELECT stream_id
    FROM (
        (SELECT stream_id FROM outbox WHERE published_at IS NOT NULL
         ORDER BY stream_position(stream_id) DESC LIMIT 1)
        UNION ALL
        SELECT trimmed_below FROM kept
        UNION ALL
        SELECT lost_up_to FROM kept
    ) AS recorded
    ORDER BY stream_position(stream_id) DESC
    LIMIT 1
)
SELECT
    outbox.sequence, outbox.id, outbox.user_id, outbox.event_type, outbox.payload,
    outbox.trace_id, outbox.occurred_at, outbox.traceparent,
    people.predecessor, (SELECT newest.stream_id FROM newest) AS newest_stream_id
FROM outbox
JOIN people ON people.user_id = outbox.user_id
WHERE outbox.published_at IS NULL
  AND outbox.sequence <= %(window_end)s
ORDER BY outbox.sequence
LIMIT %(max_events)s;

-- name: mark_events_published :exec
-- purpose: Records when the stream confirmed events, and the ids that it gave them.
UPDATE outbox
SET published_at = %(published_at)s, stream_id = confirmed.stream_id
FROM unnest(%(sequences)s::bigint[], %(stream_ids)s::text[]) AS confirmed (sequence, stream_id)
WHERE outbox.sequence = confirmed.sequence
  AND outbox.published_at IS NULL;

-- name: measure_backlog :one
-- purpose: Counts waiting events up to a bound, and tells when the oldest of them happened.
SELECT
    (SELECT count(*) FROM (
        SELECT sequence FROM outbox WHERE published_at IS NULL LIMIT %(bound)s
    ) AS waiting) AS waiting_count,
    (SELECT occurred_at FROM outbox WHERE published_at IS NULL ORDER BY sequence LIMIT 1)
        AS oldest_occurred_at;
