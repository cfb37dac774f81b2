-- Run by the maintainer alone. Rows that others refer to stay and are emptied: removing a session
-- or a refresh token would have PostgreSQL look through all tokens for each of them.

-- name: await_relays :exec
-- purpose: Waits for whoever publishes a person's events, and keeps others from it until the transaction ends.
SELECT pg_advisory_xact_lock(%(lock_namespace)s::integer, hashtext((%(user_id)s::uuid)::text));

-- name: hold_person :one
-- purpose: Reads whether a person may be erased, and holds their row.
SELECT
    email_key, deleted_at IS NOT NULL AS is_deleted, personal_salt IS NULL AS is_erased
FROM users
WHERE id = %(user_id)s
FOR UPDATE;

-- name: count_unsealed_rows :one
-- purpose: Counts the rows of the audit log's first version that hold personal texts of a person, which nothing can erase.
SELECT count(sequence) AS unsealed
FROM audit_events
WHERE version = 1
  AND (
    (user_id = %(user_id)s AND outcome = 'success' AND reason IS NOT NULL)
    OR (
        num_nonnulls(ip_address, user_agent) > 0
        AND actor_type = 'user'
        AND coalesce(actor_id, user_id::text) = (%(user_id)s::uuid)::text
    )
  );

-- name: erase_account :exec
-- purpose: Destroys the salt that opens a person's texts in the audit log, and replaces all else that is personal.
UPDATE users
SET personal_salt = NULL, email = %(email)s, email_key = %(email)s, full_name = NULL,
    full_name_key = NULL, hashed_password = '!', email_verified = false, mfa_enabled = false,
    updated_at = %(at)s
WHERE id = %(user_id)s;

-- name: erase_sessions :exec
-- purpose: Empties a person's sessions, and ends those that have not ended.
UPDATE sessions
SET ip_address = NULL, user_agent = NULL,
    revoked_at = coalesce(revoked_at, %(at)s),
    revocation_cause = coalesce(revocation_cause, 'user_deleted')
WHERE user_id = %(user_id)s;

-- name: erase_refresh_marks :exec
-- purpose: Empties a person's refresh tokens of what they have derived from address and user agent.
UPDATE refresh_tokens
SET request_mark = NULL, binding_mark = NULL
WHERE user_id = %(user_id)s;

-- name: erase_devices :exec
-- purpose: Removes the devices that a person has logged in from.
DELETE FROM known_devices
WHERE user_id = %(user_id)s;

-- name: erase_totp :exec
-- purpose: Removes a person's TOTP secret.
DELETE FROM totp_enrolments
WHERE user_id = %(user_id)s;

-- name: erase_recovery_codes :exec
-- purpose: Removes a person's recovery codes.
DELETE FROM recovery_codes
WHERE user_id = %(user_id)s;

-- name: erase_challenges :exec
-- purpose: Removes the challenges of a person's logins.
DELETE FROM mfa_challenges
WHERE user_id = %(user_id)s;

-- name: erase_mails :exec
-- purpose: Removes the mails to a person, sent or not.
DELETE FROM mail_outbox
WHERE user_id = %(user_id)s;

-- name: erase_one_time_tokens :exec
-- purpose: Removes a person's one-time tokens, to which no mail refers any more.
DELETE FROM one_time_tokens
WHERE user_id = %(user_id)s;

-- name: erase_keyed_answers :exec
-- purpose: Removes answers kept for repeats with an idempotency key, to a person or about them.
DELETE FROM idempotency_keys
WHERE caller_id = %(user_id)s OR subject_id = %(user_id)s;

-- name: erase_review_reasons :exec
-- purpose: Removes what reviewers have written of a person; a rejection still has to have a reason.
UPDATE kyc_reviews
SET reason = CASE WHEN status = 'rejected' THEN 'erased' END
WHERE user_id = %(user_id)s AND reason IS NOT NULL;

-- name: erase_event_texts :exec
-- purpose: Removes free texts from a person's events, which are then to be published without them.
UPDATE outbox
SET payload = payload - %(fields)s::text[], published_at = NULL, stream_id = NULL
WHERE user_id = %(user_id)s AND event_type = %(event_type)s AND payload ?| %(fields)s::text[];
