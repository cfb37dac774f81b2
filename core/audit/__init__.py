"""Proving the audit log: the sealer, checkpoints outside the database, and verification."""
