"""Typed settings: what an operator decides, checked before anything starts.

Secrets have no place here; they come from Vault.
"""
