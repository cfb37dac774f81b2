"""Checks every SQL statement against the migrated schema and its typed declaration."""
