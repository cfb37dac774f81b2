"""Logs, traces, metrics, health and the system's clock. Knows nothing of domain or settings."""
