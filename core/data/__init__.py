"""Data for environments that hold no people: made up, or cloned without persons."""
