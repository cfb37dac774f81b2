-- name: begin_verification :one
-- purpose: Takes the right to verify until the transaction ends, and a view of the log that other sessions can share.
SELECT
    pg_try_advisory_xact_lock(%(lock_key)s::bigint) AS is_taken,
    pg_export_snapshot() AS snapshot,
    pg_snapshot_xmax(pg_current_snapshot())::text AS next_transaction,
    (SELECT max(last_sequence) FROM audit_seals) AS sealed_sequence;

-- name: read_row_boundaries :many
-- purpose: Divides the log into parts of about so many sealed rows; each part begins at such a number.
SELECT first_sequence
FROM (
    SELECT
        first_sequence, size / %(step)s::bigint AS step,
        lag(size / %(step)s::bigint, 1, 0::bigint) OVER (ORDER BY number) AS step_before
    FROM audit_seals
) AS seals
WHERE step <> step_before
ORDER BY first_sequence;

-- name: read_seals :many
-- purpose: Reads everything of the seals between two numbers, both included.
SELECT
    number, origin, sealed_at, since::text AS since, snapshot::text AS snapshot, is_complete,
    cardinality(sequences) AS row_count, first_sequence, last_sequence, size, root, previous_hash,
    signature, key_version, sequences, leaf_hashes, frontier, hash
FROM audit_seals
WHERE number BETWEEN %(first)s::bigint AND %(last)s::bigint
ORDER BY number;

-- name: read_leaves :many
-- purpose: Reads what seals cover that may cover rows above one number and up to another.
SELECT number, sequences, leaf_hashes
FROM audit_seals
WHERE last_sequence > %(above)s::bigint
  AND first_sequence <= %(up_to)s::bigint
ORDER BY number;

-- name: read_row_range :many
-- purpose: Reads the rows above one number and up to another.
SELECT
    sequence, transaction_id::text AS transaction_id, version, id::text AS id,
    occurred_at::text AS occurred_at, actor_type, actor_id, action, resource_type, resource_id,
    user_id::text AS user_id, outcome, reason, origin_owner::text AS origin_owner, ip_address,
    user_agent, request_id, trace_id, details::text AS details, hash
FROM audit_events
WHERE sequence > %(above)s::bigint
  AND sequence <= %(up_to)s::bigint
ORDER BY sequence;

-- name: find_seal_of :one
-- purpose: Finds the seal that covers a row.
SELECT number
FROM audit_seals
WHERE first_sequence <= %(sequence)s::bigint
  AND last_sequence >= %(sequence)s::bigint
  AND %(sequence)s::bigint = ANY (sequences)
ORDER BY number
LIMIT 1;

-- name: read_heads_of :many
-- purpose: Reads what the seals with certain numbers state, and their signatures.
SELECT
    number, origin, sealed_at, since::text AS since, snapshot::text AS snapshot, is_complete,
    cardinality(sequences) AS row_count, first_sequence, last_sequence, size, root, previous_hash,
    signature, key_version
FROM audit_seals
WHERE number = ANY (%(numbers)s::bigint[])
ORDER BY number;
