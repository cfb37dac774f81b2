-- name: add_legal_hold :exec
-- purpose: Stores a hold; a trigger waits for those who erase or drop at this moment.
INSERT INTO audit_legal_holds (id, reason, user_id, from_time, to_time, placed_at, released_at)
VALUES (
    %(id)s, %(reason)s, %(user_id)s, %(from_time)s, %(to_time)s, %(placed_at)s, %(released_at)s
);

-- name: get_legal_hold :one
-- purpose: Reads one hold, released or not.
SELECT id, reason, user_id, from_time, to_time, placed_at, released_at
FROM audit_legal_holds
WHERE id = %(hold_id)s;

-- name: list_legal_holds :many
-- purpose: Reads every hold, the oldest first.
SELECT id, reason, user_id, from_time, to_time, placed_at, released_at
FROM audit_legal_holds
ORDER BY id;

-- name: release_legal_hold :exec
-- purpose: Ends a hold that is in force.
UPDATE audit_legal_holds
SET released_at = %(at)s
WHERE id = %(hold_id)s AND released_at IS NULL;

-- name: keep_legal_holds_out :exec
-- purpose: Lets nobody place a hold until this transaction ends.
SELECT keep_legal_holds_out();

-- name: read_whether_held :one
-- purpose: Tells whether a hold covers a person, or an audit row that is about or by them.
SELECT EXISTS (
    SELECT FROM audit_legal_holds AS hold
    WHERE hold.released_at IS NULL
      AND (
        hold.user_id = %(user_id)s
        OR EXISTS (
            SELECT FROM audit_events AS event
            WHERE event.occurred_at >= hold.from_time AND event.occurred_at < hold.to_time
              AND event.user_id = %(user_id)s
        )
        OR EXISTS (
            SELECT FROM audit_events AS event
            WHERE event.occurred_at >= hold.from_time AND event.occurred_at < hold.to_time
              AND event.actor_id = (%(user_id)s::uuid)::text
        )
      )
) AS is_held;
