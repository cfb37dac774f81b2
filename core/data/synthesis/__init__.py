"""Made-up people and what they did, the same for the same seed."""
