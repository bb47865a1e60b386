"""Server-sent events: pages hear of each published generation.

event: generation
data: {"generation": 7, "etag": "…"}

event: findings
data: {"etag": "…"}                 the findings of the generation with this etag are there
"""

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from kg.server.refusals import Busy
from kg.server.served_vault import Generation, ServedVault, served_vault

_PULSE = 15.0
"""The seconds after which a comment shows that the connection lives."""


def routes() -> list[BaseRoute]:
    """The address of the events."""
    return [Route("/events", listen)]


async def listen(request: Request) -> Response:
    """Stream the events, beginning with the current generation. Raises Busy."""
    served = served_vault(request)
    if served.listeners >= served.serving.limits.listeners:
        raise Busy
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(served), media_type="text/event-stream", headers=headers)


async def _events(served: ServedVault) -> AsyncIterator[str]:
    told, checked = None, served.checked
    served.listeners += 1
    try:
        while not served.closing.is_set():
            now = served.current
            if now is not told:
                told = now
                yield f"event: generation\ndata: {json.dumps({'generation': now.number, 'etag': now.digest})}\n\n"
            elif served.checked is not checked:
                checked = served.checked
                if checked.stamp == now.published.stamp:
                    yield f"event: findings\ndata: {json.dumps({'etag': now.digest})}\n\n"
            elif not await _changes(served, now):
                yield ": \n\n"
    finally:
        served.listeners -= 1


async def _changes(served: ServedVault, told: Generation) -> bool:
    """Wait for a generation, findings, or the end of the server; return whether one came before the next pulse."""
    checked = served.checked

    def is_news() -> bool:
        return served.current is not told or served.checked is not checked or served.closing.is_set()

    try:
        async with asyncio.timeout(_PULSE), served.changed:
            await served.changed.wait_for(is_news)
    except TimeoutError:
        return False
    return True
