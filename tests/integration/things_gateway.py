"""`python -m tests.integration.things_gateway`: a gateway that serves the test's own service."""

import asyncio
import os

import uvloop

from gateway.app import Gateway
from gateway.config import load
from gateway.observability import logging
from tests.unit.gateway import things_service


async def serve() -> None:
    """Serve until the process is killed."""
    settings = load(os.environ)
    log = logging.configure(settings.log_level, settings.environment)
    await Gateway(settings, [things_service.service()], log).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
