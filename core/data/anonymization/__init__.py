"""What becomes of each column when a database is cloned without persons."""
