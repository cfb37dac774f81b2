"""A stack that lives as long as a `with` block, on free ports, with nothing kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from devstack.guard import Guard
from devstack.stack import ServerPorts, Stack


@contextmanager
def temporary_stack(*, tls: bool = False) -> Iterator[Stack]:
    """Start a stack of one's own; it is removed at the end, or when this process dies."""
    guard = Guard()
    try:
        stack = Stack(guard.root, ServerPorts.free(tls=tls))
        stack.start()
        yield stack
    finally:
        guard.release()
