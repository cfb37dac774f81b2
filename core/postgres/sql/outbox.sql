-- name: append_outbox_event :exec
-- purpose: Writes one event in the transaction of the change that it tells of.
INSERT INTO outbox (id, user_id, event_type, payload, trace_id, occurred_at, traceparent)
VALUES (
    %(id)s, %(user_id)s, %(event_type)s, %(payload)s, %(trace_id)s, %(occurred_at)s,
    %(traceparent)s
);
