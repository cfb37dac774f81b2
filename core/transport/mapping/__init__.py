"""Generated messages into domain objects, and back. Nothing here decides anything."""
