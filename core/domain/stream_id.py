"""Names of entries in a stream: milliseconds and a number, `1700000000000-0`."""


def position(stream_id: str) -> tuple[int, int]:
    """Return what ids are compared by.

    Raises:
        ValueError: this is no stream id.
    """
    milliseconds, number = stream_id.split("-")
    return int(milliseconds), int(number)


def earlier(stream_id: str, *, by_seconds: float) -> str:
    """Return an id that the stream could have given so much earlier."""
    milliseconds, _ = position(stream_id)
    return f"{max(0, milliseconds - round(by_seconds * 1000))}-0"
