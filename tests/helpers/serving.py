"""Servers that tests start: Oxigraph's own, Virtuoso's, and small ones that do what a test has them do."""

import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

# The last six parameters are as in the virtuoso.ini that comes with it. Without them 7.2 loses rows of joins.
_VIRTUOSO = """
[Database]
DatabaseFile = virtuoso.db
TransactionFile = virtuoso.trx
ErrorLogFile = virtuoso.log
xa_persistent_file = virtuoso.pxa
LockFile = virtuoso.lck
[TempDatabase]
DatabaseFile = temp.db
TransactionFile = temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DirsAllowed = {folder}
NumberOfBuffers = {buffers}
CheckpointInterval = 0
MaxQueryMem = 2G
VectorSize = 1000
MaxVectorSize = 1000000
AdjustVectorSize = 0
ThreadsPerQuery = 4
AsyncQueueMaxThreads = 10
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerRoot = {folder}
ServerThreads = 5
[SPARQL]
ResultSetMaxRows = {rows}
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _running(command: list[str], folder: Path | None, ready: str, seconds: float) -> Iterator[None]:
    """A server, until the block ends; it begins when an address answers."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            limit = time.monotonic() + seconds
            while not _answers(ready):
                if process.poll() is not None or time.monotonic() > limit:
                    raise RuntimeError(f"{command[0]} did not start")
                time.sleep(0.03)
            yield
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def oxigraph(*options: str) -> Iterator[str]:
    """An Oxigraph server with nothing in it; the address of its SPARQL endpoint."""
    binary = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")
    if binary is None:
        pytest.skip("the package oxigraph (of the dev group) is not installed")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with _running([binary, "serve", "--bind", f"127.0.0.1:{port}", *options], None, f"{address}/query", 20):
        yield f"{address}/query"


@contextmanager
def virtuoso(folder: Path, *, rows: int = 10_000, buffers: int = 10_000, sql: int = 0) -> Iterator[str]:
    """A Virtuoso with nothing in it, whose user dba with the password dba may write; the address of its endpoint for
    those who have a password. It gives at most so many `rows`, and takes SQL at the port `sql`.
    """
    binary = shutil.which("virtuoso-t")
    if binary is None:
        pytest.skip(
            "Virtuoso (Debian's virtuoso-opensource-7-bin) is not installed; `make test-all` as root installs it"
        )
    sql, port = sql or free_port(), free_port()
    ini = _VIRTUOSO.format(sql=sql, port=port, folder=folder, rows=rows, buffers=buffers)
    (folder / "virtuoso.ini").write_text(ini, encoding="utf-8")
    command = [binary, "+foreground", "+configfile", "virtuoso.ini"]
    with _running(command, folder, f"http://127.0.0.1:{port}/sparql?query=ASK%7B%7D", 120):
        yield f"http://127.0.0.1:{port}/sparql-auth"


class Request(BaseHTTPRequestHandler):
    """A request to a server of a test, and how it is answered."""

    body: str
    asked: "list[Request]"
    answer_it: "Callable[[Request], None]"

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(self)
        type(self).answer_it(self)

    def do_GET(self) -> None:
        self.body = ""
        self.asked.append(self)
        type(self).answer_it(self)

    def answer(self, status: int, text: str = "", media_type: str = "text/plain", **headers: str) -> None:
        """Answer, with headers written with `_` for `-`."""
        data = text.encode()
        self.send_response(status)
        given = {"Content-Type": media_type, "Content-Length": str(len(data))}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def yes(self) -> None:
        """Answer an ASK with yes."""
        self.answer(200, '{"head":{},"boolean":true}', "application/sparql-results+json")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(answer: Callable[[Request], None]) -> Iterator[tuple[str, list[Request]]]:
    """A server that answers as told; its address, and what it is asked."""
    asked: list[Request] = []
    handler = type("Handler", (Request,), {"asked": asked, "answer_it": staticmethod(answer)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/query", asked
    finally:
        server.shutdown()
        server.server_close()
