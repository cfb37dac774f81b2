"""The statements, as files; nothing to import."""
