-- name: get_login_failures :one
-- purpose: Reads how many failures a lane has seen since the last success.
SELECT failures
FROM login_failures
WHERE digest = %(digest)s;

-- name: add_login_failure :one
-- purpose: Counts one more failure of a lane, and says how many there are now.
INSERT INTO login_failures (digest, account, failures, last_failed_at)
VALUES (%(digest)s, %(account)s, 1, %(at)s)
ON CONFLICT (digest) DO UPDATE
SET failures = login_failures.failures + 1,
    last_failed_at = greatest(login_failures.last_failed_at, EXCLUDED.last_failed_at)
RETURNING failures;

-- name: drop_stale_login_failures :exec
-- purpose: Removes a few counts that nobody has added to for long; lanes that are closed stay.
DELETE FROM login_failures
WHERE digest IN (
    SELECT digest
    FROM login_failures
    WHERE last_failed_at < %(before)s AND failures < %(below)s::bigint
    ORDER BY last_failed_at
    LIMIT 10
    FOR UPDATE SKIP LOCKED
);

-- name: clear_login_failures :exec
-- purpose: Forgets the failures of lanes after a success, unless a lane is closed.
DELETE FROM login_failures
WHERE digest = ANY(%(digests)s::text[]) AND failures < %(below)s::bigint;

-- name: clear_login_failures_of_account :exec
-- purpose: Forgets the failures of every lane of an account, closed ones included.
DELETE FROM login_failures
WHERE account = %(account)s;
