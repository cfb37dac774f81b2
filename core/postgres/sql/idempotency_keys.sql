-- name: find_keyed_answer :one
-- purpose: Reads the answer that is kept for a call, unless it has expired.
SELECT digest, request_digest, method, status, content, caller_id, subject_id, created_at,
       expires_at
FROM idempotency_keys
WHERE digest = %(digest)s AND expires_at > %(at)s;

-- name: add_keyed_answer :exec
-- purpose: Keeps the answer to a call; one that has expired gives way, any other stays.
INSERT INTO idempotency_keys (digest, request_digest, method, status, content, caller_id,
                              subject_id, created_at, expires_at)
VALUES (%(digest)s, %(request_digest)s, %(method)s, %(status)s, %(content)s, %(caller_id)s,
        %(subject_id)s, %(created_at)s, %(expires_at)s)
ON CONFLICT (digest) DO UPDATE
SET request_digest = EXCLUDED.request_digest,
    method = EXCLUDED.method,
    status = EXCLUDED.status,
    content = EXCLUDED.content,
    caller_id = EXCLUDED.caller_id,
    subject_id = EXCLUDED.subject_id,
    created_at = EXCLUDED.created_at,
    expires_at = EXCLUDED.expires_at
WHERE idempotency_keys.expires_at <= EXCLUDED.created_at;
