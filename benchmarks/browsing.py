"""How long `kg serve` takes in a browser: to start, for a page, for names as someone types, and until an edit shows.

    python benchmarks/browsing.py [--notes 10000] [--runs 20] [--vault FOLDER]

Each figure is the median of several requests over one connection, in milliseconds, beside the limit that it is to keep.
"""

import argparse
import contextlib
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

from ingest import write_prose

import kg

JSON = {"Accept": "application/sparql-results+json"}
BIN = Path(sys.executable).parent


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int, path: str) -> Iterator[float]:
    """Run a server; yields the seconds until its first answer."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while True:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    asked(http.client.HTTPConnection("127.0.0.1", port, timeout=60), path)
                    break
                time.sleep(0.01)
            yield time.perf_counter() - start
        finally:
            server.terminate()
            server.wait(20)


def asked(connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None) -> bytes:
    """The answer to a request."""
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise OSError(f"{answer.status}: {body[:200]!r}")
    return body


def median(port: int, path: str, runs: int, headers: dict[str, str] | None = None) -> float:
    """The median of the times of a request, in milliseconds; the first does not count."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    taken = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        asked(connection, path, headers)
        taken.append(1_000 * (time.perf_counter() - start))
    connection.close()
    return statistics.median(taken[1:])


def until_shown(port: int, note: Path, turn: int) -> float:
    """The seconds from an edit of a note until a query finds it."""
    word = f"turn{turn}x{time.time_ns()}"
    query = f'SELECT ?t {{ GRAPH ?g {{ ?s kg:text ?t }} FILTER(CONTAINS(?t, "{word}")) }} LIMIT 1'
    path = f"/sparql?{urlencode({'query': query})}"
    note.write_text(f"{note.read_text(encoding='utf-8')}\n{word}\n", encoding="utf-8")
    start = time.perf_counter()
    while time.perf_counter() - start < 60:
        answer = asked(http.client.HTTPConnection("127.0.0.1", port, timeout=60), path, JSON)
        if json.loads(answer)["results"]["bindings"]:
            return time.perf_counter() - start
        time.sleep(0.02)
    raise TimeoutError("the edit does not show")


ROWS = (
    ("the first page", "/", 500),
    ("the page of a note", f"/thing/{quote('Note 9')}", 500),
    ("a list with facets", "/list?class=Concept", 500),
    ("names as someone types", "/api/names?q=note+99", 100),
    ("a search in the text", "/search?q=outcome+team", 500),
)
"""What is asked for, its address, and the limit in milliseconds."""


def measure(vault: Path, runs: int) -> None:
    """Print a row for each figure."""
    kg.ingest(vault)
    port = free_port()
    command = [str(BIN / "kg"), "serve", str(vault), "--no-token", "--port", str(port)]
    with running(command, port, "/") as started:
        show("start, to the first page", 1_000 * started, 1_000)
        for what, path, limit in ROWS:
            show(what, median(port, path, runs), limit)
        shown = [until_shown(port, vault / "Note 7.md", turn) for turn in range(5)]
        show("an edit, until a query finds it", 1_000 * statistics.median(shown), 1_000)


def show(what: str, milliseconds: float, limit: int) -> None:
    """Print a row."""
    print(f"{what:<34} {milliseconds:8.1f} ms  {milliseconds / limit:6.0%} of {limit:,} ms", flush=True)


def main() -> None:
    """Make a vault and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--vault", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        vault = options.vault or Path(name) / "vault"
        if not options.vault:
            write_prose(vault, options.notes)
        measure(vault, options.runs)


if __name__ == "__main__":
    main()
