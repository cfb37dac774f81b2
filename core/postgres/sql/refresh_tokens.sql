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

-- name: rotate_refresh_token :exec
-- purpose: Marks a refresh token as used, by whom and for which next one, unless it was used.
UPDATE refresh_tokens
SET used_at = %(at)s, successor = %(successor)s, request_mark = %(request_mark)s,
    binding_mark = %(binding_mark)s
WHERE token = %(digest)s AND used_at IS NULL;

-- name: count_refresh_token_replay :exec
-- purpose: Counts one more replay of a used token that was forgiven for coming soon after its use.
UPDATE refresh_tokens
SET window_replays = window_replays + 1
WHERE token = %(digest)s;
