-- Each removes one batch of what has served and is under no hold. What others work on at this moment
-- is passed over: it comes with a later run.

-- name: remove_published_events :exec
-- purpose: Removes events that were published long ago.
DELETE FROM outbox
WHERE sequence IN (
    SELECT sequence FROM outbox
    WHERE published_at < %(before)s AND NOT legal_hold_covers(user_id, occurred_at)
    ORDER BY sequence
    LIMIT %(row_limit)s
    FOR UPDATE SKIP LOCKED
);

-- name: remove_mail :exec
-- purpose: Removes mail that was sent or given up long ago.
DELETE FROM mail_outbox
WHERE id IN (
    SELECT id FROM mail_outbox
    WHERE coalesce(sent_at, abandoned_at) < %(before)s
      AND NOT legal_hold_covers(user_id, created_at)
    ORDER BY id
    LIMIT %(row_limit)s
    FOR UPDATE SKIP LOCKED
);

-- name: remove_one_time_tokens :exec
-- purpose: Removes one-time tokens that expired long ago and that no mail names any more.
DELETE FROM one_time_tokens
WHERE id IN (
    SELECT token.id FROM one_time_tokens AS token
    WHERE token.expires_at < %(before)s
      AND NOT legal_hold_covers(token.user_id, token.created_at)
      AND NOT EXISTS (SELECT FROM mail_outbox WHERE token_id = token.id)
    ORDER BY token.id
    LIMIT %(row_limit)s
    FOR UPDATE SKIP LOCKED
);

-- name: remove_refresh_tokens :exec
-- purpose: Removes all refresh tokens of sessions that could not have lived any longer.
DELETE FROM refresh_tokens
WHERE session_id IN (
    SELECT token.session_id
    FROM refresh_tokens AS token
    JOIN sessions AS session ON session.id = token.session_id
    WHERE session.absolute_expires_at < %(before)s
      AND NOT legal_hold_covers(session.user_id, session.created_at)
    LIMIT %(row_limit)s
);

-- name: remove_mfa_challenges :exec
-- purpose: Removes challenges of logins that expired long ago.
DELETE FROM mfa_challenges
WHERE digest IN (
    SELECT digest FROM mfa_challenges
    WHERE expires_at < %(before)s AND NOT legal_hold_covers(user_id, created_at)
    LIMIT %(row_limit)s
    FOR UPDATE SKIP LOCKED
);

-- name: remove_consumed_events :exec
-- purpose: Forgets which events of others were handled long ago.
DELETE FROM consumed_events
WHERE (consumer, event_id) IN (
    SELECT consumer, event_id FROM consumed_events
    WHERE handled_at < %(before)s
    LIMIT %(row_limit)s
    FOR UPDATE SKIP LOCKED
);

-- name: remove_keyed_answers :exec
-- purpose: Removes answers kept for repeats with an idempotency key whose time is over.
DELETE FROM idempotency_keys
WHERE digest IN (
    SELECT digest FROM idempotency_keys
    WHERE expires_at < %(before)s
      AND NOT legal_hold_covers(caller_id, created_at)
      AND NOT legal_hold_covers(subject_id, created_at)
    ORDER BY expires_at
    LIMIT %(row_limit)s
    FOR UPDATE SKIP LOCKED
);

-- name: take_maintenance_turn :one
-- purpose: Takes the turn of whoever maintains, if nobody has it, for as long as the connection lives.
SELECT pg_try_advisory_lock(%(lock_key)s::bigint) AS is_taken;

-- name: end_maintenance_turn :one
-- purpose: Ends this session's turn at maintaining.
SELECT pg_advisory_unlock(%(lock_key)s::bigint) AS was_taken;
