-- name: add_consumed_event :exec
-- purpose: Records that an event takes effect; touches no row if it has done so before, and waits for whoever is about to.
INSERT INTO consumed_events (consumer, event_id, handled_at)
VALUES (%(consumer)s, %(event_id)s, %(handled_at)s)
ON CONFLICT (consumer, event_id) DO NOTHING;
