-- name: probe_server :one
-- purpose: Tells that the server answers, and whether it takes writes.
SELECT pg_is_in_recovery() AS in_recovery;
