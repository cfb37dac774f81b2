"""Everything that speaks to Redis: connections, error translation, and the stream's writing end.

Rooms that need Redis get objects from here through domain ports.
"""
