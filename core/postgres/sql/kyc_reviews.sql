-- name: add_kyc_review :exec
-- purpose: Stores one change of a KYC status.
INSERT INTO kyc_reviews (id, user_id, previous_status, status, reason, reviewer_id, created_at)
VALUES (
    %(id)s, %(user_id)s, %(previous_status)s, %(status)s, %(reason)s, %(reviewer_id)s,
    %(created_at)s
);

-- name: get_latest_kyc_review :one
-- purpose: Reads a person's newest change.
SELECT id, user_id, previous_status, status, reason, reviewer_id, created_at
FROM kyc_reviews
WHERE user_id = %(user_id)s
ORDER BY id DESC
LIMIT 1;

-- name: list_kyc_reviews_of_user :many
-- purpose: Reads every change of a person, the newest first.
SELECT id, user_id, previous_status, status, reason, reviewer_id, created_at
FROM kyc_reviews
WHERE user_id = %(user_id)s
ORDER BY id DESC;

-- name: list_kyc_reviews :many
-- purpose: Reads one page of changes, the newest first; a filter that is null does not narrow.
SELECT id, user_id, previous_status, status, reason, reviewer_id, created_at
FROM kyc_reviews
WHERE (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
  AND (%(status)s::text IS NULL OR status = %(status)s::text)
ORDER BY id DESC
LIMIT %(row_limit)s;
