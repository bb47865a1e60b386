"""W3C's SPARQL 1.1 query tests: through `kg` they give what Oxigraph gives, and the result formats are as the W3C has
them. The suite is data of the samples folder; a manifest's case is one test of its folder.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyoxigraph as ox
import pytest

import kg
from kg.rendering import query_results as results
from kg.sparql.answer import Answer, triples_of
from kg.store.generations import Manifest
from kg.store.store import Store

MF, QT = (
    "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#",
    "http://www.w3.org/2001/sw/DataAccess/tests/test-query#",
)
FOLDERS = [
    "aggregates", "bind", "bindings", "cast", "construct", "csv-tsv-res", "exists", "functions", "grouping", "json-res",
    "negation", "project-expression", "property-path", "subquery", "syntax-query",
]  # fmt: skip
BLANK = re.compile(r"_:[\w.-]+")
READ = {
    "srj": ("json", ox.QueryResultsFormat.JSON),
    "srx": ("xml", ox.QueryResultsFormat.XML),
    "json": ("json", ox.QueryResultsFormat.JSON),
    "xml": ("xml", ox.QueryResultsFormat.XML),
    "tsv": ("tsv", ox.QueryResultsFormat.TSV),
}
MADE = ("uuid", "struuid", "bnode", "rand", "now")
"""Functions that give something else each time: only how many rows there are is compared."""


class Case(NamedTuple):
    name: str
    kind: str
    query: str
    base: str
    data: tuple[tuple[Path, bool], ...]
    """Files, and whether each is a named graph."""
    result: Path | None


def cases(folder: Path) -> Iterator[Case]:
    """The tests that a manifest lists."""
    manifest = folder / "manifest.ttl"
    graph = ox.Store()
    graph.load(path=str(manifest), format=ox.RdfFormat.TURTLE, base_iri=manifest.as_uri())

    def one(subject: Any, name: str) -> Any:
        return next((q.object for q in graph.quads_for_pattern(subject, ox.NamedNode(name), None, None)), None)

    def file(term: Any) -> Path:
        from urllib.parse import unquote

        return Path(unquote(term.value.removeprefix("file://")))

    for quad in graph.quads_for_pattern(None, ox.NamedNode(MF + "action"), None, None):
        case, action = quad.subject, quad.object
        assert isinstance(action, ox.NamedNode | ox.BlankNode)
        kind = one(case, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type").value.rpartition("#")[2]
        query = one(action, QT + "query") if isinstance(action, ox.BlankNode) else action
        data = [(file(q.object), False) for q in graph.quads_for_pattern(action, ox.NamedNode(QT + "data"), None, None)]
        data += [
            (file(q.object), True) for q in graph.quads_for_pattern(action, ox.NamedNode(QT + "graphData"), None, None)
        ]
        result = one(case, MF + "result")
        name = one(case, MF + "name").value
        text = file(query).read_text(encoding="utf-8")
        yield Case(
            name, kind, text, query.value, tuple(data), file(result) if isinstance(result, ox.NamedNode) else None
        )


def store_of(case: Case) -> Store:
    """The data of a case as a store of kg, in memory."""
    store = object.__new__(Store)
    store._db = ox.Store()
    for file, named in case.data:
        format_ = ox.RdfFormat.RDF_XML if file.suffix == ".rdf" else ox.RdfFormat.TURTLE
        graph = ox.NamedNode(file.as_uri()) if named else ox.DefaultGraph()
        store._db.load(path=str(file), format=format_, base_iri=file.as_uri(), to_graph=graph)
    store.manifest = Manifest(1, {}, {}, {})
    store.path = Path("of-the-suite")
    return store


def told(answer: Any) -> Any:
    """What an answer says, whatever its blank nodes are called."""
    if isinstance(answer, ox.QueryBoolean | bool):
        return bool(answer)
    if isinstance(answer, ox.QuerySolutions):
        names = sorted(variable.value for variable in answer.variables)
        rows = [tuple(term_of(row[name]) for name in names) for row in answer]
        return names, Counter(rows)
    return Counter(BLANK.sub("_:", str(triple)) for triple in answer)


def term_of(term: Any) -> str:
    """A term; a double by its value, since Oxigraph keeps that and not how it was written."""
    if isinstance(term, ox.Literal) and term.datatype.value.endswith("#double"):
        return f"{float(term.value)}^^double"
    return BLANK.sub("_:", str(term))


def written(answer: Answer, format_: str) -> bytes:
    out = io.BytesIO()
    results.write(answer, out, format_)
    return out.getvalue()


def through_kg(store: Store, case: Case, format_: str) -> Any:
    """What `kg` answers, by way of one of its formats."""
    answer = kg.query(store, f"BASE <{case.base}> {case.query}")
    if answer.kind == "graph":
        return told(triples_of(written(answer, "turtle"), ox.RdfFormat.TURTLE))
    if answer.kind == "ask" and format_ == "tsv":
        return written(answer, "tsv") == b"true\n"
    return told(ox.parse_query_results(written(answer, format_), format=READ[format_][1]))


@pytest.mark.parametrize("folder", FOLDERS)
def test_answers_are_those_of_oxigraph(samples: Path, folder: str) -> None:
    seen = 0
    for case in cases(samples / "suites" / "sparql11" / folder):
        store = store_of(case)
        try:
            expected = told(store._db.query(case.query, base_iri=case.base))
        except (SyntaxError, RuntimeError) as error:  # not SPARQL; or a function that neither has
            with pytest.raises(kg.QuerySyntaxError if isinstance(error, SyntaxError) else kg.KgError):
                kg.query(store, f"BASE <{case.base}> {case.query}")
            continue
        assert "Negative" not in case.kind, case.name
        for format_ in ("json", "xml", "tsv"):
            found = through_kg(store, case, format_)
            if any(word in case.query.lower() for word in MADE) and isinstance(found, tuple):
                assert sum(found[1].values()) == sum(expected[1].values()), case.name
            else:
                assert found == expected, (case.name, format_)
        seen += 1
    assert seen > 2


@pytest.mark.parametrize("folder", ["csv-tsv-res", "json-res"])
def test_result_formats_are_those_of_the_suite(samples: Path, folder: str) -> None:
    seen = 0
    for case in cases(samples / "suites" / "sparql11" / folder):
        if case.result is None:
            continue
        answer = kg.query(store_of(case), f"BASE <{case.base}> {case.query}")
        end = case.result.suffix[1:]
        # Oxigraph keeps the types that XSD derives from xsd:integer as that
        expected = case.result.read_bytes().replace(b"#negativeInteger", b"#integer")
        if end == "csv":
            rows, wanted = (rows_of(text) for text in (written(answer, "csv"), expected))
            assert rows == wanted, case.name
        else:
            format_, read = READ[end]
            found = ox.parse_query_results(written(answer, format_), format=read)
            assert told(found) == told(ox.parse_query_results(expected, format=read)), case.name
        seen += 1
    assert seen >= 4


def rows_of(text: bytes) -> tuple[list[str], Counter[tuple[str, ...]]]:
    header, *rows = csv.reader(io.StringIO(BLANK.sub("_:", text.decode())))
    return header, Counter(tuple(map(cell, row)) for row in rows)


def cell(text: str) -> str:
    """A cell; a number by its value, as above."""
    return str(float(text)) if re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", text, re.I) else text
