-- name: add_service_token :exec
-- purpose: Stores the record of a minted token.
INSERT INTO service_tokens (id, service_name, issued_at, expires_at, revoked_at)
VALUES (%(id)s, %(service_name)s, %(issued_at)s, %(expires_at)s, %(revoked_at)s);

-- name: get_service_tokens :many
-- purpose: Reads records, revoked or not; asked at every call of a service.
SELECT id, service_name, issued_at, expires_at, revoked_at
FROM service_tokens
WHERE id = ANY(%(token_ids)s::uuid[]);

-- name: revoke_service_tokens :exec
-- purpose: Revokes every token of a service that is neither revoked nor expired.
UPDATE service_tokens
SET revoked_at = %(at)s
WHERE service_name = %(service_name)s AND revoked_at IS NULL AND expires_at > %(at)s;
