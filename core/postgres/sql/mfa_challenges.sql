-- name: add_mfa_challenge :exec
-- purpose: Stores a challenge by the digest of its token.
INSERT INTO mfa_challenges (digest, user_id, password_mark, created_at, expires_at)
VALUES (%(digest)s, %(user_id)s, %(password_mark)s, %(created_at)s, %(expires_at)s);

-- name: remove_expired_mfa_challenges :exec
-- purpose: Removes the challenges of a person that have run out, so that they do not pile up.
DELETE FROM mfa_challenges
WHERE user_id = %(user_id)s AND expires_at <= %(now)s;

-- name: get_mfa_challenge :one
-- purpose: Reads one challenge, open or not.
SELECT digest, user_id, password_mark, created_at, expires_at, failures, used_at
FROM mfa_challenges
WHERE digest = %(digest)s;

-- name: count_mfa_failure :exec
-- purpose: Counts one more wrong code of a challenge.
UPDATE mfa_challenges
SET failures = failures + 1
WHERE digest = %(digest)s;

-- name: mark_mfa_challenge_used :exec
-- purpose: Closes a challenge, unless it was used already.
UPDATE mfa_challenges
SET used_at = %(at)s
WHERE digest = %(digest)s AND used_at IS NULL;
