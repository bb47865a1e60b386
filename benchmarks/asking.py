"""Asking a store of a million quads, start to finish, beside `oxigraph query` on the same quads and rdflib in memory.

    python benchmarks/asking.py                  10,700 notes, a million quads; rdflib needs minutes to load them
    python benchmarks/asking.py --notes 1000     a tenth of that

`kg` and `oxigraph` are timed from the start of the process to its end, with the rows thrown away; rdflib from the
query to the last row, its loading apart, since nobody would load it for each question. Median of several runs.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ingest import VAULTS, install

PREFIXES = """PREFIX kg: <https://w3id.org/concept-notes#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX n: <https://notes.example/> """
QUERIES = {
    "point lookup": 'SELECT ?thing { ?thing skos:prefLabel "Note 77" }',
    "two hops": "SELECT (COUNT(*) AS ?n) { ?a kg:linksTo ?b . ?b kg:linksTo ?c }",
    "path": "SELECT (COUNT(DISTINCT ?b) AS ?n) { <https://notes.example/Note%2077> kg:linksTo/kg:linksTo/kg:linksTo ?b }",
    "not exists": "SELECT (COUNT(*) AS ?n) { ?a a kg:Concept FILTER NOT EXISTS { ?b kg:linksTo ?a } }",
    "group by": "SELECT ?b (COUNT(?a) AS ?n) { ?a kg:linksTo ?b } GROUP BY ?b ORDER BY DESC(?n) LIMIT 20",
    "regex": 'SELECT ?a { ?a skos:prefLabel ?label FILTER REGEX(?label, "77$") }',
    "construct": "CONSTRUCT { ?b kg:mentions ?a } WHERE { ?a kg:linksTo ?b }",
    "which note": 'SELECT ?g { GRAPH ?g { ?a skos:prefLabel "Note 77" } }',
}


def seconds(*command: object) -> float:
    """How long a command takes, start to finish. Raises CalledProcessError."""
    begun = time.perf_counter()
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def in_rdflib(file: Path) -> tuple[Any, float]:
    """A graph of rdflib with the default graph's triples, and how long that took."""
    import rdflib

    begun = time.perf_counter()
    graph = rdflib.Graph()
    graph.parse(file, format="nt")
    return graph, time.perf_counter() - begun


def main(notes: int, runs: int, *, rdflib: bool) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        oxigraph = install(base)
        VAULTS["prose"](base / "vault", notes)
        subprocess.run(
            [sys.executable, "-m", "kg", "ingest", "-q", base / "vault", "--store", base / "store"], check=True
        )
        dump = (
            "import kg, sys, pyoxigraph as ox\n"
            "quads = list(kg.Store(sys.argv[1]).quads())\n"
            "ox.serialize(quads, sys.argv[2], format=ox.RdfFormat.N_QUADS)\n"
            "default = (quad.triple for quad in quads if quad.graph_name == ox.DefaultGraph())\n"
            "ox.serialize(default, sys.argv[3], format=ox.RdfFormat.N_TRIPLES)\n"
            "print(f'{len(quads):,} quads')"
        )
        subprocess.run([sys.executable, "-c", dump, base / "store", base / "all.nq", base / "all.nt"], check=True)
        seconds(oxigraph, "load", "--location", base / "ox", "--file", base / "all.nq")
        graph = None
        if rdflib:
            graph, took = in_rdflib(base / "all.nt")
            print(f"rdflib loads the default graph in {took:.0f} s")
        print(f"{'':<14} {'kg':>9} {'oxigraph':>9} {'ratio':>7} {'rdflib':>9}")
        for name, text in QUERIES.items():
            ours, peers, third = [], [], []
            for _ in range(runs):
                ours.append(seconds(sys.executable, "-m", "kg", "query", "--store", base / "store", text))
                format_ = "nt" if text.startswith("CONSTRUCT") else "csv"
                query = ["--query", PREFIXES + text, "--results-format", format_]
                peers.append(seconds(oxigraph, "query", "--location", base / "ox", *query))
            for _ in range(runs if graph is not None and "GRAPH" not in text else 0):
                begun = time.perf_counter()
                list(graph.query(PREFIXES + text))
                third.append(time.perf_counter() - begun)
                if third[-1] > 10:
                    break
            mine, peer = statistics.median(ours), statistics.median(peers)
            beside = f"{statistics.median(third):7.2f} s" if third else ""
            print(f"{name:<14} {mine:7.2f} s {peer:7.2f} s {mine / peer:6.1f}x {beside:>9}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=10_700)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-rdflib", action="store_true", help="leave rdflib out")
    given = parser.parse_args()
    main(given.notes, given.runs, rdflib=not given.no_rdflib)
