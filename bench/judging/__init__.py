"""Targets, and whether what was measured meets them."""
