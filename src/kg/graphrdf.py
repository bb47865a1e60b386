"""RDF in all its writings, of RDF 1.1: N-Triples, N-Quads, Turtle, TriG, JSON-LD, RDF/XML; and an ontology for Protégé.

All of them are sorted, so that the same notes give the same bytes and two exports can be compared line by line. What
RDF/XML cannot write is said and not left out.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import groupby, islice
from typing import IO, Any, cast

import pyoxigraph as ox

from kg.config import resource
from kg.errors import KgError
from kg.exports import Export, Format
from kg.terms import OWL, RDF, RDFS, XSD, in_lines, prefixed

_TYPE = ox.NamedNode(RDF + "type")
_STRING = XSD + "string"
_NCNAME = re.compile(r"[^\W\d][\w.·-]*\Z")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_KINDS = {OWL + name for name in ("ObjectProperty", "DatatypeProperty", "AnnotationProperty")}
_RDF_PROPERTY = RDF + "Property"
_BUILT_IN = (RDF, RDFS, OWL, XSD)


_AT_ONCE = 10_000
_TYPED = f" {_TYPE} ".encode()


def _sorted(lines: Iterable[bytes]) -> list[bytes]:
    """Lines of N-Triples by their subjects, of each the types first."""
    return sorted(lines, key=lambda line: line.replace(_TYPED, b"  ", 1))


def _triples(lines: list[bytes]) -> Iterator[ox.Triple]:
    return (quad.triple for quad in ox.parse(b"".join(lines), ox.RdfFormat.N_TRIPLES))


def _used(lines: Iterable[bytes], prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes of namespaces that may be in use."""
    data = b"".join(lines)
    return {name: space for name, space in sorted(prefixes.items()) if space and f"<{space}".encode() in data}


def turtle(export: Export, out: IO[bytes]) -> None:
    """The default graph in Turtle."""
    lines = _sorted(export.lines())
    prefixes = _used(lines, export.prefixes)
    ox.serialize(_triples(lines), out, format=ox.RdfFormat.TURTLE, prefixes=prefixes)


def ntriples(export: Export, out: IO[bytes]) -> None:
    """The default graph in N-Triples, sorted."""
    _write_lines(export.lines(), out)


def nquads(export: Export, out: IO[bytes]) -> None:
    """The whole dataset in N-Quads, sorted; of what was chosen, the default graph."""
    _write_lines((export.quads or export.lines)(), out)


def _write_lines(lines: Iterable[bytes], out: IO[bytes]) -> None:
    rows = iter(sorted(lines))
    while some := list(islice(rows, _AT_ONCE)):
        out.write(in_lines(b"".join(some)))


def trig(export: Export, out: IO[bytes]) -> None:
    """The whole dataset in TriG, graph by graph; of what was chosen, the default graph."""
    graphs: dict[bytes, list[bytes]] = {}
    for line in (export.quads or export.lines)():
        graphs.setdefault(_graph(line), []).append(line)
    lines = [line for graph in sorted(graphs) for line in _sorted(graphs[graph])]
    prefixes = _used(lines, export.prefixes)
    quads = ox.parse(b"".join(lines), ox.RdfFormat.N_QUADS)
    ox.serialize(quads, out, format=ox.RdfFormat.TRIG, prefixes=prefixes)


def _graph(line: bytes) -> bytes:
    """The name of the graph at the end of a line of N-Quads; of the default graph's lines empty."""
    if b'"' in line:
        tail = line[:-3].rpartition(b" <")[2]
        return b"" if b'"' in tail else tail
    parts = line.split(b" ")
    return parts[3] if len(parts) == 5 else b""


# ---- RDF/XML ----------------------------------------------------------------------------------------


def rdfxml(export: Export, out: IO[bytes]) -> None:
    """The default graph in RDF/XML. Raises KgError where a property has no name that XML can write."""
    lines = _sorted(export.lines())
    prefixes = _used(lines, export.prefixes)
    names = {triple.predicate.value for triple in _triples(lines)}
    for name in sorted(names):
        if not _split(name)[1]:
            raise KgError(f"RDF/XML has no way to write the property <{name}>: use turtle, jsonld or ntriples")
    spaces = {_split(name)[0] for name in names} - {*prefixes.values()}
    more = {f"ns{n}": space for n, space in enumerate(sorted(spaces))}
    triples = map(_for_xml, _triples(lines))
    ox.serialize(triples, cast("IO[bytes]", _Returns(out)), format=ox.RdfFormat.RDF_XML, prefixes={**prefixes, **more})


class _Returns:
    """A stream that writes carriage returns by their number: as they are, XML reads them as line feeds."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out

    def write(self, data: bytes) -> int:
        """Write it."""
        self.out.write(data.replace(b"\r", b"&#13;"))
        return len(data)

    def flush(self) -> None:
        """Nothing is held."""


def _split(iri: str) -> tuple[str, str]:
    """A namespace and the longest name at the end of an IRI that XML allows; no name where there is none."""
    start = max(iri.rfind("#"), iri.rfind("/"), iri.rfind(":")) + 1
    for at in range(start, len(iri)):
        if _NCNAME.match(iri, at):
            return iri[:at], iri[at:]
    return iri, ""


def _for_xml(triple: ox.Triple) -> ox.Triple:
    """A triple without the control characters that XML has no way to write."""
    literal = triple.object
    if not isinstance(literal, ox.Literal) or not _NOT_XML.search(literal.value):
        return triple
    text = _NOT_XML.sub("\ufffd", literal.value)
    if literal.language:
        return ox.Triple(triple.subject, triple.predicate, ox.Literal(text, language=literal.language))
    return ox.Triple(triple.subject, triple.predicate, ox.Literal(text, datatype=literal.datatype))


# ---- JSON-LD ----------------------------------------------------------------------------------------


class _Context:
    """The context that comes with kg, with the prefixes of the vault, to write terms by."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        text = (resource("ontology") / "context.jsonld").read_text(encoding="utf-8")
        own: dict[str, Any] = json.loads(text)["@context"]
        # A prefix that is a term already would change what the term means.
        self.context = {**{name: space for name, space in prefixes.items() if name and name not in own}, **own}
        self.prefixes = {
            name: one for name, one in self.context.items() if isinstance(one, str) and one[-1:] in {"#", "/"}
        }

    @cached_property
    def terms(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """A term by its IRI and the type that its values have, and whether they are always in a list."""
        found = {}
        for name, one in self.context.items():
            if isinstance(one, dict):
                type_ = one.get("@type", "")
                kind = type_ if type_ in {"", "@id"} else self._expanded(type_)
                found[self._expanded(one["@id"]), kind] = name, one.get("@container") == "@set"
            elif name not in self.prefixes and isinstance(one, str) and not one.startswith("@"):
                found[self._expanded(one), ""] = name, False
        return found

    def _expanded(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return self.prefixes[prefix] + local if prefix in self.prefixes else name

    def compact(self, iri: str) -> str:
        """An IRI with a prefix, where one is known and what follows is no IRI of its own."""
        prefix, local = prefixed(iri, self.prefixes)
        return iri if prefix is None or local.startswith("//") else f"{prefix}:{local}"

    def class_(self, iri: str) -> str:
        """A class by its term, else as an IRI."""
        return self.terms.get((iri, ""), (self.compact(iri), False))[0]

    def property(self, iri: str, term: object) -> tuple[str, Any, bool]:
        """A property and a value of it as JSON writes them, and whether the value stands in a list always."""
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
        """A property that no term with another type of values stands for."""
        return self.compact(iri)


def jsonld(export: Export, out: IO[bytes]) -> None:
    """The default graph in JSON-LD 1.1, compacted by kg's own context, a thing a line.

    Written here since libraries that compact hold everything in memory several times and take minutes for what this
    writes in seconds; that it means the same is tested with those libraries.
    """
    context = _Context(export.prefixes)
    head = json.dumps(context.context, ensure_ascii=False, indent=1)
    out.write(f'{{\n"@context": {head},\n"@graph": ['.encode())
    separator = "\n"
    for subject, group in groupby(_triples(_sorted(export.lines())), key=lambda triple: triple.subject):
        node = {"id": context.compact(subject.value) if isinstance(subject, ox.NamedNode) else str(subject)}
        node.update(_properties(context, group))
        out.write(f"{separator}{json.dumps(node, ensure_ascii=False)}".encode())
        separator = ",\n"
    out.write(b"\n]}\n")


def _properties(context: _Context, triples: Iterable[ox.Triple]) -> dict[str, Any]:
    """What a thing has, a value alone or all of them in a list."""
    found: dict[str, list[Any]] = {}
    sets: set[str] = set()
    for triple in triples:
        if triple.predicate == _TYPE and isinstance(triple.object, ox.NamedNode):
            found.setdefault("type", []).append(context.class_(triple.object.value))
            continue
        name, value, is_set = context.property(triple.predicate.value, triple.object)
        found.setdefault(name, []).append(value)
        sets |= {name} if is_set else set()
    return {name: values if len(values) > 1 or name in sets else values[0] for name, values in found.items()}


# ---- an ontology for Protégé ----------------------------------------------------------------------------------------


def owl(export: Export, out: IO[bytes]) -> None:
    """The default graph as an OWL 2 ontology in Turtle: with a header, and each class, property and individual declared
    once, as Protégé wants it. A property that has both things and texts as its values is an annotation property.
    """
    everything = list(_triples(_sorted(export.lines())))
    header = ox.NamedNode(export.prefixes.get("n", "https://notes.example/").rstrip("/#"))
    declared = [ox.Triple(header, _TYPE, ox.NamedNode(OWL + "Ontology"))]
    kinds = sorted(_declarations(everything).items())
    declared += [ox.Triple(ox.NamedNode(one), _TYPE, ox.NamedNode(kind)) for one, kind in kinds]
    kept = [*declared, *(triple for triple in everything if not _declares(triple))]
    lines = _sorted((ox.serialize(kept, format=ox.RdfFormat.N_TRIPLES) or b"").splitlines(keepends=True))
    prefixes = _used(lines, export.prefixes)
    ox.serialize(_triples(lines), out, format=ox.RdfFormat.TURTLE, prefixes=prefixes)


def _declares(triple: ox.Triple) -> bool:
    """Whether a triple says what kind of term something is, or is an ontology's header."""
    if triple.predicate != _TYPE or not isinstance(triple.object, ox.NamedNode):
        return False
    return triple.object.value in _KINDS | {
        OWL + "Ontology",
        OWL + "Class",
        RDFS + "Class",
        _RDF_PROPERTY,
        OWL + "NamedIndividual",
    }


def _declarations(triples: Iterable[ox.Triple]) -> dict[str, str]:
    """The one kind of each term."""
    found: dict[str, str] = {}
    values: dict[str, set[bool]] = {}
    individuals: set[str] = set()
    for subject, predicate, obj in triples:
        if predicate == _TYPE and isinstance(obj, ox.NamedNode):
            if not obj.value.startswith(_BUILT_IN):
                found[obj.value] = OWL + "Class"
                individuals |= {subject.value} if isinstance(subject, ox.NamedNode) else set()
            elif obj.value in _KINDS and isinstance(subject, ox.NamedNode):
                found.setdefault(subject.value, obj.value)
            elif obj.value in {OWL + "Class", RDFS + "Class"} and isinstance(subject, ox.NamedNode):
                found[subject.value] = OWL + "Class"
        elif not predicate.value.startswith(_BUILT_IN):
            values.setdefault(predicate.value, set()).add(isinstance(obj, ox.Literal))
    for name, kinds in values.items():
        fitting = OWL + (
            "AnnotationProperty" if len(kinds) > 1 else "DatatypeProperty" if True in kinds else "ObjectProperty"
        )
        if found.get(name) not in {fitting, OWL + "AnnotationProperty"}:
            found[name] = fitting
    return {**{one: OWL + "NamedIndividual" for one in individuals if one not in found}, **found}


def _row(name: str, media: str, suffix: str, keeps: str, write: Callable[[Export, IO[bytes]], None]) -> Format:
    return Format(name, media, suffix, keeps, write)


FORMATS: tuple[Format, ...] = (
    _row("turtle", "text/turtle", "ttl", "RDF: the default graph", turtle),
    _row("ntriples", "application/n-triples", "nt", "RDF: the default graph, a triple a line", ntriples),
    _row("trig", "application/trig", "trig", "RDF: the whole dataset, with a graph a note", trig),
    _row("nquads", "application/n-quads", "nq", "RDF: the whole dataset, a quad a line", nquads),
    _row("jsonld", "application/ld+json", "jsonld", "RDF: the default graph as JSON-LD 1.1, by kg's context", jsonld),
    _row("rdfxml", "application/rdf+xml", "rdf", "RDF: the default graph in XML", rdfxml),
    _row("owl", "text/turtle", "owl", "RDF: an ontology with all declarations, for Protégé", owl),
)
