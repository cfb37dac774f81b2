"""What is left of a run: JSON, tables for people, a plot."""
