"""The HTTP door: turns REST and JSON into calls of the core, and decides nothing itself."""
