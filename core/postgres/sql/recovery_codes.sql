-- name: add_recovery_codes :exec
-- purpose: Stores a person's recovery codes by their digests.
INSERT INTO recovery_codes (user_id, digest, created_at)
SELECT %(user_id)s::uuid, given.digest, %(at)s::timestamptz
FROM unnest(%(digests)s::text[]) AS given (digest);

-- name: use_recovery_code :exec
-- purpose: Marks a recovery code as used, unless it was used already.
UPDATE recovery_codes
SET used_at = %(at)s
WHERE user_id = %(user_id)s AND digest = %(digest)s AND used_at IS NULL;

-- name: count_unused_recovery_codes :one
-- purpose: Counts the recovery codes of a person that still serve.
SELECT count(digest) AS unused
FROM recovery_codes
WHERE user_id = %(user_id)s AND used_at IS NULL;

-- name: remove_recovery_codes :exec
-- purpose: Removes all recovery codes of a person, used or not.
DELETE FROM recovery_codes
WHERE user_id = %(user_id)s;
