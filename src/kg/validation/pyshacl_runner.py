"""Run pySHACL in a child process: triples and shapes go in, results come out.

Shapes from a stranger may contain SPARQL. A query that would call another server or read a file is refused before the
run (`Shapes.texts`). A query that never ends or takes all memory is ended with the process.
"""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pyoxigraph as ox

from kg.core.child_process import Child, cores
from kg.core.errors import KgError, OntologyError
from kg.core.limits import Limits
from kg.rdf.canonical import parsed_term
from kg.rdf.rdflib_terms import from_rdflib, to_rdflib
from kg.rdf.sparql_syntax import check, tokens
from kg.rdf.terms import SH
from kg.rdf.vocabulary import TYPE, Term
from kg.validation.shapes import Shapes

if TYPE_CHECKING:
    import rdflib
    from rdflib.term import Node


class Violation(NamedTuple):
    """A validation result (SHACL 3.6.2)."""

    focus: Term
    path: Term | None
    value: Term | None
    shape: Term
    component: Term
    constraint: Term | None
    severity: Term
    messages: tuple[str, ...]

    @classmethod
    def parsed(cls, row: Sequence[Any]) -> "Violation":
        """Parse a `row`. Raises ValueError, TypeError, SyntaxError."""
        *texts, messages = row
        pairs = zip(cls._fields, texts, strict=False)
        terms = [parsed_term(text) if text or name not in _OPTIONAL else None for name, text in pairs]
        return cls._make([*terms, tuple(messages)])

    @property
    def row(self) -> tuple[Any, ...]:
        """Its texts: terms in N-Triples syntax, empty if missing, and the messages."""
        *terms, messages = self
        return (*("" if term is None else str(term) for term in terms), messages)

    @property
    def property(self) -> ox.NamedNode | None:
        """The property that is the whole path; None if there is no path, or a longer one."""
        return self.path if isinstance(self.path, ox.NamedNode) else None


_FIELDS = {
    "focusNode": "focus",
    "resultPath": "path",
    "value": "value",
    "sourceShape": "shape",
    "sourceConstraintComponent": "component",
    "sourceConstraint": "constraint",
    "resultSeverity": "severity",
}

_LONGEST = 300
"""The characters of a reason of pySHACL, which can contain a whole query."""
_OPTIONAL = {"path", "value", "constraint"}


class ShapesError(OntologyError):
    """Shapes that pySHACL cannot use."""


def refuse(shapes: Shapes) -> None:
    """Refuse shapes with SPARQL that would call a server or read a file. Raises OntologyError."""
    for node, text in shapes.texts():
        try:
            check(text)
        except KgError as error:
            raise ShapesError(f"the SPARQL of the shape {shapes.owner(node)}: {error}") from error
        words = {token.text.upper() for token in tokens(text) if token.kind == "word"}
        if words & {"FROM", "LOAD"}:
            raise ShapesError(f"the SPARQL of the shape {shapes.owner(node)} has FROM, which a shape must not use")


class Job(NamedTuple):
    """A validation: the triples of a data graph and a shapes graph, with or without SHACL's advanced features."""

    data: Iterable[ox.Triple]
    shapes: Iterable[ox.Triple]
    advanced: bool = False


def run(jobs: Sequence[Job], *, seconds: float, memory: int) -> list[list[Violation]]:
    """Return the results of each job. Several run at once, in a process per core; the limits hold for each process.

    Raises ShapesError, TimedOut, ChildError.
    """
    number = min(len(jobs), cores())
    with ThreadPoolExecutor(max(1, number)) as threads, ExitStack() as processes:
        children = [processes.enter_context(Child(engine, memory=memory)) for _ in range(number)]

        def work(place: int) -> list[list[Violation]]:
            return [ask(children[place], job, seconds) for job in jobs[place::number]]

        results = list(threads.map(work, range(number)))
    return [results[place % number][place // number] for place in range(len(jobs))]


def ask(child: Child, job: Job, seconds: float) -> list[Violation]:
    """Return the results of a job in a child process with the `engine`. Raises ShapesError, TimedOut, ChildError."""
    data, shapes = (ox.serialize(list(rows), format=ox.RdfFormat.N_TRIPLES) for rows in (job.data, job.shapes))
    return [Violation.parsed(row) for row in child.ask(data, shapes, job.advanced, seconds=seconds)]


class ShaclProcess:
    """The process that runs pySHACL for one job after another: it takes longer to start than to check a thing.

    It starts with the first job, or by `start`, and anew if a job has ended it. To be closed, or used in a `with`.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._child: Child | None = None

    def __enter__(self) -> "ShaclProcess":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process while others work."""
        self._started()

    def ask(self, job: Job) -> list[Violation]:
        """The results of a job. Raises ShapesError, TimedOut, ChildError."""
        try:
            return ask(self._started(), job, self.limits.seconds)
        except BaseException:
            self.close()  # it has been ended, or still works on the job
            raise

    def close(self) -> None:
        """End the process."""
        if self._child:
            self._child.close()
            self._child = None

    def _started(self) -> Child:
        if self._child is None:
            self._child = Child(engine, memory=self.limits.memory)
        return self._child


def engine() -> Callable[[bytes, bytes, bool], list[tuple[Any, ...]]]:
    """Return the function that the child process runs."""
    import pyshacl  # noqa: F401 - imported before the first job, not within its time limit

    return _validate


def _validate(data: bytes, shapes: bytes, advanced: bool) -> list[tuple[Any, ...]]:
    import pyshacl

    shapes_graph = _graph(shapes)
    try:
        _, report, _ = pyshacl.validate(
            _graph(data), shacl_graph=_graph(shapes), advanced=advanced, inplace=not advanced
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - pySHACL and rdflib raise any exception for invalid shapes
        raise _refusal(getattr(error, "message", "") or str(error) or type(error).__name__) from None
    if not hasattr(report, "subjects"):
        raise _refusal(str(report))
    return sorted(set(_results(report, shapes_graph)))


def _refusal(reason: str) -> ShapesError:
    if reason.startswith("Validation path too deep"):  # the shapes on the path follow, thirty times
        reason = "the shape refers to itself, and its check does not end"
    return ShapesError(f"the shapes cannot be used: {textwrap.shorten(reason, _LONGEST, placeholder=' …')}")


def _graph(triples: bytes) -> "rdflib.Graph":
    return to_rdflib(quad.triple for quad in ox.parse(triples, ox.RdfFormat.N_TRIPLES))


def _results(report: "rdflib.Graph", shapes: "rdflib.Graph") -> Iterable[tuple[Any, ...]]:
    """The results, with only the messages of the shapes: pySHACL's own list things in no stable order."""
    from rdflib import URIRef

    shape_messages = set(shapes.objects(None, URIRef(SH + "message")))
    names = {URIRef(SH + name): field for name, field in _FIELDS.items()}
    for result in report.objects(None, URIRef(SH + "result")):
        row = dict.fromkeys(Violation._fields[:-1], "")
        messages = []
        for predicate, obj in report.predicate_objects(result):
            if isinstance(predicate, URIRef) and predicate in names:
                row[names[predicate]] = _n3(obj)
            elif predicate == URIRef(SH + "resultMessage") and _is_from(obj, result, report, shape_messages):
                messages.append(str(obj))
        yield (*row.values(), tuple(sorted(messages)))


def _is_from(message: Any, result: "Node", report: "rdflib.Graph", own_messages: set[Any]) -> bool:
    """Whether a message comes from the shapes: verbatim, or filled in by SPARQL."""
    from rdflib import URIRef

    component = str(report.value(result, URIRef(SH + "sourceConstraintComponent")))
    return message in own_messages or not component.startswith(SH) or component == SH + "SPARQLConstraintComponent"


def _n3(node: "Node") -> str:
    try:
        return str(from_rdflib(node))
    except ValueError:  # SPARQL in a shape can build an invalid IRI
        return str(ox.Literal(str(node)))


def in_order(results: Iterable[Violation]) -> tuple[Violation, ...]:
    """Sort results by their texts."""
    return tuple(sorted(results, key=lambda result: result.row))


def in_turtle(shapes: Shapes, results: Sequence[Violation], prefixes: Mapping[str, str]) -> str:
    """The validation report (SHACL 3.6) of the results, including the property paths of the shapes."""
    report = ox.BlankNode("report")
    rows = [
        ox.Triple(report, TYPE, ox.NamedNode(SH + "ValidationReport")),
        ox.Triple(report, ox.NamedNode(SH + "conforms"), ox.Literal(not results)),
    ]
    for number, result in enumerate(results):
        node = ox.BlankNode(f"r{number}")
        rows.append(ox.Triple(report, ox.NamedNode(SH + "result"), node))
        rows.append(ox.Triple(node, TYPE, ox.NamedNode(SH + "ValidationResult")))
        for name, field in _FIELDS.items():
            term: Term | None = getattr(result, field)
            if term is not None:
                rows.append(ox.Triple(node, ox.NamedNode(SH + name), term))
            if field == "path":
                rows += _around(shapes, term)
        rows += [ox.Triple(node, ox.NamedNode(SH + "resultMessage"), ox.Literal(text)) for text in result.messages]
    text = ox.serialize(dict.fromkeys(rows), format=ox.RdfFormat.TURTLE, prefixes=dict(prefixes))
    return (text or b"").decode()


def _around(shapes: Shapes, path: Term | None) -> list[ox.Triple]:
    """The triples of a blank node in the shapes graph, and of the blank nodes that it leads to."""
    triples: list[ox.Triple] = []
    stack = [path] if isinstance(path, ox.BlankNode) else []
    while stack:
        node = stack.pop()
        statements = [triple for triple in shapes.triples if triple.subject == node]
        triples += statements
        stack += [triple.object for triple in statements if isinstance(triple.object, ox.BlankNode)]
    return triples
