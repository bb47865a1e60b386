"""The ontology: which class or property a word in a note names, and what ties one class to another.

No class or property of the domain is named in the code: this room answers from the loaded Turtle files.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast
from typing import Literal as Choice

import pyoxigraph as ox

from kg.errors import KgError, OntologyError
from kg.findings import Finding, of_file
from kg.guard import Limits, limited
from kg.source import MOST_OF_A_TEXT, files_below, read_bytes
from kg.syntax import check, line_and_column
from kg.terms import KG, OWL, RDF, RDFS, SH, SKOS, XSD

P = ParamSpec("P")
T = TypeVar("T")
PropertyKind = Choice["object", "data", "annotation", "any"]

MAX_DEPTH = 1_000
"""Brackets inside each other: Oxigraph's parser and what comes after it recurse over them."""
_BRACKET = re.compile(r"<<|>>|[()\[\]{}]")

_SCHEMA = "https://schema.org/"
_TYPE = ox.NamedNode(RDF + "type")
_CLASSES = {OWL + "Class", RDFS + "Class"}
_KINDS: dict[str, PropertyKind] = {
    OWL + "ObjectProperty": "object",
    OWL + "DatatypeProperty": "data",
    OWL + "AnnotationProperty": "annotation",
    RDF + "Property": "any",
}
_LABELS = (RDFS + "label", SKOS + "prefLabel")
_DOMAINS = (_SCHEMA + "domainIncludes", RDFS + "domain")
_RANGES = (_SCHEMA + "rangeIncludes", RDFS + "range")
_IGNORED = str.maketrans("", "", " -_\t\u00a0")


def name_key(text: str) -> str:
    """What is compared of a name: case, spaces, `-` and `_` do not count, nor marks around it."""
    key = unicodedata.normalize("NFC", text).casefold().translate(_IGNORED)
    start, end = 0, len(key)
    while start < end and not key[start].isalnum():
        start += 1
    while end > start and not key[end - 1].isalnum():
        end -= 1
    return key[start:end]


def local_name(iri: str) -> str:
    """The last part of an IRI."""
    return iri.rpartition("#")[2].rpartition("/")[2]


@dataclass(frozen=True)
class Property:
    """A property as the reading of notes needs to know it."""

    iri: str
    kind: PropertyKind
    domains: frozenset[str]
    ranges: frozenset[str]

    @property
    def is_text(self) -> bool:
        """Whether its values are texts whatever they look like."""
        return self.ranges == frozenset((XSD + "string",))


def _memoised(method: Callable[P, T]) -> Callable[P, T]:
    """A method whose answers an instance keeps: a vault asks the same few things for every heading and tag."""
    name = method.__name__

    @wraps(method)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> T:
        self, *key = args
        answers = self._answers  # type: ignore[attr-defined]
        found = answers.get((name, *key), answers)
        if found is answers:
            found = answers[(name, *key)] = method(*args, **kwargs)
        return cast("T", found)

    return remembered


@dataclass(frozen=True)
class Ontology:
    """What the Turtle files say, and the rules beside them. Names are looked up, never known."""

    triples: tuple[ox.Triple, ...] = field(repr=False)
    rules: Mapping[str, str]
    digest: str
    prefixes: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    shapes: tuple[ox.Triple, ...] = field(default=(), repr=False)
    """The files with SHACL shapes, whole; nothing of a shape is among the triples."""
    _answers: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _objects(self) -> dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]]:
        found: dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]]
        found = defaultdict(lambda: defaultdict(list))
        for triple in self.triples:
            if isinstance(triple.subject, ox.NamedNode) and not isinstance(triple.object, ox.Triple):
                found[triple.subject.value][triple.predicate.value].append(triple.object)
        return {subject: dict(rows) for subject, rows in found.items()}  # plain, so that it can be sent to a process

    def _iris(self, subject: str, predicates: Iterable[str]) -> frozenset[str]:
        row = self._objects.get(subject, {})
        return frozenset(o.value for p in predicates for o in row.get(p, ()) if isinstance(o, ox.NamedNode))

    def _is_true(self, subject: str, predicate: str) -> bool:
        row = self._objects.get(subject, {}).get(predicate, ())
        return any(isinstance(o, ox.Literal) and o.value in {"true", "1"} for o in row)

    @cached_property
    def classes(self) -> frozenset[str]:
        """All declared classes."""
        return frozenset(s for s in self._objects if self._iris(s, [RDF + "type"]) & _CLASSES)

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """All declared properties."""
        found = {}
        for subject in self._objects:
            kinds = [_KINDS[t] for t in sorted(self._iris(subject, [RDF + "type"])) if t in _KINDS]
            if kinds:
                domains, ranges = self._iris(subject, _DOMAINS), self._iris(subject, _RANGES)
                found[subject] = Property(subject, kinds[-1] if "any" in kinds else kinds[0], domains, ranges)
        return found

    @cached_property
    def terms(self) -> frozenset[str]:
        """Everything that the ontology declares."""
        return frozenset(s for s in self._objects if self._iris(s, [RDF + "type"]))

    def superclasses(self, class_: str) -> frozenset[str]:
        """The class itself and all above it."""
        return self._above[class_] if class_ in self._above else frozenset((class_,))

    @cached_property
    def _above(self) -> Mapping[str, frozenset[str]]:
        found = {}
        for class_ in self.classes:
            above, stack = {class_}, [class_]
            while stack:
                up = self._iris(stack.pop(), [RDFS + "subClassOf", OWL + "equivalentClass"])
                stack += up - above
                above |= up
            found[class_] = frozenset(above)
        return found

    @cached_property
    def _class_names(self) -> Mapping[str, tuple[str, ...]]:
        return self._named(self.classes)

    @cached_property
    def _property_names(self) -> Mapping[str, tuple[str, ...]]:
        return self._named(self.properties)

    def _named(self, terms: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The terms by each of their names, the one meant first: a label before a local name before an alternative."""
        names: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for term in terms:
            if self._is_true(term, KG + "structural"):
                continue
            ranks = dict.fromkeys(self._texts(term, [SKOS + "altLabel"]), 2)
            ranks |= {name_key(local_name(term)): 1} | dict.fromkeys(self._texts(term, _LABELS), 0)
            for key, rank in ranks.items():
                names[key].append((rank, term))
        return {key: self._ranked(rows) for key, rows in names.items() if key}

    def _ranked(self, rows: list[tuple[int, str]]) -> tuple[str, ...]:
        """A term before those above it (kg:Concept before skos:Concept), then by kind of name, then by IRI."""
        terms = {term for _, term in rows}
        above = {up for term in terms for up in self.superclasses(term) - {term}}
        above |= {up for term in terms for up in self._iris(term, [RDFS + "subPropertyOf"])}
        return tuple(term for _, _, term in sorted((term in above, rank, term) for rank, term in rows))

    def _texts(self, subject: str, predicates: Iterable[str]) -> Iterator[str]:
        row = self._objects.get(subject, {})
        return (name_key(o.value) for p in predicates for o in row.get(p, ()) if isinstance(o, ox.Literal))

    @_memoised
    def class_named(self, text: str) -> str | None:
        """The class that a heading, a tag or a `type:` value names; `ex:Risk` and a whole IRI are names too."""
        full = self._full_name(text)
        if full in self.classes:
            return full
        found = self._class_names.get(name_key(text))
        return found[0] if found else None

    def _full_name(self, text: str) -> str:
        """The IRI that a text is, or writes with a known prefix."""
        prefix, colon, local = text.strip().partition(":")
        if not colon:
            return ""
        return self.prefixes[prefix] + local if prefix in self.prefixes else text.strip().strip("<>")

    @_memoised
    def properties_named(self, text: str) -> tuple[Property, ...]:
        """The properties that a key or a heading can mean, the likeliest first."""
        full = self._full_name(text)
        if full in self.properties:
            return (self.properties[full],)
        return tuple(self.properties[iri] for iri in self._property_names.get(name_key(text), ()))

    @_memoised
    def tie(self, types: tuple[str, ...], class_: str) -> str | None:
        """The property that leads from a thing of these types to one of a class.

        The nearest declaration wins, then one that has the class in its name; None where two are as good (from a
        concept to a concept lead broader, narrower and related).
        """
        subject = {up for type_ in types for up in self.superclasses(type_)}
        above = self.superclasses(class_)
        name = name_key(local_name(class_))
        rows = sorted(
            (class_ not in prop.ranges, not prop.domains & set(types), name not in name_key(local_name(iri)), iri)
            for iri, prop in self.properties.items()
            if prop.domains & subject and prop.ranges & above and not self._is_true(iri, KG + "structural")
        )
        if not rows or [row[:3] for row in rows[1:2]] == [rows[0][:3]]:
            return None
        return rows[0][3]

    def label(self, term: str) -> str:
        """What a term of the ontology is called, in English where it has several labels; empty for what is none."""
        row = self._objects.get(term, {})
        found = [o for name in _LABELS for o in row.get(name, ()) if isinstance(o, ox.Literal)]
        found.sort(key=lambda text: (text.language not in {"en", None}, text.language or "", text.value))
        return found[0].value if found else ""

    def is_structural(self, term: str) -> bool:
        """Whether a term is made by reading alone, and never named in a note."""
        return self._is_true(term, KG + "structural")

    @cached_property
    def bylines(self) -> Mapping[str, str]:
        """Classes whose things carry a byline, with the property that it states."""
        rows = ((class_, self._iris(class_, [KG + "byline"])) for class_ in sorted(self.classes))
        return {class_: min(found) for class_, found in rows if found}

    @_memoised
    def byline(self, class_: str) -> Property | None:
        """What a byline states of a thing of this class."""
        found = sorted(self.superclasses(class_) & self.bylines.keys())
        return self.properties.get(self.bylines[found[0]]) if found else None

    @_memoised
    def known_by_name(self, class_: str) -> str | None:
        """The class, this or one above it, whose things are the same where their names are."""
        found = [c for c in sorted(self.superclasses(class_)) if self._is_true(c, KG + "knownByName")]
        return found[0] if found else None

    @_memoised
    def range_known_by_name(self, prop: Property) -> str | None:
        """The class of a property's values, where those are known by their names."""
        return next((class_ for class_ in sorted(prop.ranges) if self.known_by_name(class_)), None)


def load(folders: Iterable[Path], prefixes: Mapping[str, str], limits: Limits | None = None) -> Ontology:
    """The ontology in some folders; of two that declare one ontology the later counts.

    Raises OntologyError, and TimedOut or OutOfMemory where a file goes over the limits.
    """
    found: dict[str, tuple[list[ox.Triple], list[ox.Triple]]] = {}
    rules: dict[str, str] = {}
    for folder in dict.fromkeys(folders):
        for file in files_of(folder):
            with limited(f"the ontology {file}", limits):
                triples = read_turtle(file).triples
                header = [t.subject for t in triples if t.predicate == _TYPE and str(t.object) == f"<{OWL}Ontology>"]
                axioms, of_shapes = _split(triples)
                name = str(header[0]) if header else f"{folder.name}/{file.name}"
                found[name] = skolemised(axioms, file.stem), of_shapes
        for file in sorted((folder / "rules").glob("*.rq")):
            rules[file.stem] = _rule(file)
    merged = tuple(dict.fromkeys(triple for axioms, _ in found.values() for triple in axioms))
    shapes = tuple(triple for _, of_shapes in found.values() for triple in of_shapes)
    ontology = Ontology(merged, rules, _digest(merged, rules), prefixes, shapes=shapes)
    return replace(ontology, findings=tuple(_ambiguous(ontology)), _answers={})


def _digest(triples: Iterable[ox.Triple], rules: Mapping[str, str]) -> str:
    """What tells whether all has to be stated and inferred anew: not the shapes, nor a comment."""
    digest = hashlib.sha256("\n".join(map(str, triples)).encode())
    for name, text in rules.items():
        digest.update(f"\n{name}\n{text}".encode())
    return digest.hexdigest()


def _ambiguous(ontology: Ontology) -> Iterator[Finding]:
    """Class names that two terms share where neither is above the other."""
    for key, terms in sorted(ontology._class_names.items()):
        rivals = [t for t in terms[1:] if t not in ontology.superclasses(terms[0])]
        if rivals:
            message = f"“{key}” names <{terms[0]}> and <{rivals[0]}>; the first is taken"
            yield of_file("ontology", "O01", message)


def _text(file: Path) -> str:
    try:
        return read_bytes(file, MOST_OF_A_TEXT).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OntologyError(f"{file}: cannot be read: {error}") from error


def _rule(file: Path) -> str:
    """The text of a rule that may be run."""
    text = _text(file)
    try:
        check(text)
    except KgError as error:
        raise OntologyError(f"the rule {file}: {error}") from error
    return text


def files_of(folder: Path) -> list[Path]:
    """The Turtle files in a folder and below it, in the order of their paths. Raises OntologyError."""
    try:
        return files_below(folder, ".ttl")
    except OSError as error:
        raise OntologyError(f"{error.filename}: cannot be read: {error.strerror}") from error


class Turtle(NamedTuple):
    """A file of Turtle."""

    text: str
    triples: list[ox.Triple]
    prefixes: Mapping[str, str]


def read_turtle(file: Path) -> Turtle:
    """A file that may be anybody's. Its blank nodes get names of their own. Raises OntologyError."""
    text = _text(file)
    _check_depth(file, text)
    try:
        rows = ox.parse(text, ox.RdfFormat.TURTLE, rename_blank_nodes=True)
        return Turtle(text, [quad.triple for quad in rows], dict(rows.prefixes))
    except SyntaxError as error:
        raise OntologyError(f"{file}:{error.lineno or 1}:{error.offset or 1}: not valid Turtle: {error.msg}") from error


def _check_depth(file: Path, text: str) -> None:
    """Refuse brackets that lie too deep, those in texts and comments counted too. Raises OntologyError."""
    if sum(map(text.count, ("<<", "(", "[", "{"))) <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match.group() in "<<([{" else max(0, depth - 1)
        if depth > MAX_DEPTH:
            line, column = line_and_column(text, match.start())
            raise OntologyError(f"{file}:{line}:{column}: more than {MAX_DEPTH:,} brackets inside each other")


def _split(triples: list[ox.Triple]) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """What a file adds to the ontology, and, where it has shapes, all of it for whoever validates.

    Of a file with shapes the ontology has the classes and properties that it declares: shapes are no part of the
    dataset, nor is what describes the file.
    """
    if not any(_is_of_shapes(triple) for triple in triples):
        return triples, []
    declared = {
        str(t.subject) for t in triples if t.predicate == _TYPE and _value(t.object) in _CLASSES | _KINDS.keys()
    }
    axioms: list[ox.Triple] = []
    while declared:
        more = [t for t in triples if str(t.subject) in declared and not _is_of_shapes(t)]
        axioms += more
        declared = {str(t.object) for t in more if isinstance(t.object, ox.BlankNode)}
    return axioms, triples


def _is_of_shapes(triple: ox.Triple) -> bool:
    """Whether a triple is in the words of SHACL."""
    of_type = triple.predicate == _TYPE and _value(triple.object).startswith(SH)
    return of_type or triple.predicate.value.startswith(SH)


def _value(term: Any) -> str:
    return term.value if isinstance(term, ox.NamedNode) else ""


def skolemised(triples: list[ox.Triple], stem: str) -> list[ox.Triple]:
    """The triples with an IRI for each blank node, the same on every machine (RDF 1.1, section 3.5)."""
    dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    prefix = f"{KG.rstrip('#')}/.well-known/genid/{stem}-"

    def named(term: ox.NamedNode | ox.BlankNode) -> ox.NamedNode:
        return ox.NamedNode(prefix + term.value) if isinstance(term, ox.BlankNode) else term

    rows = ((q.subject, q.predicate, q.object) for q in dataset)
    found = [ox.Triple(named(s), p, named(o) if isinstance(o, ox.BlankNode) else o) for s, p, o in rows]
    return sorted(found, key=str)
