"""pySHACL in a process of its own: triples and shapes go in, results come out.

Where shapes come from a stranger, so does SPARQL: what would call another server or read a file is refused before
(`Shapes.texts`), and what never ends or takes all memory is ended with the process.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pyoxigraph as ox

from kg.child import Child
from kg.errors import KgError, OntologyError
from kg.handover import from_rdflib, to_rdflib
from kg.shapes import Shapes
from kg.syntax import check, tokens
from kg.terms import SH

if TYPE_CHECKING:
    import rdflib
    from rdflib.term import Node


class Violation(NamedTuple):
    """A validation result (SHACL 3.6.2), its terms as N-Triples writes them, empty for what it does not have."""

    focus: str
    path: str
    value: str
    shape: str
    component: str
    constraint: str
    severity: str
    messages: tuple[str, ...]


_FIELDS = {
    "focusNode": "focus",
    "resultPath": "path",
    "value": "value",
    "sourceShape": "shape",
    "sourceConstraintComponent": "component",
    "sourceConstraint": "constraint",
    "resultSeverity": "severity",
}


class ShapesError(OntologyError):
    """Shapes that pySHACL cannot work with."""


def refuse(shapes: Shapes) -> None:
    """Refuse SPARQL in shapes that would ask a server or read a file. Raises OntologyError."""
    for node, text in shapes.texts():
        try:
            check(text)
        except KgError as error:
            raise ShapesError(f"the SPARQL of the shape {shapes.owner(node)}: {error}") from error
        words = {token.text.upper() for token in tokens(text) if token.kind == "word"}
        if words & {"FROM", "LOAD"}:
            raise ShapesError(f"the SPARQL of the shape {shapes.owner(node)} has FROM: it is asked of the notes only")


def run(
    jobs: Iterable[tuple[Iterable[ox.Triple], Iterable[ox.Triple], bool]], *, seconds: float, memory: int
) -> list[list[Violation]]:
    """Validate, for each of some jobs: data against a shapes graph, with SHACL's advanced features or without.

    Raises ShapesError, TimedOut, ChildError.
    """
    found: list[list[Violation]] = []
    with Child("kg.shacl:engine", memory=memory) as child:
        for data, shapes, advanced in jobs:
            rows = [ox.serialize(list(triples), format=ox.RdfFormat.N_TRIPLES) for triples in (data, shapes)]
            found.append([Violation(*row) for row in child.ask(*rows, advanced, seconds=seconds)])
    return found


def engine() -> Callable[[bytes, bytes, bool], list[tuple[Any, ...]]]:
    """What the process does."""
    import pyshacl  # noqa: F401 - it is imported before the first question, and not while its time runs

    return _validate


def _validate(data: bytes, shapes: bytes, advanced: bool) -> list[tuple[Any, ...]]:
    import pyshacl

    said_by = _graph(shapes)
    try:
        _, report, _ = pyshacl.validate(
            _graph(data), shacl_graph=_graph(shapes), advanced=advanced, inplace=not advanced
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - pySHACL and rdflib raise what they like about shapes that are wrong
        said = getattr(error, "message", "") or str(error) or type(error).__name__
        raise ShapesError(f"the shapes cannot be used: {' '.join(said.split())}") from None
    if not hasattr(report, "subjects"):
        raise ShapesError(f"the shapes cannot be used: {report}")
    return sorted(set(_results(report, said_by)))


def _graph(triples: bytes) -> "rdflib.Graph":
    return to_rdflib(quad.triple for quad in ox.parse(triples, ox.RdfFormat.N_TRIPLES))


def _results(report: "rdflib.Graph", shapes: "rdflib.Graph") -> Iterable[tuple[Any, ...]]:
    """The results. Of messages those of the shapes: pySHACL's own name things in no order that lasts."""
    from rdflib import URIRef

    given = set(shapes.objects(None, URIRef(SH + "message")))
    names = {URIRef(SH + name): field for name, field in _FIELDS.items()}
    for result in report.objects(None, URIRef(SH + "result")):
        row: dict[str, Any] = dict.fromkeys(Violation._fields, "")
        messages = []
        for predicate, obj in report.predicate_objects(result):
            if isinstance(predicate, URIRef) and predicate in names:
                row[names[predicate]] = _n3(obj)
            elif predicate == URIRef(SH + "resultMessage") and _is_from(obj, result, report, given):
                messages.append(str(obj))
        yield tuple(Violation(**(row | {"messages": tuple(sorted(messages))})))


def _is_from(message: Any, result: "Node", report: "rdflib.Graph", given: set[Any]) -> bool:
    """Whether a message is of the shapes: as it stands there, or made by SPARQL from one that stands there."""
    from rdflib import URIRef

    component = str(report.value(result, URIRef(SH + "sourceConstraintComponent")))
    return message in given or not component.startswith(SH) or component == SH + "SPARQLConstraintComponent"


def _n3(node: "Node") -> str:
    try:
        return str(from_rdflib(node))
    except ValueError:  # SPARQL in a shape can make an IRI of anything
        return str(ox.Literal(str(node)))


def in_turtle(shapes: Shapes, results: Iterable[Violation], prefixes: Mapping[str, str]) -> str:
    """The validation report (SHACL 3.6) of some results, with the paths of the shapes in it."""
    rows: list[ox.Triple] = []
    report = ox.BlankNode("report")

    def say(subject: Any, name: str, obj: Any) -> None:
        rows.append(ox.Triple(subject, ox.NamedNode(name if ":" in name else SH + name), obj))

    results = list(results)
    kind = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    say(report, kind, ox.NamedNode(SH + "ValidationReport"))
    say(report, "conforms", ox.Literal(not results))
    for number, one in enumerate(results):
        node = ox.BlankNode(f"r{number}")
        say(report, "result", node)
        say(node, kind, ox.NamedNode(SH + "ValidationResult"))
        for name, field in _FIELDS.items():
            if text := getattr(one, field):
                term = term_from(text)
                say(node, name, term)
                rows += _around(shapes, term) if name == "resultPath" else ()
        for message in one.messages:
            say(node, "resultMessage", ox.Literal(message))
    text = ox.serialize(dict.fromkeys(rows), format=ox.RdfFormat.TURTLE, prefixes=dict(prefixes))
    return (text or b"").decode()


def _around(shapes: Shapes, term: Any) -> list[ox.Triple]:
    """A blank node of the shapes graph with all that hangs on it."""
    found: list[ox.Triple] = []
    stack = [term] if isinstance(term, ox.BlankNode) else []
    while stack:
        node = stack.pop()
        more = [triple for triple in shapes.triples if triple.subject == node]
        found += more
        stack += [triple.object for triple in more if isinstance(triple.object, ox.BlankNode)]
    return found


def term_from(text: str) -> Any:
    """A term as N-Triples writes it."""
    triple = next(iter(ox.parse(f"<urn:s> <urn:p> {text} .", ox.RdfFormat.N_TRIPLES)))
    return triple.object
