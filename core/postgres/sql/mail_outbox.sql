-- name: append_mail :exec
-- purpose: Writes a mail to a person who exists; to nobody, the same statement writes nothing.
INSERT INTO mail_outbox (id, user_id, template, token_id, created_at, attempts, next_attempt_at)
SELECT
    %(id)s::uuid, users.id, %(template)s::text, %(token_id)s::uuid, %(created_at)s::timestamptz, 0,
    %(created_at)s::timestamptz
FROM users
WHERE users.id = %(user_id)s;

-- name: claim_mail :one
-- purpose: Takes the mail that has been due for longest and is nobody else's, and reads what it needs.
WITH due AS (
    SELECT id
    FROM mail_outbox
    WHERE sent_at IS NULL AND abandoned_at IS NULL AND next_attempt_at <= %(now)s
    ORDER BY next_attempt_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
),
claimed AS (
    UPDATE mail_outbox
    SET next_attempt_at = %(until)s
    FROM due
    WHERE mail_outbox.id = due.id
    RETURNING
        mail_outbox.id, mail_outbox.user_id, mail_outbox.template, mail_outbox.token_id,
        mail_outbox.created_at, mail_outbox.attempts
)
SELECT
    claimed.id, claimed.template, claimed.created_at, claimed.attempts,
    users.email, users.deleted_at,
    tokens.id AS token_id, tokens.digest, tokens.purpose, tokens.user_id,
    tokens.created_at AS token_created_at, tokens.expires_at, tokens.used_at, tokens.superseded_at
FROM claimed
JOIN users ON users.id = claimed.user_id
LEFT JOIN one_time_tokens AS tokens ON tokens.id = claimed.token_id;

-- name: mark_mail_sent :exec
-- purpose: Records that a mail server has taken a mail.
UPDATE mail_outbox
SET sent_at = %(at)s
WHERE id = %(mail_id)s AND sent_at IS NULL AND abandoned_at IS NULL;

-- name: postpone_mail :exec
-- purpose: Records why a mail was not sent, whether that counts as a refusal, and when to try again.
UPDATE mail_outbox
SET
    attempts = attempts + CASE WHEN %(refused)s::boolean THEN 1 ELSE 0 END,
    last_error = %(cause)s,
    next_attempt_at = %(until)s
WHERE id = %(mail_id)s AND sent_at IS NULL AND abandoned_at IS NULL;

-- name: abandon_mail :exec
-- purpose: Records that a mail will not be sent, why, and whether it was refused one last time.
UPDATE mail_outbox
SET
    attempts = attempts + CASE WHEN %(refused)s::boolean THEN 1 ELSE 0 END,
    last_error = %(cause)s,
    abandoned_at = %(at)s
WHERE id = %(mail_id)s AND sent_at IS NULL AND abandoned_at IS NULL;

-- name: measure_mail_backlog :one
-- purpose: Counts mails that are still to be sent up to a bound, and tells since when the oldest waits.
SELECT
    (SELECT count(*) FROM (
        SELECT id FROM mail_outbox WHERE sent_at IS NULL AND abandoned_at IS NULL LIMIT %(bound)s
    ) AS waiting) AS waiting_count,
    (SELECT min(created_at) FROM (
        SELECT created_at
        FROM mail_outbox
        WHERE sent_at IS NULL AND abandoned_at IS NULL
        LIMIT %(bound)s
    ) AS waiting) AS oldest_created_at;
