-- name: get_known_device :one
-- purpose: Reads when somebody last logged in from a device, if they have since then.
SELECT last_seen_at
FROM known_devices
WHERE user_id = %(user_id)s AND digest = %(digest)s AND last_seen_at >= %(since)s;

-- name: get_familiarity :one
-- purpose: Compares a device and its country with those that a person has logged in from.
SELECT
    count(digest) > 0 AS any_device,
    coalesce(bool_or(digest = %(digest)s::text), false) AS this_device,
    count(country) > 0 AS any_country,
    coalesce(bool_or(country = %(country)s::text), false) AS this_country
FROM known_devices
WHERE user_id = %(user_id)s AND last_seen_at >= %(since)s;

-- name: remember_device :exec
-- purpose: Stores that a person has logged in from a device, and removes those not seen since then.
WITH forgotten AS (
    DELETE FROM known_devices
    WHERE user_id = %(user_id)s AND digest <> %(digest)s AND last_seen_at < %(since)s
)
INSERT INTO known_devices (user_id, digest, country, first_seen_at, last_seen_at)
VALUES (%(user_id)s, %(digest)s, %(country)s, %(at)s, %(at)s)
ON CONFLICT (user_id, digest) DO UPDATE
SET country = coalesce(EXCLUDED.country, known_devices.country),
    last_seen_at = greatest(known_devices.last_seen_at, EXCLUDED.last_seen_at);
