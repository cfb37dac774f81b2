-- name: add_one_time_token :exec
-- purpose: Stores a token of a person who exists; of nobody, the same statement stores nothing.
INSERT INTO one_time_tokens (id, digest, purpose, user_id, created_at, expires_at)
SELECT
    %(id)s::uuid, %(digest)s::text, %(purpose)s::text, users.id, %(created_at)s::timestamptz,
    %(expires_at)s::timestamptz
FROM users
WHERE users.id = %(user_id)s;

-- name: get_one_time_token :one
-- purpose: Reads one token by its digest, whether it still serves or not.
SELECT id, digest, purpose, user_id, created_at, expires_at, used_at, superseded_at
FROM one_time_tokens
WHERE digest = %(digest)s;

-- name: mark_one_time_token_used :exec
-- purpose: Uses a token that was neither used nor superseded and has not expired.
UPDATE one_time_tokens
SET used_at = %(at)s
WHERE id = %(token_id)s
  AND used_at IS NULL
  AND superseded_at IS NULL
  AND expires_at > %(at)s;

-- name: supersede_one_time_tokens :exec
-- purpose: Ends every token of a person for a purpose that was not used, expired ones included.
UPDATE one_time_tokens
SET superseded_at = %(at)s
WHERE user_id = %(user_id)s
  AND purpose = %(purpose)s
  AND used_at IS NULL
  AND superseded_at IS NULL;
