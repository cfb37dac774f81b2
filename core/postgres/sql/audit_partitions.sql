-- name: list_audit_partitions :many
-- purpose: Reads every partition with its bounds, the oldest first.
SELECT name, from_time, to_time
FROM audit_partitions()
ORDER BY from_time, name;

-- name: make_audit_month :one
-- purpose: Makes the partition of a month through its owner's function.
SELECT make_audit_month(%(month)s::text::date) AS outcome;

-- name: adopt_audit_default :one
-- purpose: Gives the default partition the months of its rows through its owner's function.
SELECT adopt_audit_default() AS name;

-- name: read_default_rows :one
-- purpose: Tells since when and until when the rows of the default partition reach.
SELECT oldest, newest
FROM audit_default_span();

-- name: read_whether_month_held :one
-- purpose: Tells whether a hold covers the time or a person of a partition.
SELECT audit_month_is_held(%(name)s, %(from_time)s, %(to_time)s) AS is_held;

-- name: read_partition_rows :many
-- purpose: Reads rows of one partition, which its bounds single out, after a number.
SELECT
    sequence, transaction_id::text AS transaction_id, version, id::text AS id,
    occurred_at::text AS occurred_at, actor_type, actor_id, action, resource_type, resource_id,
    user_id::text AS user_id, outcome, reason, origin_owner::text AS origin_owner, ip_address,
    user_agent, request_id, trace_id, details::text AS details, hash
FROM audit_events
WHERE occurred_at >= %(from_time)s AND occurred_at < %(to_time)s
  AND sequence > %(after)s::bigint
ORDER BY sequence
LIMIT %(row_limit)s;

-- name: list_audit_retirements :many
-- purpose: Reads the record of every partition that was dropped, the oldest first.
SELECT
    partition, origin, from_time, to_time, row_count, sequences::text AS sequences, digest,
    retired_at, signature, key_version
FROM audit_retirements
ORDER BY from_time, partition;

-- name: retire_audit_month :exec
-- purpose: Drops a partition and keeps its record, through its owner's function.
SELECT retire_audit_month(
    %(partition)s, %(origin)s, %(row_count)s, %(sequences)s::text::int8multirange, %(digest)s,
    %(retired_at)s, %(signature)s, %(key_version)s::integer, %(keep_months)s::integer
);
