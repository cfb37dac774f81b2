"""Keeps docs/openapi.json what the gateway serves as /openapi.json."""
