"""Secrets and signing keys, read from Vault (or OpenBao, which speaks the same API)."""
