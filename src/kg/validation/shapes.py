"""SHACL shapes as loaded, and their focus nodes.

Most shapes look at their focus node and the nodes that their paths lead to (shape_automaton.py). A SPARQL constraint
can look anywhere: the properties that it names are collected, and it runs again as a whole if one of them changes.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import OntologyError
from kg.mapping.ontology import Ontology
from kg.rdf.iris import encode_part
from kg.rdf.terms import OWL, RDF, RDFS, SH
from kg.rdf.vocabulary import SUB_CLASS_OF, TYPE, Find, Term

_TARGETS = ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf")
_INNER = ("node", "property", "not", "qualifiedValueShape")
_LISTS = ("and", "or", "xone")
COMPARED = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_TEXTS = ("select", "ask", "construct")
_ADVANCED = ("target", "rule", "expression", "values", "SPARQLFunction", "SPARQLTarget", "SPARQLRule", "TripleRule")
_RANGES = "https://w3id.org/concept-notes/shapes#range-"
_CLASSES = {ox.NamedNode(OWL + "Class"), ox.NamedNode(RDFS + "Class")}


def _sh(name: str) -> ox.NamedNode:
    return ox.NamedNode(SH + name)


class Wide(NamedTuple):
    """The reach of SPARQL constraints in the whole graph: the properties that they name, or everything."""

    properties: frozenset[ox.NamedNode]
    everything: bool


@dataclass(frozen=True)
class Shapes:
    """A shapes graph. The same files always yield the same names of blank nodes."""

    triples: tuple[ox.Triple, ...] = field(repr=False)

    @classmethod
    def of(cls, ontology: Ontology) -> "Shapes":
        """The shapes in the ontology's files, and those derived from its `schema:rangeIncludes`."""
        return cls.parsed([*ontology.shapes, *_of_ranges(ontology)])

    @classmethod
    def parsed(cls, triples: Iterable[ox.Triple]) -> "Shapes":
        """Build the shapes from the triples of a shapes graph."""
        dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        return cls(tuple(sorted((quad.triple for quad in dataset), key=str)))

    @cached_property
    def digest(self) -> str:
        """A digest of the shapes graph."""
        return hashlib.sha256("\n".join(map(str, self.triples)).encode()).hexdigest()

    # ---- the shapes graph ------------------------------------------------------------------------------------

    @cached_property
    def _objects(self) -> Mapping[Term, Mapping[str, list[Term]]]:
        objects: dict[Term, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for subject, predicate, obj in self.triples:
            if not isinstance(subject, ox.Triple) and not isinstance(obj, ox.Triple):
                objects[subject][predicate.value].append(obj)
        return objects

    def objects(self, node: Term, predicate: str) -> list[Term]:
        """The values of a property in the shapes graph."""
        return self._objects[node].get(predicate, []) if node in self._objects else []

    def of_sh(self, node: Term, *names: str) -> list[Term]:
        """The values of SHACL properties, by their local names."""
        return [obj for name in names for obj in self.objects(node, SH + name)]

    def text(self, node: Term, predicate: str) -> str:
        """A text about a node of the shapes graph; of several, the English text."""
        texts = [obj for obj in self.objects(node, predicate) if isinstance(obj, ox.Literal)]
        texts.sort(key=lambda text: (text.language not in {"en", None}, text.language or "", text.value))
        return texts[0].value if texts else ""

    def items(self, node: Term) -> list[Term]:
        """The members of an RDF list."""
        members: list[Term] = []
        seen: set[Term] = set()
        while node not in seen and self.objects(node, RDF + "first"):
            seen.add(node)
            members += self.objects(node, RDF + "first")[:1]
            node = next(iter(self.objects(node, RDF + "rest")), node)
        return members

    @cached_property
    def all(self) -> tuple[Term, ...]:
        """Every shape: those with targets, and those that they use."""
        shapes = {*self.aimed, *(inner for node in self._objects for inner in self.inner(node))}
        return tuple(sorted(shapes, key=str))

    @cached_property
    def aimed(self) -> tuple[Term, ...]:
        """The shapes with targets."""
        aimed = (node for node in self._objects if self.of_sh(node, *_TARGETS) or self.classes_of(node))
        return tuple(sorted(aimed, key=str))

    def classes_of(self, node: Term) -> list[Term]:
        """The shape itself if it is also a class (SHACL 2.1.3.3: implicit class targets)."""
        types = set(self.objects(node, TYPE.value))
        return [node] if types & _CLASSES and types & {_sh("NodeShape"), _sh("PropertyShape")} else []

    @cached_property
    def owners(self) -> Mapping[Term, Term]:
        """The shape around each shape or constraint that is a blank node."""
        owners: dict[Term, Term] = {}
        for subject, _, obj in self.triples:
            if isinstance(obj, ox.BlankNode) and not isinstance(subject, ox.Triple):
                owners.setdefault(obj, subject)
        return owners

    def owner(self, node: Term) -> Term:
        """The shape itself, or the nearest shape around it that has a name."""
        seen: set[Term] = set()
        while isinstance(node, ox.BlankNode) and node in self.owners and node not in seen:
            seen.add(node)
            node = self.owners[node]
        return node

    @cached_property
    def _users(self) -> Mapping[Term, list[Term]]:
        users: dict[Term, list[Term]] = defaultdict(list)
        for node in self._objects:
            for inner in self.inner(node):
                users[inner].append(node)
        return users

    def classes_around(self, shape: Term) -> list[str]:
        """The target classes of a shape and of the shapes that use it."""
        users = _reached([shape], lambda node: self._users.get(node, []))
        return [_iri(class_) for node in users for class_ in [*self.of_sh(node, "targetClass"), *self.classes_of(node)]]

    # ---- targets of shapes -------------------------------------------------------------------------------------

    def focus_nodes(self, shape: Term, find: Find) -> set[Term]:
        """The focus nodes of a shape in a graph."""
        nodes = set(self.of_sh(shape, "targetNode"))
        for class_ in [*self.of_sh(shape, "targetClass"), *self.classes_of(shape)]:
            for subclass in subclasses(class_, find):
                nodes |= {t.subject for t in find(None, TYPE, subclass)}
        for predicate in self.of_sh(shape, "targetSubjectsOf"):
            nodes |= {t.subject for t in find(None, named(predicate), None)}
        for predicate in self.of_sh(shape, "targetObjectsOf"):
            nodes |= {t.object for t in find(None, named(predicate), None)}
        return nodes

    def aimed_at(self, focus: Mapping[Term, Iterable[Term]]) -> list[ox.Triple]:
        """The shapes graph in which these shapes target exactly these nodes, and no other shape has a target."""
        aims = {_sh(name) for name in _TARGETS}
        rows = [t for t in self.triples if t.predicate not in aims and not self._makes_class(t)]
        for shape, nodes in focus.items():
            if not isinstance(shape, ox.Literal):
                rows += [ox.Triple(shape, _sh("targetNode"), node) for node in nodes]
        return rows

    def _makes_class(self, triple: ox.Triple) -> bool:
        return triple.predicate == TYPE and triple.object in _CLASSES and bool(self.classes_of(triple.subject))

    def only(self, shapes: Iterable[Term]) -> list[ox.Triple]:
        """The shapes graph with the targets and rules of these shapes only."""
        kept, aims = set(shapes), {_sh(name) for name in (*_TARGETS, "target")}
        return [
            t
            for t in self.triples
            if t.subject in kept or not (t.predicate in aims or self._makes_class(t) or t.predicate == _sh("rule"))
        ]

    # ---- reach of shapes ---------------------------------------------------------------------------------------

    @cached_property
    def advanced(self) -> bool:
        """Whether the shapes use SHACL's advanced features, which pySHACL must then enable."""
        names = {SH + name for name in _ADVANCED}
        return any(
            t.predicate.value in names or (t.predicate == TYPE and _iri(t.object) in names) for t in self.triples
        )

    @cached_property
    def whole(self) -> tuple[Term, ...]:
        """The shapes that run as a whole: their results do not follow from one focus node and its surroundings.

        These are shapes with a SPARQL constraint, and shapes with results about other nodes than their focus nodes.
        """
        if self.advanced:
            targeted = {t.subject for t in self.triples if t.predicate == _sh("target")}
            return tuple(sorted({*self.aimed, *targeted}, key=str))
        return tuple(shape for shape in self.aimed if self._is_whole(shape))

    def _is_whole(self, shape: Term) -> bool:
        return any(
            self.of_sh(node, "sparql")
            or self.parameters & self._objects.get(node, {}).keys()
            or (self.of_sh(node, "path") and self.of_sh(node, "property"))
            for node in _reached([shape], self.inner)
        )

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The parameter properties of custom constraint components."""
        components = {t.subject for t in self.triples if t.predicate == TYPE and t.object == _sh("ConstraintComponent")}
        paths = (path for component in components for parameter in self.of_sh(component, "parameter")
                 for path in self.of_sh(parameter, "path"))  # fmt: skip
        return frozenset(_iri(path) for path in paths)

    def siblings(self, shape: Term) -> list[Term]:
        """The qualified value shapes of a shape's sibling property shapes (SHACL 4.7.3)."""
        parents = [parent for parent in self._objects if shape in self.of_sh(parent, "property")]
        properties = [prop for parent in parents for prop in self.of_sh(parent, "property")]
        return [sibling for prop in properties for sibling in self.of_sh(prop, "qualifiedValueShape")]

    def inner(self, node: Term) -> list[Term]:
        """The shapes that a shape uses."""
        direct = self.of_sh(node, *_INNER)
        return [*direct, *(member for rows in self.of_sh(node, *_LISTS) for member in self.items(rows))]

    @cached_property
    def wide(self) -> Wide:
        """The reach of the shapes that run as a whole, besides their paths."""
        texts = [obj for node in self._objects for obj in self.of_sh(node, *_TEXTS)]
        rules = self.advanced and any(self.of_sh(node, "rule", "expression") for node in self._objects)
        if not texts and not rules:
            return Wide(frozenset(), rules)
        properties = _properties_of([text.value for text in texts if isinstance(text, ox.Literal)], self._prefixes)
        if properties is None or rules:
            return Wide(frozenset(), True)
        return Wide(frozenset(map(ox.NamedNode, properties)) | self._in_paths, False)

    @cached_property
    def _in_paths(self) -> frozenset[ox.NamedNode]:
        """The properties in the paths of shapes, which `$PATH` denotes in SPARQL."""
        paths = [path for node in self._objects for path in self.of_sh(node, "path")]
        parts = _reached(paths, lambda path: chain(self.items(path), *self._objects.get(path, {}).values()))
        return frozenset(part for part in parts if isinstance(part, ox.NamedNode))

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        rows = ((self.of_sh(node, "prefix"), self.of_sh(node, "namespace")) for node in self._objects)
        return {_value(prefix[0]): _value(namespace[0]) for prefix, namespace in rows if prefix and namespace}

    def texts(self) -> Iterator[tuple[Term, str]]:
        """The SPARQL texts in the shapes graph, each with its node."""
        for node in self._objects:
            for text in self.of_sh(node, *_TEXTS):
                yield node, _value(text)


def subclasses(class_: Term, find: Find) -> set[Term]:
    """A class and all its subclasses."""
    return set(_reached([class_], lambda current: (t.subject for t in find(None, SUB_CLASS_OF, current))))


def _reached(starts: Iterable[Term], following: Callable[[Term], Iterable[Term]]) -> dict[Term, None]:
    """The nodes that can be reached, in the order of the walk."""
    reached: dict[Term, None] = {}
    stack = list(starts)
    while stack:
        node = stack.pop()
        if node not in reached:
            reached[node] = None
            stack += following(node)
    return reached


def _properties_of(texts: Iterable[str], prefixes: Mapping[str, str]) -> set[str] | None:
    """The IRIs of the properties in SPARQL texts; None if a text may use any property."""
    from rdflib import URIRef
    from rdflib.paths import InvPath, NegatedPath, Path
    from rdflib.plugins.sparql import prepareQuery
    from rdflib.plugins.sparql.parserutils import CompValue

    properties: set[str] = set()

    def of_path(path: object) -> bool:
        if isinstance(path, URIRef):
            properties.add(str(path))
            return True
        if isinstance(path, NegatedPath) or not isinstance(path, Path):
            return False
        args = [path.arg] if isinstance(path, InvPath) else getattr(path, "args", None) or [getattr(path, "path", None)]
        return all(of_path(part) for part in args)

    def walk(node: object) -> bool:
        if isinstance(node, CompValue):
            if node.name == "Graph":
                return False
            all_known = all(of_path(p) or str(p) == "PATH" for p in _predicates(node.get("triples") or []))
            return all_known and all(walk(value) for key, value in node.items() if key != "triples")
        if isinstance(node, (list, tuple)):
            return all(walk(part) for part in node)
        return True

    for text in texts:
        try:
            query = prepareQuery(text, initNs=dict(prefixes))
        except Exception:  # noqa: BLE001 - rdflib raises any exception; pySHACL reports the error in the text
            return None
        if not walk(query.algebra):
            return None
    return properties


def _predicates(triples: list[object]) -> Iterator[object]:
    """The predicates of rdflib's `triples`: a list of triples, of flat lists of terms, or of terms."""
    for item in triples:
        if isinstance(item, tuple) and len(item) == 3:
            yield item[1]
        elif isinstance(item, list):
            yield from item[1::3]
        else:
            yield from triples[1::3]
            return


def _of_ranges(ontology: Ontology) -> Iterator[ox.Triple]:
    """A shape for each property between things: its values must be of the classes in its range.

    A value of none of the ontology's classes passes, for example a missing note, a file or a web page.
    """
    domain = sorted(c for c in ontology.classes if not ontology.is_structural(c))
    for prop in sorted(ontology.properties.values(), key=lambda prop: prop.iri):
        ranges = sorted(prop.ranges & ontology.classes)
        related = {up for class_ in ranges for up in ontology.superclasses(class_)}
        unrelated = [c for c in domain if c not in related and not ontology.superclasses(c) & set(ranges)]
        if prop.kind == "object" and ranges and unrelated and not ontology.is_structural(prop.iri):
            name = f"{_RANGES}{encode_part(prop.iri)}"
            allowed, excluded = (
                " ".join(f"[ sh:class <{class_}> ]" for class_ in classes) for classes in (ranges, unrelated)
            )
            text = f"""@prefix sh: <{SH}> .
                <{name}> a sh:NodeShape ; sh:targetSubjectsOf <{prop.iri}> ; sh:property <{name}-value> .
                <{name}-value> sh:path <{prop.iri}> ; sh:severity sh:Warning ;
                    sh:or ( {allowed} [ sh:not [ sh:or ( {excluded} ) ] ] ) ."""
            yield from (quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE, rename_blank_nodes=True))


def is_of_range(shape: Term) -> bool:
    """Whether a shape is derived from `schema:rangeIncludes`."""
    return _iri(shape).startswith(_RANGES)


def named(term: Term) -> ox.NamedNode:
    """The term, which must be an IRI. Raises OntologyError."""
    if not isinstance(term, ox.NamedNode):
        raise OntologyError(f"a shape names {term} where SHACL wants a property by its IRI")
    return term


def _iri(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode) else ""


def _value(term: Term) -> str:
    return "" if isinstance(term, ox.Triple) else term.value
