"""Questions over HTTP: `kg serve` beside `oxigraph serve-read-only` on the same quads, one client and eight at once.

    python benchmarks/serving.py [--notes 10000] [--runs 100] [--vault FOLDER]

The vault is generated and ingested first, or is one that exists and is ingested. The rows are medians in milliseconds of
one client on one connection, and the answers a second that eight clients get together.
"""

import argparse
import http.client
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from ingest import VAULTS

from kg.config import load
from kg.store.store import Store

PREFIXES = """PREFIX kg: <https://w3id.org/concept-notes#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX n: <https://notes.example/> """
QUERIES = {
    "point lookup": 'SELECT ?thing { ?thing skos:prefLabel "Note 77" }',
    "one thing": "SELECT ?p ?o { <https://notes.example/Note%2077> ?p ?o }",
    "group by": "SELECT ?b (COUNT(?a) AS ?n) { ?a kg:linksTo ?b } GROUP BY ?b ORDER BY DESC(?n) LIMIT 20",
    "100,000 rows": "SELECT * { ?s ?p ?o } LIMIT 100000",
}
CLIENTS, SECONDS = 8, 5.0


def asker(port: int, path: str) -> Callable[[str], int]:
    """A client on one connection: asks a query, and returns the size of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(text: str) -> int:
        headers = {"Accept": "application/sparql-results+json"}
        connection.request("GET", f"{path}?query={quote(PREFIXES + text)}", headers=headers)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == 200, data
        return len(data)

    return ask


def await_port(port: int) -> None:
    """Wait until somebody listens on a port."""
    for _ in range(600):
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return


def milliseconds(ask: Callable[[str], int], text: str, runs: int) -> float:
    """The median time of an answer."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        ask(text)
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def together(port: int, path: str, text: str) -> float:
    """The answers a second of several clients."""
    answers, end = [0] * CLIENTS, time.perf_counter() + SECONDS

    def work(number: int) -> None:
        ask = asker(port, path)
        while time.perf_counter() < end:
            ask(text)
            answers[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answers) / SECONDS


def main(vault: Path | None, notes: int, runs: int) -> None:
    """Measure and print."""
    oxigraph = shutil.which("oxigraph", path=Path(sys.executable).parent) or "oxigraph"
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        if vault is None:
            vault = base / "vault"
            VAULTS["prose"](vault, notes)
        subprocess.run([sys.executable, "-m", "kg", "ingest", "-q", vault], check=True)
        (base / "all.nq").write_bytes(b"".join(Store(load(vault).store).quad_lines()))
        subprocess.run([oxigraph, "load", "--location", base / "ox", "--file", base / "all.nq"], check=True)
        servers = {
            "kg": (7481, "/sparql", [sys.executable, "-m", "kg", "serve", vault, "--no-token", "--no-watch", "--port", "7481", "-q"]),
            "oxigraph": (7482, "/query", [oxigraph, "serve-read-only", "--location", base / "ox", "--bind", "127.0.0.1:7482"]),
        }  # fmt: skip
        processes = [
            subprocess.Popen([str(word) for word in words], stderr=subprocess.DEVNULL)
            for _, _, words in servers.values()
        ]
        try:
            print(f"{'':<14} {'kg':>10} {'oxigraph':>10} {'kg, 8 at once':>16} {'oxigraph, 8':>14}")
            for port, _, _ in servers.values():
                await_port(port)
            for name, text in QUERIES.items():
                few = runs if "rows" not in name else 5
                one = [milliseconds(asker(port, path), text, few) for port, path, _ in servers.values()]
                many = [together(port, path, text) for port, path, _ in servers.values()]
                print(f"{name:<14} {one[0]:7.1f} ms {one[1]:7.1f} ms {many[0]:14.0f}/s {many[1]:12.0f}/s", flush=True)
        finally:
            for process in processes:
                process.terminate()
                process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vault", type=Path)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100)
    given = parser.parse_args()
    main(given.vault, given.notes, given.runs)
