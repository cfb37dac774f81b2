-- name: add_refresh_token :exec
-- purpose: Stores a refresh token by its digest.
INSERT INTO refresh_tokens (token, user_id, session_id, expires_at, created_at, used_at)
VALUES (
    %(digest)s, %(user_id)s, %(session_id)s, %(expires_at)s, %(created_at)s, %(used_at)s
);

-- name: get_refresh_token :one
-- purpose: Reads one refresh token, used or not, expired or not.
SELECT token AS digest, user_id, session_id, created_at, expires_at, used_at
FROM refresh_tokens
WHERE token = %(digest)s;

-- name: mark_refresh_token_used :exec
-- purpose: Marks a refresh token as used, unless it was used already.
UPDATE refresh_tokens
SET used_at = %(at)s
WHERE token = %(digest)s AND used_at IS NULL;
