"""Looking for original values in a clone."""
