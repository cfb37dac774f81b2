-- name: get_totp_enrolment :one
-- purpose: Reads a person's TOTP secret, sealed, whether it is in use or pending.
SELECT user_id, sealed_secret, created_at, confirmed_at, last_used_step
FROM totp_enrolments
WHERE user_id = %(user_id)s;

-- name: put_totp_enrolment :exec
-- purpose: Stores a pending secret in place of another pending one; one in use stays.
INSERT INTO totp_enrolments (user_id, sealed_secret, created_at)
VALUES (%(user_id)s, %(sealed_secret)s, %(created_at)s)
ON CONFLICT (user_id) DO UPDATE
SET sealed_secret = excluded.sealed_secret, created_at = excluded.created_at
WHERE totp_enrolments.confirmed_at IS NULL;

-- name: confirm_totp_enrolment :exec
-- purpose: Puts a pending secret into use; the code that confirmed it is used by that.
UPDATE totp_enrolments
SET confirmed_at = %(at)s, last_used_step = %(step)s
WHERE user_id = %(user_id)s AND confirmed_at IS NULL;

-- name: use_totp_step :exec
-- purpose: Records that a step's code was used, unless it or a later one was used before.
UPDATE totp_enrolments
SET last_used_step = %(step)s
WHERE user_id = %(user_id)s AND confirmed_at IS NOT NULL
  AND (last_used_step IS NULL OR last_used_step < %(step)s);

-- name: remove_totp_enrolment :exec
-- purpose: Removes a person's TOTP secret.
DELETE FROM totp_enrolments
WHERE user_id = %(user_id)s;
