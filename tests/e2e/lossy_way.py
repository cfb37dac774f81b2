"""A way to PostgreSQL on which the answer to a commit can get lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from devstack.ports import HOST

_CHUNK_BYTES = 65_536
_COMMIT = b"COMMIT\0"


class LossyWay:
    """Passes everything on, until it is told to swallow what follows a commit."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self.lost = asyncio.Event()
        self._target_port = target_port
        self._armed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def lose_the_answer_to_a_commit(self) -> None:
        """Let the next commit reach the server, but nothing that the server says to it."""
        self._armed = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, as asyncio's server asks."""
        server_reader, server_writer = await asyncio.open_connection(HOST, self._target_port)
        deaf = asyncio.Event()
        pumps = (
            asyncio.create_task(self._to_server(reader, server_writer, deaf)),
            asyncio.create_task(_to_client(server_reader, writer, deaf)),
        )
        self._tasks.update(pumps)
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, server_writer):
            end.close()

    async def close(self) -> None:
        """Let go of every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _to_server(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK_BYTES):
                if self._armed and _COMMIT in data:
                    self._armed = False
                    deaf.set()
                    self.lost.set()
                writer.write(data)
                await writer.drain()


async def _to_client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deaf: asyncio.Event
) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK_BYTES):
            if not deaf.is_set():
                writer.write(data)
                await writer.drain()


@asynccontextmanager
async def lossy_way(target_port: int) -> AsyncIterator[LossyWay]:
    """Open a way to a port of this machine."""
    way = LossyWay(target_port)
    server = await asyncio.start_server(way.serve, HOST, 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        await way.close()
