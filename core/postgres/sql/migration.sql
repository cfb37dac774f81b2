-- name: take_migration_turn :exec
-- purpose: Waits until no other process migrates, and keeps others out while it is connected.
SELECT pg_advisory_lock(%(key)s::bigint);

-- name: end_migration_turn :exec
-- purpose: Lets the next process migrate.
SELECT pg_advisory_unlock(%(key)s::bigint);

-- name: set_lock_timeout :exec
-- purpose: Bounds every later wait for a lock on this connection.
SELECT set_config('lock_timeout', %(lock_timeout)s, false);

-- name: read_schema_revision :one
-- purpose: Reads which migration was the last.
SELECT version_num::text AS version_num FROM alembic_version;
