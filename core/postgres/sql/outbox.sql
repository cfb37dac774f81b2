-- name: append_outbox_event :exec
-- purpose: Writes one event in the transaction of the change that it tells of.
INSERT INTO outbox (id, user_id, event_type, payload, trace_id, occurred_at, traceparent)
VALUES (
    %(id)s, %(user_id)s, %(event_type)s, %(payload)s, %(trace_id)s, %(occurred_at)s,
    %(traceparent)s
);

-- name: append_outbox_event_unless_nobody :exec
-- purpose: Writes one event of a person who exists; of nobody, the same statement stores nothing.
INSERT INTO outbox (id, user_id, event_type, payload, trace_id, occurred_at, traceparent)
SELECT
    %(id)s::uuid, users.id, %(event_type)s::text, %(payload)s::jsonb, %(trace_id)s::text,
    %(occurred_at)s::timestamptz, %(traceparent)s::text
FROM users
WHERE users.id = %(user_id)s;
