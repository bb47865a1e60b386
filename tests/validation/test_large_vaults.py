"""What a large vault is checked by gives the same as what a small one is checked by: the thresholds only save time."""

from collections.abc import Mapping
from typing import Any

import pyoxigraph as ox
import pytest

import kg
from helpers.vaults import NOTES, Write
from kg.core.findings import Severity
from kg.core.limits import Limits
from kg.mapping.ontology import load_ontology
from kg.notes.pool import Workers
from kg.validation import conformance, data_graph, ingested_vault
from kg.validation.conformance import Conformance, State
from kg.validation.data_graph import DataGraph
from kg.validation.shape_automaton import Automaton
from kg.validation.shapes import Shapes
from kg.validation.validator import validate

BASE = "https://notes.example/"
SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix kg: <https://w3id.org/concept-notes/kg#> .
<urn:S> sh:targetSubjectsOf kg:linksTo ; sh:property [ sh:path ( kg:linksTo [ sh:inversePath kg:linksTo ] ) ; sh:class kg:Note ] ,
    [ sh:path [ sh:zeroOrMorePath kg:linksTo ] ; sh:maxCount 2 ] , [ sh:path [ sh:alternativePath ( kg:linksTo kg:tagged ) ] ; sh:minCount 3 ] .
<urn:T> sh:targetObjectsOf kg:tagged ; sh:node <urn:S> ; sh:closed true .
"""
WITHOUT_P = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <https://e.example/> .
ex:S a sh:NodeShape ; sh:targetNode ex:thing ;
    sh:property [ sh:path ex:p ; sh:minCount 1 ; sh:message "no p" ; sh:severity sh:Violation ] .
ex:thing a ex:C .
"""


@pytest.fixture(scope="module")
def shapes() -> Shapes:
    """Those of kg's ontology, and some with long paths."""
    more = [quad.triple for quad in ox.parse(SHAPES, ox.RdfFormat.TURTLE)]
    return Shapes.parsed([*load_ontology(kg.Vault(NOTES).config).shapes, *more])


def test_a_walk_is_the_same_by_look_ups_and_by_whole_properties(
    notes_store: kg.Store, shapes: Shapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen(many: int, base: str | None) -> set[ox.Triple]:
        monkeypatch.setattr(data_graph, "_MANY", many)
        data = DataGraph(notes_store.find, extra, base)
        return Automaton(shapes).seen_from({shape: shapes.focus_nodes(shape, data) for shape in shapes.aimed}, data)

    node = next(iter(notes_store.triples(None, None, None))).subject
    extra = [
        ox.Triple(node, ox.NamedNode("https://w3id.org/concept-notes/kg#linksTo"), ox.NamedNode("https://x.example/"))
    ]
    for base in (None, BASE, "https://other.example/"):
        assert seen(0, base) == seen(1_000_000, base)


def test_results_are_the_same_in_several_processes(
    notes_store: kg.Store, shapes: Shapes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def state(worth_it: int) -> State:
        monkeypatch.setattr(conformance, "_WORTH_IT", worth_it)
        return Conformance(shapes, DataGraph(notes_store.find), Limits(60, 2**33)).check()

    monkeypatch.setattr(conformance, "cores", lambda: 3)
    together, apart = state(1_000_000), state(1)
    assert together.all == apart.all and len(together.all) > 20
    assert together.seen == apart.seen


def test_notes_are_read_once_for_links_and_places(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = write({f"n{number}.md": f"[[n{number + 1}]] [[gone]]\n" for number in range(12)})
    few = validate(vault, severity="info")
    (vault / ".kg" / "validation.json").unlink()
    asked: list[int] = []
    before = Workers.read

    def counted(self: Workers, files: Mapping[str, str], *rest: Any) -> Any:
        asked.append(len(files))
        return before(self, files, *rest)

    monkeypatch.setattr(ingested_vault, "WORTH_IT", 1)
    monkeypatch.setattr(Workers, "read", counted)
    assert validate(vault, severity="info").findings == few.findings
    assert asked == [12]


def test_cached_findings_count_only_while_all_they_rest_on_is_the_same(write: Write) -> None:
    vault = write({"A.md": "[[B]]\n", "kg.toml": ""})
    file = vault / "ontology" / "s.ttl"
    file.parent.mkdir()

    def places(severity: Severity = "warning") -> list[tuple[str, int]]:
        findings = validate(vault, severity=severity).findings
        return [(finding.path, finding.line) for finding in findings if finding.message == "no p"]

    for comments in (0, 1, 2, 0):  # they are no triples, and move the thing
        file.write_text("# a line\n" * comments + WITHOUT_P)
        assert places() == places() == [("ontology/s.ttl", comments + 5)]
    file.write_text(WITHOUT_P.replace("sh:Violation", "sh:Info"))
    severities: list[Severity] = ["info", "error", "info", "warning", "error"]
    assert [len(places(severity)) for severity in severities] == [1, 0, 1, 0, 0]
