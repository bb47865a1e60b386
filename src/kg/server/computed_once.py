"""What is the same for everybody: computed once a generation, however many ask for it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from kg.server.replies import unless_gone
from kg.server.served_vault import Generation, ServedVault, served_vault

_LONGEST = 600.0
"""The seconds that a long computation may take: it is not asked for by one client, and only some run at once."""


class StillComputing(Exception):
    """The result is not there yet; the computation goes on."""


async def prepared(
    request: Request, generation: Generation, work: Callable[..., Any], *arguments: Any, patience: float = _LONGEST
) -> Any:
    """The result of a function that takes long, which a worker calls once a generation, with these arguments.

    Raises its exception, and StillComputing after so many seconds of patience.
    """
    task = computing(served_vault(request), generation, work, *arguments, is_long=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            return await unless_gone(request, asyncio.shield(task))
    raise StillComputing


async def asked_once(request: Request, generation: Generation, work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a function that a worker calls once a generation, with these arguments. Raises its exception."""
    return await unless_gone(request, asyncio.shield(computing(served_vault(request), generation, work, *arguments)))


def computing(
    served: ServedVault, generation: Generation, work: Callable[..., Any], *arguments: Any, is_long: bool = False
) -> "asyncio.Task[Any]":
    """The computation of such a result; it begins now, unless it has begun before. A failed one begins again."""
    key = f"{work.__module__}.{work.__qualname__}{arguments!r}"
    task: asyncio.Task[Any] | None = generation.kept.get(key)
    if task is None or _has_failed(task):
        task = asyncio.create_task(_called(served, generation, work, arguments, is_long=is_long))
        task.add_done_callback(_has_failed)  # an exception that nobody waits for is no news
        generation.kept[key] = task
    return task


async def _called(
    served: ServedVault, generation: Generation, work: Callable[..., Any], arguments: tuple[Any, ...], *, is_long: bool
) -> Any:
    with served.hold(generation):
        if not is_long:
            return await served.ask(generation, work, *arguments)
        async with served.at_length:
            return await served.ask(generation, work, *arguments, seconds=_LONGEST)


def _has_failed(task: "asyncio.Task[Any]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
