-- Rows are gathered by transaction, not by number: what a snapshot did not show is what has been
-- committed since, and neither a number that was rolled back nor a late commit disturbs that.

-- name: begin_sealing :one
-- purpose: Takes the right to make the next seal until the transaction ends, and tells what it sees.
SELECT
    pg_try_advisory_xact_lock(%(lock_key)s::bigint) AS is_taken,
    pg_current_snapshot()::text AS snapshot;

-- name: read_log_end :one
-- purpose: Reads the newest seal as far as the next one needs it, and whether its transactions are of this database's life.
SELECT
    number, hash, size, frontier, since::text AS since, snapshot::text AS snapshot, is_complete,
    last_sequence,
    pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS is_foreign
FROM audit_seals
ORDER BY number DESC
LIMIT 1;

-- name: read_new_rows :many
-- purpose: Reads the rows of a window from its beginning: those of transactions that an older snapshot did not show.
-- The sum keeps the planner from walking through the whole log in the order of its key.
SELECT
    sequence, transaction_id::text AS transaction_id, version, id::text AS id,
    occurred_at::text AS occurred_at, actor_type, actor_id, action, resource_type, resource_id,
    user_id::text AS user_id, outcome, reason, origin_owner::text AS origin_owner, ip_address,
    user_agent, request_id, trace_id, details::text AS details, hash
FROM audit_events
WHERE (
        transaction_id >= pg_snapshot_xmax(%(since)s::text::pg_snapshot)
        OR transaction_id = ANY (ARRAY(SELECT pg_snapshot_xip(%(since)s::text::pg_snapshot)))
    )
  AND pg_visible_in_snapshot(transaction_id, %(snapshot)s::text::pg_snapshot)
ORDER BY sequence + 0
LIMIT %(row_limit)s;

-- name: read_remaining_rows :many
-- purpose: Reads the rows of a window after a number: many are left, and most of them follow one another.
SELECT
    sequence, transaction_id::text AS transaction_id, version, id::text AS id,
    occurred_at::text AS occurred_at, actor_type, actor_id, action, resource_type, resource_id,
    user_id::text AS user_id, outcome, reason, origin_owner::text AS origin_owner, ip_address,
    user_agent, request_id, trace_id, details::text AS details, hash
FROM audit_events
WHERE sequence > %(after)s::bigint
  AND NOT pg_visible_in_snapshot(transaction_id, %(since)s::text::pg_snapshot)
  AND pg_visible_in_snapshot(transaction_id, %(snapshot)s::text::pg_snapshot)
ORDER BY sequence
LIMIT %(row_limit)s;

-- name: add_seal :exec
-- purpose: Stores a seal; its number is refused if somebody else has made that one.
INSERT INTO audit_seals (
    number, origin, sealed_at, since, snapshot, is_complete, first_sequence, last_sequence,
    sequences, leaf_hashes, size, frontier, root, previous_hash, hash, signature, key_version
) VALUES (
    %(number)s, %(origin)s, %(sealed_at)s, %(since)s::text::pg_snapshot,
    %(snapshot)s::text::pg_snapshot, %(is_complete)s, %(first_sequence)s, %(last_sequence)s,
    %(sequences)s, %(leaf_hashes)s, %(size)s, %(frontier)s, %(root)s, %(previous_hash)s, %(hash)s,
    %(signature)s, %(key_version)s
);

-- name: read_heads :many
-- purpose: Reads what seals state, and their signatures, from a number on.
SELECT
    number, origin, sealed_at, since::text AS since, snapshot::text AS snapshot, is_complete,
    cardinality(sequences) AS row_count, first_sequence, last_sequence, size, root, previous_hash,
    signature, key_version
FROM audit_seals
WHERE number >= %(number)s::bigint
ORDER BY number
LIMIT %(row_limit)s;

-- name: read_newest_head :one
-- purpose: Reads what the newest seal states, and its signature.
SELECT
    number, origin, sealed_at, since::text AS since, snapshot::text AS snapshot, is_complete,
    cardinality(sequences) AS row_count, first_sequence, last_sequence, size, root, previous_hash,
    signature, key_version
FROM audit_seals
ORDER BY number DESC
LIMIT 1;
