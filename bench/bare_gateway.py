"""`python -m bench.bare_gateway SPEC`: aiohttp and the same gRPC call, with nothing between them.

It routes by comparing paths, reads a body without looking at it, sends the same request bytes and
the same metadata always, and answers fixed bytes. What it lacks is what a gateway is for:
validation, conversion, problem documents, limits, logs, metrics, traces, headers.
"""

import asyncio
import json
import sys
from itertools import cycle
from pathlib import Path
from typing import Any

import grpc
import uvloop
from aiohttp import web

from gateway.channel import OPTIONS

_TIMEOUT_SECONDS = 10.0


async def serve(spec: dict[str, Any]) -> None:
    """Serve until the process is ended; `spec` is what `bench.servers` writes."""
    channels = [
        grpc.aio.insecure_channel(spec["core"], options=OPTIONS) for _ in range(spec["channels"])
    ]
    calls: dict[str, tuple[Any, ...]] = {
        call["path"]: (
            cycle([channel.unary_unary(call["rpc"]) for channel in channels]),
            bytes.fromhex(call["request"]),
            (("authorization", f"Bearer {call['token']}"),),
            call["answer"].encode(),
        )
        for call in spec["calls"]
    }
    headers = {"Content-Type": "application/json"}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        rpcs, sent, metadata, answered = calls[request.path]
        if request.body_exists:
            await request.read()
        await next(rpcs)(sent, metadata=metadata, timeout=_TIMEOUT_SECONDS)
        return web.Response(body=answered, headers=headers)

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", spec["port"]).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(json.loads(Path(sys.argv[1]).read_text())))
