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
from kg.rdf.terms import OWL, RDF, RDFS, SH
from kg.rdf.vocabulary import SUB_CLASS_OF, TYPE, Find, Term, iri_of
from kg.validation.sparql_reach import properties_of

_TARGETS = ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf")
_INNER = ("node", "property", "not", "qualifiedValueShape")
_LISTS = ("and", "or", "xone")
COMPARED = ("equals", "disjoint", "lessThan", "lessThanOrEquals")
_TEXTS = ("select", "ask", "construct")
_ADVANCED = ("target", "rule", "expression", "values", "SPARQLFunction", "SPARQLTarget", "SPARQLRule", "TripleRule")
_CELLS = {RDF + "first", RDF + "rest"}
_CLASSES = {ox.NamedNode(OWL + "Class"), ox.NamedNode(RDFS + "Class")}


def _sh(name: str) -> ox.NamedNode:
    return ox.NamedNode(SH + name)


_SHAPES = {_sh("NodeShape"), _sh("PropertyShape")}


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
        """The shapes in the ontology's files."""
        return cls.parsed(ontology.shapes)

    @classmethod
    def parsed(cls, triples: Iterable[ox.Triple]) -> "Shapes":
        """Build the shapes from the triples of a shapes graph. Blank nodes are numbered in the order of the triples.

        RDFC-1.0 would give names that do not depend on the order, in a time that is the cube of a list's length.
        """
        return cls(tuple(sorted(dict.fromkeys(_numbered(triples)), key=str)))

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

    @property
    def nodes(self) -> Iterable[Term]:
        """The nodes that the triples are about, in the order of the triples."""
        return self._objects.keys()

    def about(self, node: Term) -> Mapping[str, list[Term]]:
        """The values of a node's properties, by the property's IRI."""
        return self._objects.get(node, {})

    def of_sh(self, node: Term, *names: str) -> list[Term]:
        """The values of SHACL properties, by their local names."""
        return [obj for name in names for obj in self.objects(node, SH + name)]

    def is_true(self, node: Term, predicate: str) -> bool:
        """Whether a property is true."""
        return any(isinstance(obj, ox.Literal) and obj.value in {"true", "1"} for obj in self.objects(node, predicate))

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
        return tuple(sorted((n for n in self._objects if self.of_sh(n, *_TARGETS) or self.classes_of(n)), key=str))

    def classes_of(self, node: Term) -> list[Term]:
        """The shape itself if it is also a class (SHACL 2.1.3.3: implicit class targets)."""
        types = set(self.objects(node, TYPE.value))
        return [node] if types & _CLASSES and types & _SHAPES else []

    @cached_property
    def owners(self) -> Mapping[Term, Term]:
        """The shape around each shape or constraint that is a blank node; a list belongs to the shape that has it."""
        owners: dict[Term, Term] = {}
        for subject, predicate, obj in self.triples:
            if isinstance(obj, ox.BlankNode) and not isinstance(subject, ox.Triple) and predicate.value not in _CELLS:
                for node in (obj, *filter(_is_blank, self.items(obj))):
                    owners.setdefault(node, subject)
        return owners

    def owner(self, node: Term) -> Term:
        """The shape itself, or the nearest shape around it that has a name."""
        return self.chain(node)[-1]

    def chain(self, node: Term) -> list[Term]:
        """A node and the shapes around it, up to the nearest with a name."""
        return list(reached([node], lambda node: [self.owners[node]] if node in self.owners else []))

    @cached_property
    def users(self) -> Mapping[Term, list[Term]]:
        """The shapes that use each shape."""
        users: dict[Term, list[Term]] = defaultdict(list)
        for node in self._objects:
            for inner in self.inner(node):
                users[inner].append(node)
        return users

    def classes_around(self, shape: Term) -> list[str]:
        """The target classes of a shape and of the shapes that use it."""
        users = reached([shape], lambda node: self.users.get(node, []))
        return [iri_of(term) for node in users for term in [*self.of_sh(node, "targetClass"), *self.classes_of(node)]]

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
        """The shapes graph around these shapes, in which they target exactly these nodes, and no other has a target.

        Around a shape are the nodes that it refers to, and the shapes that use it: their other shapes may count, too.
        """
        starts = [shape for shape, nodes in focus.items() if nodes]
        part = reached(starts, lambda node: chain(self.users.get(node, ()), *self.about(node).values()))
        aims = {_sh(name) for name in _TARGETS}
        rows = [t for t in self.triples if t.subject in part and t.predicate not in aims and not self._makes_class(t)]
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
            t.predicate.value in names or (t.predicate == TYPE and iri_of(t.object) in names) for t in self.triples
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
            for node in reached([shape], self.inner)
        )

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The parameter properties of custom constraint components, which may have types of their own."""
        components = [node for node in self._objects if self.of_sh(node, "parameter")]
        paths = (path for component in components for parameter in self.of_sh(component, "parameter")
                 for path in self.of_sh(parameter, "path"))  # fmt: skip
        return frozenset(iri_of(path) for path in paths)

    def siblings(self, shape: Term) -> list[Term]:
        """The qualified value shapes of a shape's sibling property shapes (SHACL 4.7.3)."""
        parents = [parent for parent in self._objects if shape in self.of_sh(parent, "property")]
        properties = [prop for parent in parents for prop in self.of_sh(parent, "property")]
        return [sibling for prop in properties for sibling in self.of_sh(prop, "qualifiedValueShape")]

    def inner(self, node: Term) -> list[Term]:
        """The shapes that a shape uses."""
        about = self.about(node)
        return [shape for name in (*_INNER, *_LISTS) if SH + name in about for shape in self.used_by(node, name)]

    def used_by(self, node: Term, name: str) -> list[Term]:
        """The shapes that a shape uses by a property, by its local name."""
        values = self.of_sh(node, name)
        return [member for rows in values for member in self.items(rows)] if name in _LISTS else values

    @cached_property
    def wide(self) -> Wide:
        """The reach of the shapes that run as a whole, besides their paths."""
        rules = self.advanced and any(self.of_sh(node, "rule", "expression") for node in self._objects)
        if not any(self.texts()) and not rules:
            return Wide(frozenset(), rules)
        properties = properties_of((text, self.prefixes_of(node)) for node, text in self.texts())
        if properties is None or rules:
            return Wide(frozenset(), True)
        return Wide(frozenset(map(ox.NamedNode, properties)) | self._in_paths, False)

    @cached_property
    def _in_paths(self) -> frozenset[ox.NamedNode]:
        """The properties in the paths of shapes, which `$PATH` denotes in SPARQL."""
        paths = [path for node in self._objects for path in self.of_sh(node, "path")]
        parts = reached(paths, lambda path: chain(self.items(path), *self._objects.get(path, {}).values()))
        return frozenset(part for part in parts if isinstance(part, ox.NamedNode))

    def prefixes_of(self, node: Term) -> dict[str, str]:
        """The prefixes of a SPARQL text, by the `sh:prefixes` of its node (SHACL 5.2.1).

        As in pySHACL, a value that is no ontology adds to the prefixes of all ontologies; its own come first.
        """
        prefixes: dict[str, str] = {}
        for value in self.of_sh(node, "prefixes"):
            around = [] if value in self._ontologies else self._ontologies
            for ontology in (*around, value):
                prefixes |= _declared(self, ontology)
        return prefixes

    @cached_property
    def _ontologies(self) -> list[Term]:
        return [t.subject for t in self.triples if t.predicate == TYPE and t.object == ox.NamedNode(OWL + "Ontology")]

    def texts(self) -> Iterator[tuple[Term, str]]:
        """The SPARQL texts in the shapes graph, each with its node."""
        for node in self._objects:
            for text in self.of_sh(node, *_TEXTS):
                yield node, _value(text)


def _numbered(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    """The triples with blank nodes numbered in the order of the triples."""
    numbers: dict[Term, ox.BlankNode] = {}

    def named(term: Term) -> Term:
        if isinstance(term, ox.Triple):
            return ox.Triple(named(term.subject), term.predicate, named(term.object))  # type: ignore[arg-type]
        return numbers.setdefault(term, ox.BlankNode(f"b{len(numbers)}")) if _is_blank(term) else term

    for triple in triples:
        yield ox.Triple(named(triple.subject), triple.predicate, named(triple.object))  # type: ignore[arg-type]


def _declared(shapes: Shapes, node: Term) -> dict[str, str]:
    """The prefixes that an ontology and those that it imports declare; its own count first."""
    imported = reached([node], lambda ontology: shapes.objects(ontology, OWL + "imports"))
    declared = (own for ontology in reversed(imported) for own in shapes.of_sh(ontology, "declare"))
    rows = ((shapes.of_sh(own, "prefix"), shapes.of_sh(own, "namespace")) for own in declared)
    return {_value(prefix[0]): _value(namespace[0]) for prefix, namespace in rows if prefix and namespace}


def subclasses(class_: Term, find: Find) -> set[Term]:
    """A class and all its subclasses."""
    return set(reached([class_], lambda current: (t.subject for t in find(None, SUB_CLASS_OF, current))))


def reached(starts: Iterable[Term], following: Callable[[Term], Iterable[Term]]) -> dict[Term, None]:
    """The nodes that can be reached, in the order of the walk."""
    reached: dict[Term, None] = {}
    stack = list(starts)
    while stack:
        node = stack.pop()
        if node not in reached:
            reached[node] = None
            stack += following(node)
    return reached


def named(term: Term) -> ox.NamedNode:
    """The term, which must be an IRI. Raises OntologyError."""
    if not isinstance(term, ox.NamedNode):
        raise OntologyError(f"a shape names {term} where SHACL wants a property by its IRI")
    return term


def _is_blank(term: Term) -> bool:
    return isinstance(term, ox.BlankNode)


def _value(term: Term) -> str:
    return "" if isinstance(term, ox.Triple) else term.value
