-- What is stored of one person, for them to have. No statement here reads a digest, a hash, a
-- sealed secret or a token.

-- name: export_account :one
-- purpose: Reads an account, and whether its person was erased.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled, created_at, updated_at,
    suspended_at, deleted_at, email_key, personal_salt IS NULL AS is_erased
FROM users
WHERE id = %(user_id)s;

-- name: export_sessions :many
-- purpose: Reads every session of a person, alive or not, the oldest first.
SELECT
    id, created_at, last_used_at, expires_at, absolute_expires_at, amr, ip_address, user_agent,
    revoked_at, revocation_cause
FROM sessions
WHERE user_id = %(user_id)s
ORDER BY created_at, id;

-- name: export_refreshes :many
-- purpose: Reads when the sessions of a person were refreshed, the oldest first.
SELECT session_id, created_at, expires_at, used_at
FROM refresh_tokens
WHERE user_id = %(user_id)s
ORDER BY created_at, session_id;

-- name: export_devices :many
-- purpose: Reads since when the devices of a person are known; what is known of them is a digest.
SELECT first_seen_at, last_seen_at, country IS NOT NULL AS country_is_known
FROM known_devices
WHERE user_id = %(user_id)s
ORDER BY first_seen_at, last_seen_at;

-- name: export_totp :one
-- purpose: Reads since when a person has TOTP; a secret that is not confirmed is pending.
SELECT created_at, confirmed_at
FROM totp_enrolments
WHERE user_id = %(user_id)s;

-- name: export_recovery_codes :many
-- purpose: Reads when the recovery codes of a person were made and used.
SELECT created_at, used_at
FROM recovery_codes
WHERE user_id = %(user_id)s
ORDER BY created_at, used_at;

-- name: export_challenges :many
-- purpose: Reads the logins of a person that asked for a second factor.
SELECT created_at, expires_at, failures, used_at
FROM mfa_challenges
WHERE user_id = %(user_id)s
ORDER BY created_at, expires_at;

-- name: export_one_time_tokens :many
-- purpose: Reads what the links in a person's mails were for.
SELECT purpose, created_at, expires_at, used_at, superseded_at
FROM one_time_tokens
WHERE user_id = %(user_id)s
ORDER BY created_at, id;

-- name: export_keyed_answers :many
-- purpose: Reads which calls of a person are answered the same when they are repeated with their key.
SELECT method, created_at, expires_at
FROM idempotency_keys
WHERE caller_id = %(user_id)s
ORDER BY created_at, method;

-- name: export_mails :many
-- purpose: Reads the mails to a person, the oldest first.
SELECT template, created_at, sent_at, abandoned_at, attempts, last_error
FROM mail_outbox
WHERE user_id = %(user_id)s
ORDER BY created_at, id;

-- name: export_failures :many
-- purpose: Reads the failed logins at an address that have not been followed by a success.
SELECT failures, last_failed_at
FROM login_failures
WHERE account = %(account)s
ORDER BY last_failed_at;

-- name: export_events :many
-- purpose: Reads the events about a person that are still in the outbox.
SELECT id, event_type, payload, occurred_at, published_at
FROM outbox
WHERE user_id = %(user_id)s
ORDER BY sequence;

-- name: export_audit_events :many
-- purpose: Reads every row of the audit log that is about a person, or about what they did.
SELECT
    sequence, version, id, occurred_at, actor_type, actor_id, action, resource_type, resource_id,
    user_id, outcome, reason, origin_owner, ip_address, user_agent, request_id, trace_id, details,
    hash
FROM audit_events
WHERE user_id = %(user_id)s OR actor_id = (%(user_id)s::uuid)::text
ORDER BY sequence;
