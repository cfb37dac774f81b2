-- name: create_user :one
-- purpose: Stores an account; the index users_email_key_undeleted refuses an address in use.
INSERT INTO users (
    id, email, email_key, full_name, full_name_key, hashed_password, role, kyc_status,
    email_verified, mfa_enabled, created_at, updated_at
) VALUES (
    %(id)s, %(email)s, %(email_key)s, %(full_name)s, %(full_name_key)s, %(hashed_password)s,
    %(role)s, %(kyc_status)s, false, false, %(created_at)s, %(created_at)s
)
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at, personal_salt;

-- name: create_user_if_free :one
-- purpose: Stores an account, or nothing where an account that is not deleted has the address.
INSERT INTO users (
    id, email, email_key, full_name, full_name_key, hashed_password, role, kyc_status,
    email_verified, mfa_enabled, created_at, updated_at
) VALUES (
    %(id)s, %(email)s, %(email_key)s, %(full_name)s, %(full_name_key)s, %(hashed_password)s,
    %(role)s, %(kyc_status)s, false, false, %(created_at)s, %(created_at)s
)
ON CONFLICT (email_key) WHERE deleted_at IS NULL DO NOTHING
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at, personal_salt;

-- name: get_user_by_id :one
-- purpose: Reads one account, deleted or not.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at
FROM users
WHERE id = %(user_id)s;

-- name: get_user_by_email :one
-- purpose: Reads the account that is not deleted and has this address.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at, personal_salt
FROM users
WHERE email_key = %(email_key)s AND deleted_at IS NULL;

-- name: get_credentials_by_email :one
-- purpose: Reads the account that is not deleted and has this address, with its password hash.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at, personal_salt,
    hashed_password
FROM users
WHERE email_key = %(email_key)s AND deleted_at IS NULL;

-- name: get_credentials_by_id :one
-- purpose: Reads one account, deleted or not, with its password hash.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at, personal_salt,
    hashed_password
FROM users
WHERE id = %(user_id)s;

-- name: get_users_by_ids :many
-- purpose: Reads every account of a list of ids that exists, deleted or not.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at
FROM users
WHERE id = ANY(%(user_ids)s::uuid[]);

-- name: list_users :many
-- purpose: Reads one page of accounts, the newest first; a filter that is null does not narrow.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at
FROM users
WHERE (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
  AND (%(prefix)s::text IS NULL
       OR email_key LIKE %(prefix)s::text
       OR full_name_key LIKE %(prefix)s::text)
  AND (%(kyc_status)s::text IS NULL OR kyc_status = %(kyc_status)s::text)
  AND (%(role)s::text IS NULL OR role = %(role)s::text)
  AND (%(deleted)s::boolean IS NULL OR (deleted_at IS NOT NULL) = %(deleted)s::boolean)
  AND (%(suspended)s::boolean IS NULL OR (suspended_at IS NOT NULL) = %(suspended)s::boolean)
ORDER BY id DESC
LIMIT %(row_limit)s;

-- name: lock_user :one
-- purpose: Reads one account and holds its row; sessions may still be inserted beside it.
SELECT
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at, personal_salt
FROM users
WHERE id = %(user_id)s
FOR NO KEY UPDATE;

-- name: get_personal_salts :many
-- purpose: Reads one half of the keys that seal personal data of a list of people; null once erased.
SELECT id, personal_salt
FROM users
WHERE id = ANY(%(user_ids)s::uuid[]);

-- name: lock_admins :exec
-- purpose: Lets one transaction at a time decide who is an active administrator.
SELECT pg_advisory_xact_lock(%(key)s::bigint);

-- name: count_active_admins :one
-- purpose: Counts the administrators that are neither suspended nor deleted.
SELECT count(id) AS admins
FROM users
WHERE role = 'admin' AND suspended_at IS NULL AND deleted_at IS NULL;

-- name: update_user_profile :one
-- purpose: Replaces the full name, and the form of it that searches use.
UPDATE users
SET full_name = %(full_name)s, full_name_key = %(full_name_key)s, updated_at = %(at)s
WHERE id = %(user_id)s
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;

-- name: set_user_password :one
-- purpose: Replaces the password hash.
UPDATE users
SET hashed_password = %(hashed_password)s, updated_at = %(at)s
WHERE id = %(user_id)s
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;

-- name: replace_user_password_hash :exec
-- purpose: Stores another hash of the same password, unless the password was changed meanwhile.
UPDATE users
SET hashed_password = %(new)s
WHERE id = %(user_id)s AND hashed_password = %(old)s;

-- name: set_user_email_verified :one
-- purpose: Records that the address is verified.
UPDATE users
SET email_verified = true, updated_at = %(at)s
WHERE id = %(user_id)s
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;

-- name: update_user_kyc :one
-- purpose: Replaces the KYC status.
UPDATE users
SET kyc_status = %(kyc_status)s, updated_at = %(at)s
WHERE id = %(user_id)s
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;

-- name: set_user_mfa_enabled :one
-- purpose: Records whether a second factor is asked for at logins.
UPDATE users
SET mfa_enabled = %(mfa_enabled)s, updated_at = %(at)s
WHERE id = %(user_id)s
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;

-- name: set_user_role :one
-- purpose: Replaces the role.
UPDATE users
SET role = %(role)s, updated_at = %(at)s
WHERE id = %(user_id)s
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;

-- name: set_user_suspended :one
-- purpose: Records since when an account is suspended; null ends the suspension.
UPDATE users
SET suspended_at = %(suspended_at)s, updated_at = %(at)s
WHERE id = %(user_id)s
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;

-- name: set_user_deleted :one
-- purpose: Records since when an account is deleted; null restores it if its address is free and it was not erased.
UPDATE users
SET deleted_at = %(deleted_at)s, updated_at = %(at)s
WHERE id = %(user_id)s AND personal_salt IS NOT NULL
RETURNING
    id, email, full_name, role, kyc_status, email_verified, mfa_enabled,
    created_at, updated_at, suspended_at, deleted_at;
