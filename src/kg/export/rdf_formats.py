"""The RDF 1.1 serializations: N-Triples, N-Quads, Turtle, TriG, JSON-LD, RDF/XML; and an ontology for Protégé.

All output is sorted, so the same notes give the same bytes and two exports can be compared line by line. A property
that RDF/XML cannot write is an error, not an omission.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import groupby, islice
from typing import IO, Any, cast

import pyoxigraph as ox

from kg.config import resource
from kg.core.errors import KgError
from kg.core.escaping import in_xml
from kg.core.json_text import json_text
from kg.core.text import escape_line_ends
from kg.export.formats import Export, ExportFormat
from kg.rdf.iris import prefixed
from kg.rdf.terms import OWL, RDF, RDFS, XSD
from kg.rdf.vocabulary import TYPE

_STRING = XSD + "string"
_NCNAME = re.compile(r"[^\W\d][\w.·-]*\Z")
_KINDS = {OWL + name for name in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")}
_RDF_PROPERTY = RDF + "Property"
_BUILT_IN = (RDF, RDFS, OWL, XSD)


_AT_ONCE = 10_000
_TYPED = f" {TYPE} ".encode()


def _sorted(lines: Iterable[bytes]) -> list[bytes]:
    """Sort N-Triples lines by subject, with the types of each subject first."""
    return sorted(lines, key=lambda line: line.replace(_TYPED, b"  ", 1))


def _triples(lines: list[bytes]) -> Iterator[ox.Triple]:
    return (quad.triple for quad in ox.parse(b"".join(lines), ox.RdfFormat.N_TRIPLES))


def _used(lines: Iterable[bytes], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes whose namespaces may occur in the lines."""
    data = b"".join(lines)
    return {name: space for name, space in sorted(prefixes.items()) if space and f"<{space}".encode() in data}


def turtle(export: Export, out: IO[bytes]) -> None:
    """Write the default graph in Turtle."""
    lines = _sorted(export.lines())
    prefixes = _used(lines, export.prefixes)
    ox.serialize(_triples(lines), out, format=ox.RdfFormat.TURTLE, prefixes=prefixes)


def ntriples(export: Export, out: IO[bytes]) -> None:
    """Write the default graph in N-Triples, sorted."""
    _write_lines(export.lines(), out)


def nquads(export: Export, out: IO[bytes]) -> None:
    """Write the whole dataset in N-Quads, sorted; of a selection, the default graph."""
    _write_lines((export.quads or export.lines)(), out)


def _write_lines(lines: Iterable[bytes], out: IO[bytes]) -> None:
    rows = iter(sorted(lines))
    while batch := list(islice(rows, _AT_ONCE)):
        out.write(escape_line_ends(b"".join(batch)))


def trig(export: Export, out: IO[bytes]) -> None:
    """Write the whole dataset in TriG, graph by graph; of a selection, the default graph."""
    graphs: dict[bytes, list[bytes]] = {}
    for line in (export.quads or export.lines)():
        graphs.setdefault(_graph(line), []).append(line)
    lines = [line for graph in sorted(graphs) for line in _sorted(graphs[graph])]
    prefixes = _used(lines, export.prefixes)
    quads = ox.parse(b"".join(lines), ox.RdfFormat.N_QUADS)
    ox.serialize(quads, out, format=ox.RdfFormat.TRIG, prefixes=prefixes)


def _graph(line: bytes) -> bytes:
    """The graph name at the end of an N-Quads line; empty for the default graph."""
    if b'"' in line:
        tail = line[:-3].rpartition(b" <")[2]
        return b"" if b'"' in tail else tail
    parts = line.split(b" ")
    return parts[3] if len(parts) == 5 else b""


# ---- RDF/XML ----------------------------------------------------------------------------------------


def rdfxml(export: Export, out: IO[bytes]) -> None:
    """Write the default graph in RDF/XML. Raises KgError if a property has no name that XML can write."""
    write_rdfxml(_sorted(export.lines()), export.prefixes, out)


def write_rdfxml(lines: list[bytes], known: Mapping[str, str], out: IO[bytes]) -> None:
    """Write lines of N-Triples in RDF/XML. Raises KgError if a property has no name that XML can write."""
    prefixes = _used(lines, known)
    names = {triple.predicate.value for triple in _triples(lines)}
    for name in sorted(names):
        if not _split(name)[1]:
            raise KgError(f"RDF/XML has no way to write the property <{name}>: use turtle, jsonld or ntriples")
    spaces = {_split(name)[0] for name in names} - {*prefixes.values()}
    extra = {f"ns{n}": space for n, space in enumerate(sorted(spaces))}
    triples = map(_for_xml, _triples(lines))
    ox.serialize(triples, cast("IO[bytes]", _Returns(out)), format=ox.RdfFormat.RDF_XML, prefixes={**prefixes, **extra})


class _Returns:
    """A stream that escapes carriage returns: XML reads raw carriage returns as line feeds."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out

    def write(self, data: bytes) -> int:
        """Write the data with escaped carriage returns."""
        self.out.write(data.replace(b"\r", b"&#13;"))
        return len(data)

    def flush(self) -> None:
        """Do nothing, since the stream has no buffer."""


def _split(iri: str) -> tuple[str, str]:
    """Split an IRI into a namespace and the longest XML name at its end; the name is empty if there is none."""
    start = max(iri.rfind("#"), iri.rfind("/"), iri.rfind(":")) + 1
    for at in range(start, len(iri)):
        if _NCNAME.match(iri, at):
            return iri[:at], iri[at:]
    return iri, ""


def _for_xml(triple: ox.Triple) -> ox.Triple:
    """Replace the control characters of a literal that XML cannot write."""
    literal = triple.object
    text = in_xml(literal.value) if isinstance(literal, ox.Literal) else ""
    if not isinstance(literal, ox.Literal) or text == literal.value:
        return triple
    if literal.language:
        return ox.Triple(triple.subject, triple.predicate, ox.Literal(text, language=literal.language))
    return ox.Triple(triple.subject, triple.predicate, ox.Literal(text, datatype=literal.datatype))


# ---- JSON-LD ----------------------------------------------------------------------------------------


_SCHEME = re.compile(rb"<([A-Za-z][\w+.-]*):(?!//)")
_GEN_DELIMS = frozenset(":/?#[]@")
"""The last characters of an IRI that make its term a prefix (JSON-LD 1.1 API, section 4.2.2)."""


class _Context:
    """kg's JSON-LD context and the vault's prefixes, which compact terms.

    A prefix that is the scheme of an IRI in the lines is left out: a reader would expand that IRI by the prefix (IRI
    confused with prefix, JSON-LD 1.1 API, section 5.1).
    """

    def __init__(self, prefixes: Mapping[str, str], lines: list[bytes]) -> None:
        text = (resource("ontology") / "context.jsonld").read_text(encoding="utf-8")
        terms: dict[str, Any] = json.loads(text)["@context"]
        # A prefix with the name of a term would change the meaning of the term.
        context = {**{name: space for name, space in prefixes.items() if name and name not in terms}, **terms}
        schemes = {match[1].decode() for match in _SCHEME.finditer(b"".join(lines))}
        confused = {
            name: entry for name, entry in context.items() if name in schemes and str(entry)[-1:] in _GEN_DELIMS
        }
        self.context = {name: _whole(entry, confused) for name, entry in context.items() if name not in confused}
        self.prefixes = {
            name: entry for name, entry in self.context.items() if isinstance(entry, str) and entry[-1:] in {"#", "/"}
        }

    @cached_property
    def terms(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """The context's terms by IRI and value type, and whether their values are always in a list."""
        terms = {}
        for name, entry in self.context.items():
            if isinstance(entry, dict):
                type_ = entry.get("@type", "")
                kind = type_ if type_ in {"", "@id"} else self._expanded(type_)
                terms[self._expanded(entry["@id"]), kind] = name, entry.get("@container") == "@set"
            elif name not in self.prefixes and isinstance(entry, str) and not entry.startswith("@"):
                terms[self._expanded(entry), ""] = name, False
        return terms

    def _expanded(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return self.prefixes[prefix] + local if prefix in self.prefixes else name

    def compact(self, iri: str) -> str:
        """Shorten an IRI by a prefix, unless no prefix matches or the local part starts with `//`."""
        prefix, local = prefixed(iri, self.prefixes)
        return iri if prefix is None or local.startswith("//") else f"{prefix}:{local}"

    def class_(self, iri: str) -> str:
        """A class as a term of the context, else as a compact IRI."""
        return self.terms.get((iri, ""), (self.compact(iri), False))[0]

    def property(self, iri: str, term: object) -> tuple[str, Any, bool]:
        """The JSON key and value for a value of a property, and whether the key always has a list."""
        if isinstance(term, ox.NamedNode):
            name, is_set = self.terms.get((iri, "@id"), ("", False))
            return (
                (name, self.compact(term.value), is_set)
                if name
                else (self._plain(iri), {"id": self.compact(term.value)}, False)
            )
        assert isinstance(term, ox.Literal)
        kind = term.datatype.value
        if term.language is None:
            name, is_set = self.terms.get((iri, "" if kind == _STRING else kind), ("", False))
            if name:
                return name, term.value, is_set
            if kind == _STRING:
                return self._plain(iri), term.value, False
        tagged = {"@language": term.language} if term.language else {"type": self.compact(kind)}
        return self._plain(iri), {"@value": term.value, **tagged}, False

    def _plain(self, iri: str) -> str:
        """The key of a property for values whose type no term of the context has."""
        return self.compact(iri)


def _whole(entry: Any, prefixes: Mapping[str, str]) -> Any:
    """An entry of a context without these prefixes: the IRIs that they shorten are written in full."""
    if isinstance(entry, dict):
        return {key: _whole(value, prefixes) for key, value in entry.items()}
    prefix, _, local = str(entry).partition(":")
    return prefixes[prefix] + local if prefix in prefixes and not local.startswith("//") else entry


def jsonld(export: Export, out: IO[bytes]) -> None:
    """Write the default graph in JSON-LD 1.1, compacted by kg's own context, one node per line.

    This function compacts by itself, in seconds: libraries hold everything in memory several times and take minutes.
    Tests check that the output has the same meaning as theirs.
    """
    lines = _sorted(export.lines())
    context = _Context(export.prefixes, lines)
    head = json_text(context.context, indent=1)
    out.write(f'{{\n"@context": {head},\n"@graph": ['.encode())
    separator = "\n"
    for subject, group in groupby(_triples(lines), key=lambda triple: triple.subject):
        node = {"id": context.compact(subject.value) if isinstance(subject, ox.NamedNode) else str(subject)}
        node.update(_properties(context, group))
        out.write(f"{separator}{json_text(node)}".encode())
        separator = ",\n"
    out.write(b"\n]}\n")


def _properties(context: _Context, triples: Iterable[ox.Triple]) -> dict[str, Any]:
    """The properties of a node; several values form a list."""
    properties: dict[str, list[Any]] = {}
    sets: set[str] = set()
    for triple in triples:
        if triple.predicate == TYPE and isinstance(triple.object, ox.NamedNode):
            properties.setdefault("type", []).append(context.class_(triple.object.value))
            continue
        name, value, is_set = context.property(triple.predicate.value, triple.object)
        properties.setdefault(name, []).append(value)
        sets |= {name} if is_set else set()
    return {name: values if len(values) > 1 or name in sets else values[0] for name, values in properties.items()}


# ---- the ontology for Protégé ---------------------------------------------------------------------------------------


def owl(export: Export, out: IO[bytes]) -> None:
    """Write the default graph as an OWL 2 ontology in Turtle.

    It has a header and declares each class, property and individual once, as Protégé requires. A property with both
    IRIs and literals as values is an annotation property.
    """
    triples = list(_triples(_sorted(export.lines())))
    header = ox.NamedNode(export.prefixes.get("n", "https://notes.example/").rstrip("/#"))
    declared = [ox.Triple(header, TYPE, ox.NamedNode(OWL + "Ontology"))]
    kinds = sorted(_declarations(triples).items())
    declared += [ox.Triple(ox.NamedNode(iri), TYPE, ox.NamedNode(kind)) for iri, kind in kinds]
    kept = [*declared, *(triple for triple in triples if not _declares(triple))]
    lines = _sorted((ox.serialize(kept, format=ox.RdfFormat.N_TRIPLES) or b"").splitlines(keepends=True))
    prefixes = _used(lines, export.prefixes)
    ox.serialize(_triples(lines), out, format=ox.RdfFormat.TURTLE, prefixes=prefixes)


def _declares(triple: ox.Triple) -> bool:
    """Whether a triple declares the kind of a term, or is an ontology header."""
    if triple.predicate != TYPE or not isinstance(triple.object, ox.NamedNode):
        return False
    return triple.object.value in _KINDS | {
        OWL + "Ontology",
        OWL + "Class",
        RDFS + "Class",
        _RDF_PROPERTY,
        OWL + "NamedIndividual",
    }


def _declarations(triples: Iterable[ox.Triple]) -> dict[str, str]:
    """The single kind of each term."""
    declared: dict[str, str] = {}
    values: dict[str, set[bool]] = {}
    individuals: set[str] = set()
    for subject, predicate, obj in triples:
        if predicate == TYPE and isinstance(obj, ox.NamedNode):
            if not obj.value.startswith(_BUILT_IN):
                declared[obj.value] = OWL + "Class"
                individuals |= {subject.value} if isinstance(subject, ox.NamedNode) else set()
            elif obj.value in _KINDS and isinstance(subject, ox.NamedNode):
                declared.setdefault(subject.value, obj.value)
            elif obj.value in {OWL + "Class", RDFS + "Class"} and isinstance(subject, ox.NamedNode):
                declared[subject.value] = OWL + "Class"
        elif not predicate.value.startswith(_BUILT_IN):
            values.setdefault(predicate.value, set()).add(isinstance(obj, ox.Literal))
    for name, kinds in values.items():
        fitting = OWL + (
            "AnnotationProperty" if len(kinds) > 1 else "DatatypeProperty" if True in kinds else "ObjectProperty"
        )
        if declared.get(name) not in {fitting, OWL + "AnnotationProperty"}:
            declared[name] = fitting
    return {**{iri: OWL + "NamedIndividual" for iri in individuals if iri not in declared}, **declared}


def _row(name: str, media: str, suffix: str, keeps: str, write: Callable[[Export, IO[bytes]], None]) -> ExportFormat:
    return ExportFormat(name, media, suffix, keeps, write)


FORMATS: tuple[ExportFormat, ...] = (
    _row("turtle", "text/turtle", "ttl", "RDF: the default graph", turtle),
    _row("ntriples", "application/n-triples", "nt", "RDF: the default graph, a triple a line", ntriples),
    _row("trig", "application/trig", "trig", "RDF: the whole dataset, with a graph per note", trig),
    _row("nquads", "application/n-quads", "nq", "RDF: the whole dataset, a quad per line", nquads),
    _row("jsonld", "application/ld+json", "jsonld", "RDF: the default graph as JSON-LD 1.1, by kg's context", jsonld),
    _row("rdfxml", "application/rdf+xml", "rdf", "RDF: the default graph in XML", rdfxml),
    _row("owl", "text/turtle", "owl", "RDF: an ontology with all declarations, for Protégé", owl),
)
