"""The cases of tests/mapping/cases: a few notes, and exactly what they assert (contract, sections 2 to 4 and 6).

The format is told in tests/mapping/cases/README.md. A case marked `(known: REASON)` has to fail, and the mark goes when it no
longer does.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
import kg.config

BASE = "https://notes.example/"
KG = "https://w3id.org/concept-notes#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PREFIXES = {
    "kg": KG,
    "n": BASE,
    "skos": SKOS,
    "dcterms": "http://purl.org/dc/terms/",
    "rdf": RDF,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "schema": "https://schema.org/",
}
_HEADER = "".join([f"@base <{BASE}> . ", *(f"@prefix {name}: <{value}> . " for name, value in PREFIXES.items())])

_FENCE = re.compile(r"(?P<ticks>`{4,})(?P<language>\w+)[ \t]*(?P<argument>.*?)\s*\Z")
_KNOWN = re.compile(r"\s*\(known: (?P<reason>.+)\)\Z")
_LOCAL_NAME = re.compile(r"[A-Za-z][\w-]*\Z")

_INFERRED = ox.NamedNode(KG + "inferred")
_NOT_OF_NOTES = {ox.DefaultGraph(), _INFERRED, ox.NamedNode(KG + "ontology")}
_OF_THE_FILE = {KG + name for name in ("contentHash", "wordCount")}
_OF_THE_OUTLINE = {KG + name for name in ("path", "describes", "heading", "level", "order", "hasSection", "text")}
_KINDS_OF_PLACE = {KG + name for name in ("Note", "Section", "Tag")}


@dataclass
class Case:
    """One case of a file: the files to write, and the TriG to find by what stands after `trig`."""

    file: str
    line: int
    title: str
    known: str | None
    files: dict[str, str] = field(default_factory=dict)
    trig: dict[str, str] = field(default_factory=dict)

    def expected(self, kind: str) -> set[ox.Quad]:
        # Through a store, so that numbers are compared by value: `1e3` is what Oxigraph gives back as "1000".
        store = ox.Store()
        store.extend(ox.parse(_HEADER + self.trig.get(kind, ""), ox.RdfFormat.TRIG))
        return set(store)


def read_cases(file: Path) -> Iterator[Case]:
    """The cases of a file, in order. A heading without a TriG block below it is only a heading."""
    case = Case(file.name, 1, file.stem, None)
    lines = iter(enumerate(file.read_text(encoding="utf-8").splitlines(keepends=True), start=1))
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence:
            _hold(case, fence, "".join(_block(lines, fence["ticks"], f"{file.name}:{number}")))
        elif line.startswith(("# ", "## ")):
            if case.trig:
                yield case
            title = line.lstrip("#").strip()
            known = _KNOWN.search(title)
            case = Case(file.name, number, _KNOWN.sub("", title), known["reason"] if known else None)
    if case.trig:
        yield case


def _block(lines: Iterator[tuple[int, str]], ticks: str, where: str) -> Iterator[str]:
    for _, line in lines:
        if line.rstrip() == ticks:
            return
        yield line
    raise ValueError(f"{where}: this block is not closed")


def _hold(case: Case, fence: re.Match[str], text: str) -> None:
    blocks, name = (case.trig if fence["language"] == "trig" else case.files), fence["argument"]
    if name in blocks or not (name or blocks is case.trig):
        raise ValueError(f"{case.file}: {case.title}: a block needs a name of its own: {fence.group().strip()}")
    blocks[name] = text


def _params() -> Iterator[object]:
    for file in sorted((Path(__file__).parent / "cases").glob("*.md")):
        for case in read_cases(file):
            marks = [pytest.mark.xfail(reason=case.known, strict=True, raises=AssertionError)] if case.known else []
            yield pytest.param(case, id=f"{file.stem}: {case.title}", marks=marks)


@pytest.mark.parametrize("case", list(_params()))
def test_case(case: Case, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    for path, text in case.files.items():
        file = vault / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    problems = [*_asserted(case, vault), *_inferred(case, vault)]
    assert not problems, "\n".join([f"tests/mapping/cases/{case.file}:{case.line}: {case.title}", *problems])


def _quads(vault: Path, *, inference: bool) -> set[ox.Quad]:
    report = kg.ingest(kg.Vault(config=kg.config.load(vault)), inference=inference)
    return set(report.store.quads())


def _asserted(case: Case, vault: Path) -> Iterator[str]:
    """What the graphs of the notes hold too little or too much."""
    for kind in case.trig.keys() - {"inferred", "absent"}:
        left_out = {"": _is_bookkeeping, "all": _is_of_the_file}[kind]
        quads = _quads(vault, inference=False)
        found = {quad for quad in quads if quad.graph_name not in _NOT_OF_NOTES and not left_out(quad)}
        expected = {quad for quad in case.expected(kind) if not left_out(quad)}
        yield from _lines("missing", expected - found)
        yield from _lines("unexpected", found - expected)
        yield from _broken_guarantees(quads)


def _inferred(case: Case, vault: Path) -> Iterator[str]:
    """What inference adds too little or too much."""
    if case.trig.keys() & {"inferred", "absent"}:
        quads = _quads(vault, inference=True)
        inferred = {quad.triple for quad in quads if quad.graph_name == _INFERRED}
        anywhere = {quad.triple for quad in quads}
        yield from _lines("not inferred", (q for q in case.expected("inferred") if q.triple not in inferred))
        yield from _lines("to be absent", (q for q in case.expected("absent") if q.triple in anywhere))
        yield from _broken_guarantees(quads)


def _broken_guarantees(quads: set[ox.Quad]) -> Iterator[str]:
    """Contract, sections 2 and 6: no blank nodes, nothing inferred that is asserted, all in the default graph."""
    default = {quad.triple for quad in quads if quad.graph_name == ox.DefaultGraph()}
    named = [quad for quad in quads if quad.graph_name != ox.DefaultGraph()]
    asserted = {quad.triple for quad in named if quad.graph_name != _INFERRED}
    yield from _lines("blank node", (q for q in named if ox.BlankNode in {type(q.subject), type(q.object)}))
    yield from _lines("asserted too", (q for q in named if q.graph_name == _INFERRED and q.triple in asserted))
    yield from _lines("not in the default graph", (q for q in named if q.triple not in default))
    nowhere = default - {quad.triple for quad in named}
    yield from _lines("only in the default graph", (ox.Quad(t.subject, t.predicate, t.object) for t in nowhere))


def _is_of_the_file(quad: ox.Quad) -> bool:
    return quad.predicate.value in _OF_THE_FILE


def _is_bookkeeping(quad: ox.Quad) -> bool:
    """Whether a quad says what every note, section or tag says, and so would only be noise in a case."""
    predicate = quad.predicate.value
    if predicate == RDF + "type":
        return isinstance(quad.object, ox.NamedNode) and quad.object.value in _KINDS_OF_PLACE
    if predicate == SKOS + "prefLabel":
        return "#tag/" in str(quad.subject)
    return predicate in _OF_THE_FILE | _OF_THE_OUTLINE


def _lines(what: str, quads: Iterable[ox.Quad]) -> list[str]:
    """A readable line a quad, with the prefixes of the cases."""
    return sorted(f"  {what}: {' '.join(_short(term) for term in _terms(quad))}" for quad in quads)


_Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | ox.DefaultGraph


def _terms(quad: ox.Quad) -> Iterator[_Term]:
    yield from (quad.subject, quad.predicate, quad.object)
    if quad.graph_name != ox.DefaultGraph():
        yield quad.graph_name


def _short(term: _Term) -> str:
    """A term as a case may write it: `<Note#Outcomes>`, `kg:Outcome`, `"7"^^xsd:integer`."""
    if isinstance(term, ox.Literal):
        datatype = _short(term.datatype)
        plain = str(ox.Literal(term.value))
        return plain if datatype == "xsd:string" else f"{plain}^^{datatype}"
    if not isinstance(term, ox.NamedNode):
        return str(term)
    for name, value in PREFIXES.items():
        if term.value.startswith(value) and value != BASE and _LOCAL_NAME.match(term.value[len(value) :]):
            return f"{name}:{term.value[len(value) :]}"
    return f"<{term.value.removeprefix(BASE)}>"
