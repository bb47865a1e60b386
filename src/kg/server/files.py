"""Attachments of the notes: pictures, sound, documents. Only files that the graph has, and never through a link.

A file from a vault may be a page with a script. So what a browser would run is sent as a download, and a policy without
rights goes with every file.
"""

import asyncio
import mimetypes
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from kg.core.folder import Folder
from kg.core.text import nfc
from kg.rdf.iris import Names
from kg.rdf.vocabulary import ATTACHMENT, TYPE
from kg.server.caching import tagged, unchanged
from kg.server.refusals import Nowhere
from kg.server.replies import asked
from kg.server.served_vault import served_vault
from kg.server.worker import Opened

_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'"
_SHOWN = ("image/", "audio/", "video/", "font/", "application/pdf", "text/plain")
"""The media types that a browser may show; others are downloads."""
_PIECE = 1 << 18


def routes() -> list[BaseRoute]:
    """The address of the files."""
    return [Route("/files/{path:path}", attachment)]


async def attachment(request: Request) -> Response:
    """A file of the vault. Raises Nowhere."""
    path = request.path_params["path"]
    with served_vault(request).generation() as generation:
        name = await asked(request, generation, place_of_attachment, path)
        stack = ExitStack()
        try:
            file = stack.enter_context(await asyncio.to_thread(_opened, generation.config.vault, name))
        except (OSError, ValueError):
            raise Nowhere("there is no such file") from None
    status = os.fstat(file.fileno())
    tag = f'"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"'
    if reply := unchanged(request, tag):
        file.close()
        return reply
    return FileReply(file, status.st_size, {**tagged(tag), **_headers(name)})


def place_of_attachment(opened: Opened, path: str) -> str:
    """The path of an attachment in the vault, in a worker. Raises Nowhere unless the graph has it."""
    from kg.server.answers import graph_name

    names = Names(opened.store.prefixes.get("n", opened.config.base))
    parts = PurePosixPath(path).parts
    is_plain = parts and not any(part.startswith(".") or "\\" in part or "\0" in part for part in parts)
    if not is_plain or not opened.store.has(graph_name(names.path("/".join(parts))), TYPE, ATTACHMENT):
        raise Nowhere("there is no such file")
    return "/".join(parts)


def _opened(vault: Path, path: str) -> IO[bytes]:
    """Open a file of a vault; a link on the way is an error. Raises OSError."""
    *folders, name = path.split("/")
    with ExitStack() as stack:
        folder = stack.enter_context(Folder(vault))
        for part in folders:
            folder = stack.enter_context(folder.folder(_spelled(folder, part)))
        return open(folder.open(_spelled(folder, name)), "rb")


def _spelled(folder: Folder, name: str) -> str:
    """A name as the folder has it, whose Unicode form may differ. Raises OSError."""
    if folder.kind(name):
        return name
    return next((other for other in folder.names() if nfc(other) == nfc(name)), name)


def _headers(name: str) -> dict[str, str]:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    is_shown = kind.startswith(_SHOWN)
    how = "inline" if is_shown else "attachment"
    return {
        "Content-Type": kind if is_shown else "application/octet-stream",
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(PurePosixPath(name).name)}",
        "Content-Security-Policy": _POLICY,
        "Accept-Ranges": "none",
    }


class FileReply(Response):
    """A reply with the contents of an open file."""

    def __init__(self, file: IO[bytes], size: int, headers: dict[str, str]) -> None:
        super().__init__(None, 200, {**headers, "Content-Length": str(size)})
        self._file, self._size = file, size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply. A file that has become shorter makes the server close the connection."""
        with self._file:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                async for data in self._data():
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _data(self) -> AsyncIterator[bytes]:
        left = self._size
        while left and (data := await asyncio.to_thread(self._file.read, min(left, _PIECE))):
            left -= len(data)
            yield data
