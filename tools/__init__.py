"""Programs for working on this repository; nothing here is part of the running service."""
