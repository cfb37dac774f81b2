"""The check that a migration can run while the service does (docs/migrations.md)."""
