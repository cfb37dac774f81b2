"""Dashboards, recording rules and alerts: their sources, and the check that they tell the truth."""
