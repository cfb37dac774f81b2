-- name: add_refresh_token :exec
-- purpose: Stores a refresh token by its digest.
INSERT INTO refresh_tokens (token, user_id, session_id, expires_at, created_at)
VALUES (%(digest)s, %(user_id)s, %(session_id)s, %(expires_at)s, %(created_at)s);

-- name: get_refresh_token :one
-- purpose: Reads one refresh token, used or not, and whether the one that followed it was used.
SELECT
    t.token AS digest, t.user_id, t.session_id, t.created_at, t.expires_at, t.used_at,
    t.successor, t.request_mark, t.binding_mark, t.window_replays,
    (s.used_at IS NOT NULL) AS successor_used
FROM refresh_tokens AS t
LEFT JOIN refresh_tokens AS s ON s.token = t.successor
WHERE t.token = %(digest)s;

-- name: hold_refresh_token :one
-- purpose: Reads a refresh token, its session and its user, and holds their rows, in this order:
-- user, session, token. What was changed while it waited for a row is read anew (PostgreSQL,
-- section 13.2.1), for these three tables: whether the successor was used is not among it.
SELECT
    u.id, u.email, u.full_name, u.role, u.kyc_status, u.email_verified, u.mfa_enabled,
    u.created_at, u.updated_at, u.suspended_at, u.deleted_at, u.personal_salt,
    s.id AS session_id, s.created_at AS opened_at, s.last_used_at, s.expires_at, s.absolute_expires_at,
    s.amr, s.ip_address, s.user_agent, s.revoked_at, s.revocation_cause,
    t.created_at AS token_created_at, t.expires_at AS token_expires_at, t.used_at
FROM refresh_tokens AS t
JOIN sessions AS s ON s.id = t.session_id
JOIN users AS u ON u.id = t.user_id
WHERE t.token = %(digest)s
FOR NO KEY UPDATE OF u, s, t;

-- name: rotate_refresh_token :exec
-- purpose: Marks a refresh token as used, unless it was, stores the one that follows it, and notes
-- in its session when that was and when it now ends if left idle.
WITH used AS (
    UPDATE refresh_tokens
    SET used_at = %(at)s, successor = %(successor)s, request_mark = %(request_mark)s,
        binding_mark = %(binding_mark)s
    WHERE token = %(digest)s AND used_at IS NULL
    RETURNING user_id, session_id
), extended AS (
    UPDATE sessions AS s
    SET last_used_at = %(at)s, expires_at = %(session_ends_at)s
    FROM used
    WHERE s.id = used.session_id
)
INSERT INTO refresh_tokens (token, user_id, session_id, expires_at, created_at)
SELECT %(successor)s::text, user_id, session_id, %(session_ends_at)s::timestamptz, %(at)s::timestamptz
FROM used;

-- name: count_refresh_token_replay :exec
-- purpose: Counts one more replay of a used token that was forgiven for coming soon after its use.
UPDATE refresh_tokens
SET window_replays = window_replays + 1
WHERE token = %(digest)s;
