-- name: create_session :exec
-- purpose: Stores a session.
INSERT INTO sessions (
    id, user_id, created_at, last_used_at, expires_at, absolute_expires_at, amr,
    ip_address, user_agent, revoked_at, revocation_cause
) VALUES (
    %(id)s, %(user_id)s, %(created_at)s, %(last_used_at)s, %(expires_at)s,
    %(absolute_expires_at)s, %(amr)s, %(ip_address)s, %(user_agent)s, %(revoked_at)s,
    %(revocation_cause)s
);

-- name: get_session :one
-- purpose: Reads one session, alive or not.
SELECT
    id, user_id, created_at, last_used_at, expires_at, absolute_expires_at, amr,
    ip_address, user_agent, revoked_at, revocation_cause
FROM sessions
WHERE id = %(session_id)s;

-- name: get_session_states :many
-- purpose: Reads what authentication needs of sessions and their users; asked at every call.
SELECT
    u.id, u.email, u.full_name, u.role, u.kyc_status, u.email_verified, u.mfa_enabled,
    u.created_at, u.updated_at, u.suspended_at, u.deleted_at, u.personal_salt,
    s.id AS session_id, s.created_at AS authenticated_at, s.revoked_at, s.absolute_expires_at
FROM sessions AS s
JOIN users AS u ON u.id = s.user_id
WHERE s.id = ANY(%(session_ids)s::uuid[]);

-- name: lock_session :one
-- purpose: Reads one session and holds its row.
SELECT
    id, user_id, created_at, last_used_at, expires_at, absolute_expires_at, amr,
    ip_address, user_agent, revoked_at, revocation_cause
FROM sessions
WHERE id = %(session_id)s
FOR NO KEY UPDATE;

-- name: list_sessions_alive :many
-- purpose: Reads the sessions of a person that are neither revoked nor expired, newest first.
SELECT
    id, user_id, created_at, last_used_at, expires_at, absolute_expires_at, amr,
    ip_address, user_agent, revoked_at, revocation_cause
FROM sessions
WHERE user_id = %(user_id)s AND revoked_at IS NULL AND expires_at > %(now)s
ORDER BY created_at DESC, id DESC;

-- name: revoke_session :exec
-- purpose: Ends one session, unless it was ended already.
UPDATE sessions
SET revoked_at = %(at)s, revocation_cause = %(cause)s
WHERE id = %(session_id)s AND revoked_at IS NULL;

-- name: revoke_sessions_of_user :many
-- purpose: Ends every living session of a person but one, and names those that it ended.
WITH revoked AS (
    UPDATE sessions
    SET revoked_at = %(at)s, revocation_cause = %(cause)s
    WHERE user_id = %(user_id)s AND revoked_at IS NULL AND expires_at > %(at)s
      AND id IS DISTINCT FROM %(keep)s::uuid
    RETURNING id
)
SELECT id
FROM revoked
ORDER BY id;
