"""The ontology: which class or property a word in a note names, and which property connects two classes.

The code names no class or property of the domain: this module answers from the loaded files.
"""

import hashlib
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, wraps
from itertools import chain
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import pyoxigraph as ox

from kg.config import DEFAULT_BASE, Config, resource
from kg.config import FILE as CONFIG
from kg.core.errors import ConfigError
from kg.core.files import files_below
from kg.core.findings import Finding, of_file
from kg.core.limits import Limits
from kg.core.spelling import did_you_mean, nearest
from kg.mapping.ontology_checks import declared_prefixes, missing_imports
from kg.mapping.ontology_files import (
    CLASS_TYPES,
    DECLARED_KINDS,
    IMPLIED_KINDS,
    Drafts,
    OntologyFile,
    PropertyKind,
    read_folder,
)
from kg.mapping.skolemisation import GENID
from kg.rdf.terms import KG, OWL, RDF, RDFS, SKOS, XSD, Row
from kg.rdf.vocabulary import Term

P = ParamSpec("P")
T = TypeVar("T")

_SCHEMA = ("https://schema.org/", "http://schema.org/")
_LABELS = (RDFS + "label", SKOS + "prefLabel")
_DOMAINS = (*(site + "domainIncludes" for site in _SCHEMA), RDFS + "domain")
_RANGES = (*(site + "rangeIncludes" for site in _SCHEMA), RDFS + "range")
_SAFE = 2_000_000_000
"""In nanoseconds: a file changed so shortly before it was read may change again without a new timestamp."""
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


@dataclass(frozen=True)
class Ontology:
    """The content of the ontology's files, and the rules beside them. Names are looked up, never hard-coded."""

    triples: tuple[ox.Triple, ...] = field(repr=False)
    rules: Mapping[str, str]
    digest: str
    """The hash of the triples, a space, and the hash of the rules; neither covers shapes or comments."""
    prefixes: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    shapes: tuple[ox.Triple, ...] = field(default=(), repr=False)
    """All triples of the files with SHACL shapes; `triples` has no triple of a shape."""
    files: tuple[OntologyFile, ...] = field(default=(), repr=False, compare=False)
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
        return frozenset(s for s in self._objects if self._iris(s, [RDF + "type"]) & CLASS_TYPES)

    @cached_property
    def properties(self) -> Mapping[str, OntologyProperty]:
        """All declared properties."""
        props = {}
        for subject in self._objects:
            types = sorted(self._iris(subject, [RDF + "type"]))
            kinds = [*_values(DECLARED_KINDS, types), *_values(IMPLIED_KINDS, types)]
            if kinds:
                domains, ranges = self._members(subject, _DOMAINS), self._members(subject, _RANGES)
                kind = min(kinds, key=lambda kind: kind == "any")
                props[subject] = OntologyProperty(subject, kind, domains, ranges)
        return props

    def _members(self, subject: str, predicates: Iterable[str]) -> frozenset[str]:
        """Return the named classes that are values of properties, and the members of unions that are values."""
        members: set[str] = set()
        stack = list(self._iris(subject, predicates))
        seen = set(stack)
        while stack:
            class_ = stack.pop()
            row = self._objects.get(class_, {})
            more = {o.value for head in row.get(OWL + "unionOf", ()) for o in self._items(head)}
            more |= {iri for iri in self._iris(class_, [OWL + "equivalentClass"]) if GENID in iri}
            more -= seen
            stack += more
            seen |= more
            if GENID not in class_:
                members.add(class_)
        return frozenset(members)

    def _items(self, node: Term) -> Iterator[ox.NamedNode]:
        """The members of a list that are IRIs."""
        seen: set[Term] = set()
        while isinstance(node, ox.NamedNode) and node not in seen:
            seen.add(node)
            row = self._objects.get(node.value, {})
            yield from (item for item in row.get(RDF + "first", ()) if isinstance(item, ox.NamedNode))
            node = next(iter(row.get(RDF + "rest", ())), node)

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


def _values(table: Mapping[str, PropertyKind], types: list[str]) -> list[PropertyKind]:
    return [table[type_] for type_ in types if type_ in table]


def load(
    folders: Iterable[Path],
    prefixes: Mapping[str, str],
    limits: Limits | None = None,
    base: str = DEFAULT_BASE,
    drafts: Drafts | None = None,
) -> Ontology:
    """Load the ontology from folders: the union of their files; `drafts` stand for some of them.

    A file replaces the files of earlier folders that declare the same `owl:Ontology`. Relative IRIs are below `base`.
    The prefixes of the files, except kg's own, are added to `prefixes`.
    Raises OntologyError, and TimedOut or OutOfMemory if a file exceeds the limits.
    """
    places = list(dict.fromkeys(folders))
    contents = [read_folder(folder, number, base, limits, drafts) for number, folder in enumerate(places)]
    rules: dict[str, str] = {}
    kept: list[list[OntologyFile]] = []
    for number, content in enumerate(contents):
        rules |= content.rules
        later = {header for after in contents[number + 1 :] for file in after.files for header in file.headers}
        kept.append([file for file in content.files if not file.headers & later])
    files = list(chain(*kept))
    merged = tuple(dict.fromkeys(triple for file in files for triple in sorted(file.axioms, key=str)))
    shapes = tuple(triple for file in files if file.has_shapes for triple in file.triples)
    read = [
        (place, content._replace(files=files)) for place, content, files in zip(places, contents, kept, strict=True)
    ]
    own = [row for row in read if row[0] != resource("ontology").resolve()]
    prefixes, clashes = declared_prefixes(prefixes, own)
    ontology = Ontology(
        merged, rules, _digest(merged, rules), prefixes, shapes=shapes, files=tuple(chain(*reversed(kept)))
    )
    findings = [finding for content in contents for finding in content.findings]
    findings += [*clashes, *missing_imports(base, read), *_ambiguous(ontology)]
    return replace(ontology, findings=tuple(findings), _answers={})


def _digest(triples: Iterable[ox.Triple], rules: Mapping[str, str]) -> str:
    """The hashes of the triples and of the rules. If the first changes, the notes must be stated again."""
    parts = "\n".join(map(str, triples)), "".join(f"\n{name}\n{text}" for name, text in rules.items())
    return " ".join(hashlib.sha256(part.encode()).hexdigest() for part in parts)


def _ambiguous(ontology: Ontology) -> Iterator[Finding]:
    """Yield findings on class names that two terms share, unless one is a superclass of the other."""
    for key, terms in sorted(ontology._class_names.items()):
        rivals = [t for t in terms[1:] if t not in ontology.superclasses(terms[0])]
        if rivals:
            message = f"“{key}” names <{terms[0]}> and <{rivals[0]}>; the first is taken"
            yield of_file("ontology", "O01", message)


def load_ontology(config: Config) -> Ontology:
    """Load the ontology that comes with kg, and the vault's own.

    Raises OntologyError, ConfigError, TimedOut, OutOfMemory.
    """
    folders = (resource("ontology").resolve(), *config.ontology)
    prefixes, drafts = config.all_prefixes, config.ontology_drafts
    # Without stamps, a file may change again within the resolution of its times.
    if not drafts and (stamps := _stamps(folders)):
        ontology = _loaded(stamps, folders, tuple(prefixes.items()), config.limits, config.base)
    else:
        ontology = load(folders, prefixes, config.limits, config.base, drafts)
    _check_default_class(config, ontology)
    return ontology


@lru_cache(maxsize=1)
def _loaded(
    _stamps: tuple[object, ...],
    folders: tuple[Path, ...],
    prefixes: tuple[tuple[str, str], ...],
    limits: Limits,
    base: str,
) -> Ontology:
    """Load an ontology, once for the same files: a process that keeps running reads them again when they change."""
    return load(folders, dict(prefixes), limits, base)


def _stamps(folders: Iterable[Path]) -> tuple[tuple[str, int, int, int, int], ...]:
    """The paths, inodes, sizes and times of all files of an ontology; none if one has changed a moment ago."""
    try:
        files = [(str(file), file.stat()) for folder in folders for file in files_below(folder, "")]
    except OSError:
        return ()
    if any(max(status.st_mtime_ns, status.st_ctime_ns) > time.time_ns() - _SAFE for _, status in files):
        return ()
    return tuple((path, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for path, s in files)


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
