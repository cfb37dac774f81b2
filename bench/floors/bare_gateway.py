"""`python -m bench.floors.bare_gateway SPEC`: aiohttp and a gRPC call, with nothing between them.

It reads a body without looking at it, sends the same request bytes always over channels to each of
some cores in turn, and answers fixed bytes, whatever path it is asked. What it lacks is what a
gateway is for: routes, validation, conversion, problem documents, limits, logs, metrics, traces.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import grpc
import uvloop
from aiohttp import web

from gateway.channel import OPTIONS

_TIMEOUT_SECONDS = 10.0


async def serve(spec: dict[str, Any]) -> None:
    """Serve until the process is ended; `spec` is what `bench.floors.servers` writes."""
    channels = [grpc.aio.insecure_channel(core, options=OPTIONS) for core in spec["cores"]]
    rpcs: Iterator[Any] = cycle([channel.unary_unary(spec["rpc"]) for channel in channels])
    sent, answered = bytes.fromhex(spec["request"]), spec["answer"].encode()
    metadata = (("authorization", f"Bearer {'t' * spec['token_bytes']}"),)
    headers = {"Content-Type": "application/json"}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.body_exists:
            await request.read()
        await next(rpcs)(sent, metadata=metadata, timeout=_TIMEOUT_SECONDS)
        return web.Response(body=answered, headers=headers)

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", spec["port"], reuse_port=True).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(json.loads(Path(sys.argv[1]).read_text())))
