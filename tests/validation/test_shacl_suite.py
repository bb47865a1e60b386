"""The W3C's SHACL test suite through kg's own path: the results are those of pySHACL alone.

What pySHACL itself gets otherwise than the suite expects is not this project's; the test compares the two.
"""

import os
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.core.errors import KgError
from kg.core.limits import Limits
from kg.validation.conformance import Conformance
from kg.validation.data_graph import DataGraph
from kg.validation.pyshacl_runner import Violation, engine
from kg.validation.shapes import Shapes

ACTION = ox.NamedNode("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#action")
SHT = "http://www.w3.org/ns/shacl-test#"
SUITE = Path(os.environ.get("KG_SAMPLES", "/nonexistent"), "suites", "shacl-w3c", "tests")
FILES = sorted(
    path for part in ("core", "sparql") for path in (SUITE / part).rglob("*.ttl") if path.name != "manifest.ttl"
)


def load(file: Path) -> list[ox.Triple]:
    text = file.read_text(encoding="utf-8")
    return [
        quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE, base_iri=file.as_uri(), rename_blank_nodes=True)
    ]


def graphs(file: Path) -> tuple[list[ox.Triple], list[ox.Triple]] | None:
    """The data and the shapes of a test; None for a file that another names."""
    triples = load(file)
    actions = [t.object for t in triples if t.predicate == ACTION]
    if not actions:
        return None
    names = {t.predicate.value: str(t.object)[1:-1] for t in triples if t.subject == actions[0]}
    parts = [names[SHT + name] for name in ("dataGraph", "shapesGraph")]
    data, shapes = (triples if part == file.as_uri() else load(Path(part.removeprefix("file://"))) for part in parts)
    return data, shapes


def same(results: list[Violation]) -> Counter[tuple[str, ...]]:
    """Results without the names of blank nodes."""
    rows = (result._replace(constraint=None).row for result in results)
    return Counter(tuple("_:" if part[:2] == "_:" else part for part in (*row[:-1], *row[-1])) for row in rows)


def n_triples(triples: list[ox.Triple]) -> bytes:
    return ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Parsing weird boolean")  # rdflib's; as an error, it would change the literal
@pytest.mark.skipif(not FILES, reason="KG_SAMPLES names no folder of sample suites")
@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SUITE)))
def test_kg_gives_the_results_of_pyshacl_alone(file: Path) -> None:
    found = graphs(file)
    if found is None:
        pytest.skip("a file of data or shapes for another test")
    data, shapes = found
    store = ox.Store()
    store.extend(ox.Quad(t.subject, t.predicate, t.object) for t in data)
    rows = [quad.triple for quad in store]
    try:
        alone = [Violation.parsed(row) for row in engine()(n_triples(rows), n_triples(shapes), False)]
    except KgError:  # a text that SHACL, or pySHACL, does not allow
        with pytest.raises(KgError):
            Conformance(Shapes.parsed(shapes), DataGraph(store.quads_for_pattern), Limits(60, 2**33)).check()
        return
    state = Conformance(Shapes.parsed(shapes), DataGraph(store.quads_for_pattern), Limits(60, 2**33)).check()
    assert same(list(state.all)) == same(alone)
