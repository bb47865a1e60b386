"""How long `kg validate` takes, links and shapes, for the first time and again, beside pySHACL on all triples.

    python benchmarks/validating.py [--notes 10000] [--runs 3]

Writes generated notes (2 kB, ten links each) into a temporary folder and runs the commands as a user does. The peer is
pySHACL alone on the dataset that the notes make, loading it included: what a user would do without kg's own path.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from ingest import KG, VAULTS, run

PEER = """
import sys, rdflib, pyshacl, pyoxigraph as ox
from kg.config import resource
from kg.mapping.ontology import load
from kg.validation.shapes import Shapes
data = rdflib.Graph().parse(sys.argv[1], format="nt")
shapes = rdflib.Graph().parse(data=ox.serialize(Shapes.of(load([resource("ontology")], {})).triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
print(len(data), pyshacl.validate(data, shacl_graph=shapes, inplace=True)[0], file=sys.stderr)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        vault = base / "vault"
        VAULTS["prose"](vault, given.notes)
        command = [*KG, "validate", "-q", "-f", "json", str(vault), "--store"]
        first = [run(*command, base / f"store-{number}", allowed=1) for number in range(given.runs)]
        store = base / f"store-{given.runs - 1}"
        nothing = [run(*command, store, allowed=1) for _ in range(given.runs)]
        note, edits = vault / "Note 7.md", []
        for number in range(given.runs):
            with note.open("a", encoding="utf-8") as file:
                file.write(f"\nMore prose {number}.\n")
            edits.append(run(*command, store, allowed=1))
        rows = {"links and shapes, first": first, "nothing changed": nothing, "one note changed": edits}
        file = base / "all.nt"
        dump = "import kg, sys; open(sys.argv[2], 'w').writelines(f'{q.triple} .\\n' for q in kg.Store(sys.argv[1]).quads() if str(q.graph_name) == 'DEFAULT')"
        run(sys.executable, "-c", dump, store, file)
        rows["pySHACL alone, on all triples"] = [run(sys.executable, "-c", PEER, file)]
        peer = rows["pySHACL alone, on all triples"][0].seconds
        print(f"{given.notes:,} notes")
        for what, runs in rows.items():
            seconds = statistics.median(one.seconds for one in runs)
            print(
                f"  {what:<32} {seconds:8.2f} s  {seconds / peer:6.2f} x pySHACL  {max(one.memory for one in runs):6,.0f} MB"
            )


if __name__ == "__main__":
    main()
