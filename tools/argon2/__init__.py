"""Compiles argon2-cffi-bindings for what processors can do beyond the wheel; see docs/adr/0028."""
