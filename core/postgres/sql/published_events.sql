-- The outbox as a record of what the stream should hold.

-- name: page_published_events :many
-- purpose: Reads what is recorded above a stream id, by rising id, without what relays may have trimmed.
SELECT sequence, stream_id
FROM outbox
WHERE published_at IS NOT NULL
  AND stream_position(stream_id) > stream_position(%(after)s::text)
  AND stream_position(stream_id) >= (SELECT stream_position(trimmed_below) FROM event_stream)
ORDER BY stream_position(stream_id)
LIMIT %(row_limit)s;

-- name: requeue_lost_events :exec
-- purpose: Lets events wait again whose entries the stream has lost, unless somebody else has done so already, and keeps the greatest id that is lost.
WITH lost AS MATERIALIZED (
    -- Locked in one order, so that two relays that see the same loss do not wait for each other.
    SELECT outbox.sequence
    FROM outbox
    JOIN unnest(%(sequences)s::bigint[], %(stream_ids)s::text[]) AS named (sequence, stream_id)
        ON named.sequence = outbox.sequence AND named.stream_id = outbox.stream_id
    ORDER BY outbox.sequence
    FOR UPDATE OF outbox
),
highest AS (
    SELECT named.stream_id
    FROM unnest(%(stream_ids)s::text[]) AS named (stream_id)
    ORDER BY stream_position(named.stream_id) DESC
    LIMIT 1
),
noted AS (
    UPDATE event_stream
    SET lost_up_to = highest.stream_id
    FROM highest
    WHERE stream_position(event_stream.lost_up_to) < stream_position(highest.stream_id)
)
UPDATE outbox
SET published_at = NULL, stream_id = NULL
FROM lost
WHERE outbox.sequence = lost.sequence;

-- name: note_stream_trim :exec
-- purpose: Records, before it happens, below which id entries are trimmed; the id only ever rises.
UPDATE event_stream
SET trimmed_below = %(below)s, trimmed_at = %(trimmed_at)s
WHERE stream_position(trimmed_below) < stream_position(%(below)s);
