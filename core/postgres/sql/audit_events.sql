-- name: append_audit_event :exec
-- purpose: Writes one row of the audit log; the database gives it its sequence number.
INSERT INTO audit_events (
    version, id, occurred_at, actor_type, actor_id, action, resource_type, resource_id, user_id,
    outcome, reason, origin_owner, ip_address, user_agent, request_id, trace_id, details, hash
) VALUES (
    %(version)s, %(id)s, %(occurred_at)s, %(actor_type)s, %(actor_id)s, %(action)s,
    %(resource_type)s, %(resource_id)s, %(user_id)s, %(outcome)s, %(reason)s, %(origin_owner)s,
    %(ip_address)s, %(user_agent)s, %(request_id)s, %(trace_id)s, %(details)s, %(hash)s
);

-- name: list_audit_events :many
-- purpose: Reads one page of the log, the newest first; a filter that is null does not narrow.
SELECT
    sequence, version, id, occurred_at, actor_type, actor_id, action, resource_type, resource_id,
    user_id, outcome, reason, origin_owner, ip_address, user_agent, request_id, trace_id, details,
    hash
FROM audit_events
WHERE (%(before)s::bigint IS NULL OR sequence < %(before)s::bigint)
  AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s::uuid)
  AND (%(actor_id)s::text IS NULL OR actor_id = %(actor_id)s::text)
  AND (%(action)s::text IS NULL OR action = %(action)s::text)
  AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s::text)
  AND (%(from_time)s::timestamptz IS NULL OR occurred_at >= %(from_time)s::timestamptz)
  AND (%(to_time)s::timestamptz IS NULL OR occurred_at < %(to_time)s::timestamptz)
ORDER BY sequence DESC
LIMIT %(row_limit)s;

-- name: read_audit_span :one
-- purpose: Reads the lowest and the highest number of some whole months, at the ends of their indexes.
SELECT min(sequence) AS first, max(sequence) AS last
FROM audit_events
WHERE (%(from_month)s::timestamptz IS NULL OR occurred_at >= %(from_month)s::timestamptz)
  AND (%(to_month)s::timestamptz IS NULL OR occurred_at < %(to_month)s::timestamptz);

-- name: list_audit_span :many
-- purpose: Reads rows of a span of numbers by rising number; a filter that is null does not narrow.
SELECT
    sequence, version, id, occurred_at, actor_type, actor_id, action, resource_type, resource_id,
    user_id, outcome, reason, origin_owner, ip_address, user_agent, request_id, trace_id, details,
    hash
FROM audit_events
WHERE sequence >= %(first)s::bigint AND sequence <= %(last)s::bigint
  AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s::uuid)
  AND (%(actor_id)s::text IS NULL OR actor_id = %(actor_id)s::text)
  AND (%(action)s::text IS NULL OR action = %(action)s::text)
  AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s::text)
  AND (%(from_time)s::timestamptz IS NULL OR occurred_at >= %(from_time)s::timestamptz)
  AND (%(to_time)s::timestamptz IS NULL OR occurred_at < %(to_time)s::timestamptz)
ORDER BY sequence
LIMIT %(row_limit)s;
