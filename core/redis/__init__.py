"""Everything that speaks to Redis: connections, error translation, both ends of streams, limits.

Rooms that need Redis get objects from here through domain ports.
"""
