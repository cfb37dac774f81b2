"""Logs, traces and metrics of the gateway."""
