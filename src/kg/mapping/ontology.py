"""The ontology: which class or property a word in a note names, and which property connects two classes.

The code names no class or property of the domain: this module answers from the loaded Turtle files.
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

from kg.config import FILE as CONFIG
from kg.config import Config, resource
from kg.core.errors import ConfigError, KgError, OntologyError
from kg.core.files import MAX_TEXT_FILE, files_below, read_bytes
from kg.core.findings import Finding, of_file
from kg.core.limits import Limits, limited
from kg.core.spelling import did_you_mean, nearest
from kg.rdf.sparql_syntax import check, line_and_column
from kg.rdf.terms import KG, OWL, RDF, RDFS, SH, SKOS, XSD, Row
from kg.rdf.vocabulary import TYPE

P = ParamSpec("P")
T = TypeVar("T")
PropertyKind = Choice["object", "data", "annotation", "any"]

MAX_DEPTH = 1_000
"""The limit on nested brackets: Oxigraph's parser and the later steps recurse over them."""
_BRACKET = re.compile(r"<<|>>|[()\[\]{}]")

_SCHEMA = "https://schema.org/"
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
    """Normalise a name for comparison: case, spaces, `-`, `_` and marks around the name do not count."""
    key = unicodedata.normalize("NFC", text).casefold().translate(_IGNORED)
    start, end = 0, len(key)
    while start < end and not key[start].isalnum():
        start += 1
    while end > start and not key[end - 1].isalnum():
        end -= 1
    return key[start:end]


def local_name(iri: str) -> str:
    """Return the last part of an IRI."""
    return iri.rpartition("#")[2].rpartition("/")[2]


@dataclass(frozen=True)
class OntologyProperty:
    """A property, as far as the mapping of notes needs it."""

    iri: str
    kind: PropertyKind
    domains: frozenset[str]
    ranges: frozenset[str]

    @property
    def is_text(self) -> bool:
        """Whether its values are texts, whatever they look like."""
        return self.ranges == frozenset((XSD + "string",))


def _memoised(method: Callable[P, T]) -> Callable[P, T]:
    """Cache a method's answers on its instance: a vault asks the same few questions for every heading and tag."""
    name = method.__name__

    @wraps(method)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> T:
        self, *key = args
        answers = self._answers  # type: ignore[attr-defined]
        answer = answers.get((name, *key), answers)
        if answer is answers:
            answer = answers[(name, *key)] = method(*args, **kwargs)
        return cast("T", answer)

    return remembered


class TurtleFile(NamedTuple):
    """A parsed Turtle file."""

    file: Path
    text: str
    triples: list[ox.Triple]
    prefixes: Mapping[str, str]


@dataclass(frozen=True)
class Ontology:
    """The content of the Turtle files, and the rules beside them. Names are looked up, never hard-coded."""

    triples: tuple[ox.Triple, ...] = field(repr=False)
    rules: Mapping[str, str]
    digest: str
    prefixes: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    shapes: tuple[ox.Triple, ...] = field(default=(), repr=False)
    """All triples of the files with SHACL shapes; `triples` has no triple of a shape."""
    files: tuple[TurtleFile, ...] = field(default=(), repr=False, compare=False)
    """The files as they are; those of the last folder first."""
    _answers: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _objects(self) -> dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]]:
        objects: dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]]
        objects = defaultdict(lambda: defaultdict(list))
        for triple in self.triples:
            if isinstance(triple.subject, ox.NamedNode) and not isinstance(triple.object, ox.Triple):
                objects[triple.subject.value][triple.predicate.value].append(triple.object)
        return {subject: dict(rows) for subject, rows in objects.items()}  # plain dicts can be sent to a process

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
    def properties(self) -> Mapping[str, OntologyProperty]:
        """All declared properties."""
        props = {}
        for subject in self._objects:
            kinds = [_KINDS[t] for t in sorted(self._iris(subject, [RDF + "type"])) if t in _KINDS]
            if kinds:
                domains, ranges = self._iris(subject, _DOMAINS), self._iris(subject, _RANGES)
                props[subject] = OntologyProperty(subject, kinds[-1] if "any" in kinds else kinds[0], domains, ranges)
        return props

    @cached_property
    def terms(self) -> frozenset[str]:
        """All declared terms."""
        return frozenset(s for s in self._objects if self._iris(s, [RDF + "type"]))

    def superclasses(self, class_: str) -> frozenset[str]:
        """Return the class itself and all its superclasses."""
        return self._above[class_] if class_ in self._above else frozenset((class_,))

    @cached_property
    def _above(self) -> Mapping[str, frozenset[str]]:
        superclasses = {}
        for class_ in self.classes:
            above, stack = {class_}, [class_]
            while stack:
                parents = self._iris(stack.pop(), [RDFS + "subClassOf", OWL + "equivalentClass"])
                stack += parents - above
                above |= parents
            superclasses[class_] = frozenset(above)
        return superclasses

    @cached_property
    def _class_names(self) -> Mapping[str, tuple[str, ...]]:
        return self._named(self.classes)

    @cached_property
    def _property_names(self) -> Mapping[str, tuple[str, ...]]:
        return self._named(self.properties)

    def _named(self, terms: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the terms by their names, the likeliest first: by label, then local name, then alternative label."""
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
        """Sort terms before their parents (kg:Concept before skos:Concept), then by kind of name, then by IRI."""
        terms = {term for _, term in rows}
        above = {parent for term in terms for parent in self.superclasses(term) - {term}}
        above |= {parent for term in terms for parent in self._iris(term, [RDFS + "subPropertyOf"])}
        return tuple(term for _, _, term in sorted((term in above, rank, term) for rank, term in rows))

    def _texts(self, subject: str, predicates: Iterable[str]) -> Iterator[str]:
        row = self._objects.get(subject, {})
        return (name_key(o.value) for p in predicates for o in row.get(p, ()) if isinstance(o, ox.Literal))

    @_memoised
    def class_named(self, text: str) -> str | None:
        """Return the class that a heading, a tag or a `type:` value names; `ex:Risk` and a whole IRI are names, too."""
        full = self._full_name(text)
        if full in self.classes:
            return full
        classes = self._class_names.get(name_key(text))
        return classes[0] if classes else None

    def _full_name(self, text: str) -> str:
        """Return the IRI that a text is, or abbreviates with a known prefix."""
        prefix, colon, local = text.strip().partition(":")
        if not colon:
            return ""
        return self.prefixes[prefix] + local if prefix in self.prefixes else text.strip().strip("<>")

    @_memoised
    def properties_named(self, text: str) -> tuple[OntologyProperty, ...]:
        """Return the properties that a key or a heading can mean, the likeliest first."""
        full = self._full_name(text)
        if full in self.properties:
            return (self.properties[full],)
        return tuple(self.properties[iri] for iri in self._property_names.get(name_key(text), ()))

    @_memoised
    def tie(self, types: tuple[str, ...], class_: str) -> str | None:
        """Return the property that leads from a thing of these types to an instance of a class.

        The nearest declaration wins, then a property with the class in its name; None if two are equally good (broader,
        narrower and related all lead from a concept to a concept).
        """
        subject = {parent for type_ in types for parent in self.superclasses(type_)}
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
        """Return the label of a term, in English if it has several; empty if it has none."""
        row = self._objects.get(term, {})
        labels = [o for name in _LABELS for o in row.get(name, ()) if isinstance(o, ox.Literal)]
        labels.sort(key=lambda text: (text.language not in {"en", None}, text.language or "", text.value))
        return labels[0].value if labels else ""

    def is_structural(self, term: str) -> bool:
        """Whether only kg creates a term, and no note can name it."""
        return self._is_true(term, KG + "structural")

    @cached_property
    def bylines(self) -> Mapping[str, str]:
        """Classes whose instances carry a byline, with the property that it states."""
        rows = ((class_, self._iris(class_, [KG + "byline"])) for class_ in sorted(self.classes))
        return {class_: min(properties) for class_, properties in rows if properties}

    @_memoised
    def byline(self, class_: str) -> OntologyProperty | None:
        """Return the property that a byline states of an instance of this class."""
        classes = sorted(self.superclasses(class_) & self.bylines.keys())
        return self.properties.get(self.bylines[classes[0]]) if classes else None

    @_memoised
    def known_by_name(self, class_: str) -> str | None:
        """Return the class, this or a superclass, whose instances are identified by their names."""
        classes = [c for c in sorted(self.superclasses(class_)) if self._is_true(c, KG + "knownByName")]
        return classes[0] if classes else None

    @_memoised
    def range_known_by_name(self, prop: OntologyProperty) -> str | None:
        """Return the class of a property's values, if their names identify them."""
        return next((class_ for class_ in sorted(prop.ranges) if self.known_by_name(class_)), None)


def load(folders: Iterable[Path], prefixes: Mapping[str, str], limits: Limits | None = None) -> Ontology:
    """Load the ontology from folders; of two files that declare the same ontology, the later counts.

    Raises OntologyError, and TimedOut or OutOfMemory if a file exceeds the limits.
    """
    triples_of: dict[str, tuple[list[ox.Triple], list[ox.Triple]]] = {}
    rules: dict[str, str] = {}
    files: list[TurtleFile] = []
    for folder in dict.fromkeys(folders):
        for number, file in enumerate(_files_of(folder)):
            with limited(f"the ontology {file}", limits):
                parsed = _parsed(file)
                files.insert(number, parsed)
                triples = parsed.triples
                header = [t.subject for t in triples if t.predicate == TYPE and str(t.object) == f"<{OWL}Ontology>"]
                axioms, shape_triples = _split(triples)
                name = str(header[0]) if header else f"{folder.name}/{file.name}"
                triples_of[name] = skolemised(axioms, file.stem), shape_triples
        for file in sorted((folder / "rules").glob("*.rq")):
            rules[file.stem] = _rule(file)
    merged = tuple(dict.fromkeys(triple for axioms, _ in triples_of.values() for triple in axioms))
    shapes = tuple(triple for _, shape_triples in triples_of.values() for triple in shape_triples)
    ontology = Ontology(merged, rules, _digest(merged, rules), prefixes, shapes=shapes, files=tuple(files))
    return replace(ontology, findings=tuple(_ambiguous(ontology)), _answers={})


def _digest(triples: Iterable[ox.Triple], rules: Mapping[str, str]) -> str:
    """Return the hash whose change requires a full rebuild; it covers neither shapes nor comments."""
    digest = hashlib.sha256("\n".join(map(str, triples)).encode())
    for name, text in rules.items():
        digest.update(f"\n{name}\n{text}".encode())
    return digest.hexdigest()


def _ambiguous(ontology: Ontology) -> Iterator[Finding]:
    """Yield findings on class names that two terms share, unless one is a superclass of the other."""
    for key, terms in sorted(ontology._class_names.items()):
        rivals = [t for t in terms[1:] if t not in ontology.superclasses(terms[0])]
        if rivals:
            message = f"“{key}” names <{terms[0]}> and <{rivals[0]}>; the first is taken"
            yield of_file("ontology", "O01", message)


def _text(file: Path) -> str:
    try:
        return read_bytes(file, MAX_TEXT_FILE).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OntologyError(f"{file}: cannot be read: {error}") from error


def _rule(file: Path) -> str:
    """Return the text of a rule, after a check that it may run."""
    text = _text(file)
    try:
        check(text)
    except KgError as error:
        raise OntologyError(f"the rule {file}: {error}") from error
    return text


def _files_of(folder: Path) -> list[Path]:
    """Return the Turtle files in a folder and below it, in the order of their paths. Raises OntologyError."""
    try:
        return files_below(folder, ".ttl")
    except OSError as error:
        raise OntologyError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _parsed(file: Path) -> TurtleFile:
    """Parse a Turtle file from any author. Its blank nodes get unique names. Raises OntologyError."""
    text = _text(file)
    _check_depth(file, text)
    try:
        rows = ox.parse(text, ox.RdfFormat.TURTLE, rename_blank_nodes=True)
        return TurtleFile(file, text, [quad.triple for quad in rows], dict(rows.prefixes))
    except SyntaxError as error:
        raise OntologyError(f"{file}:{error.lineno or 1}:{error.offset or 1}: not valid Turtle: {error.msg}") from error


def _check_depth(file: Path, text: str) -> None:
    """Refuse brackets that are nested too deep, counting those in texts and comments. Raises OntologyError."""
    if sum(map(text.count, ("<<", "(", "[", "{"))) <= MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match.group() in "<<([{" else max(0, depth - 1)
        if depth > MAX_DEPTH:
            line, column = line_and_column(text, match.start())
            raise OntologyError(f"{file}:{line}:{column}: more than {MAX_DEPTH:,} nested brackets")


def _split(triples: list[ox.Triple]) -> tuple[list[ox.Triple], list[ox.Triple]]:
    """Return the triples that a file adds to the ontology, and, if it has shapes, all its triples for the validator.

    A file with shapes adds only the classes and properties that it declares: shapes and the description of the file
    are not part of the dataset.
    """
    if not any(_is_of_shapes(triple) for triple in triples):
        return triples, []
    declared = {str(t.subject) for t in triples if t.predicate == TYPE and _value(t.object) in _CLASSES | _KINDS.keys()}
    axioms: list[ox.Triple] = []
    while declared:
        more = [t for t in triples if str(t.subject) in declared and not _is_of_shapes(t)]
        axioms += more
        declared = {str(t.object) for t in more if isinstance(t.object, ox.BlankNode)}
    return axioms, triples


def _is_of_shapes(triple: ox.Triple) -> bool:
    """Whether a triple uses SHACL's vocabulary."""
    of_type = triple.predicate == TYPE and _value(triple.object).startswith(SH)
    return of_type or triple.predicate.value.startswith(SH)


def _value(term: Any) -> str:
    return term.value if isinstance(term, ox.NamedNode) else ""


def skolemised(triples: list[ox.Triple], stem: str) -> list[ox.Triple]:
    """Return the triples with an IRI for each blank node, the same on every machine (RDF 1.1, section 3.5)."""
    dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    prefix = f"{KG.rstrip('#')}/.well-known/genid/{stem}-"

    def named(term: ox.NamedNode | ox.BlankNode) -> ox.NamedNode:
        return ox.NamedNode(prefix + term.value) if isinstance(term, ox.BlankNode) else term

    rows = ((q.subject, q.predicate, q.object) for q in dataset)
    renamed = [ox.Triple(named(s), p, named(o) if isinstance(o, ox.BlankNode) else o) for s, p, o in rows]
    return sorted(renamed, key=str)


def load_ontology(config: Config) -> Ontology:
    """Load the ontology that comes with kg, and the vault's own.

    Raises OntologyError, ConfigError, TimedOut, OutOfMemory.
    """
    ontology = load([resource("ontology").resolve(), *config.ontology], config.all_prefixes, config.limits)
    _check_default_class(config, ontology)
    return ontology


def _check_default_class(config: Config, ontology: Ontology) -> None:
    """Check that the setting `default_class`, if present, names a class. Raises ConfigError."""
    name = config.default_class
    if name == Config.default_class or ontology.class_named(name):
        return
    suggestion = nearest(name, {ontology.label(class_) for class_ in ontology.classes} - {""})
    hint = did_you_mean(suggestion and f"“{suggestion}”")
    raise ConfigError(f"{config.root / CONFIG}: “default_class” must name a class: no ontology has “{name}”{hint}")


def ontology_rows(ontology: Ontology) -> list[Row]:
    """Return the triples of the ontology, as rows for its named graph."""
    return [(str(t.subject), str(t.predicate), str(t.object)) for t in ontology.triples]
