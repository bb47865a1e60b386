"""The columns of a list of things: any name of a property, as notes write it, and what a note is as a file."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pyoxigraph as ox

from kg.core.errors import NotFound
from kg.core.spelling import did_you_mean, nearest
from kg.core.text import letters_and_digits
from kg.rdf.terms import KG
from kg.rdf.vocabulary import (
    ALT_LABEL,
    DESCRIBES,
    HAS_SECTION,
    INFERRED_GRAPH,
    LABEL,
    LABELS,
    LINKS_TO,
    PATH,
    TAGGED,
    TEXT,
    TYPE,
)
from kg.sparql.answer import Term
from kg.sparql.cells import key_of
from kg.store.lookup import Lookup
from kg.store.store import Store

TASK = ox.NamedNode(KG + "Task")
_HAS_TASK = ox.NamedNode(KG + "hasTask")
_ITSELF = {"this", "note", "page", "task"}
Values = list[Term]
Column = Callable[[ox.NamedNode], Iterable[Term]]


@dataclass(frozen=True)
class Columns:
    """The values that things have in columns, and the names of terms. Each is looked up once."""

    naming: Lookup
    labels: Mapping[ox.NamedNode, str] = field(default_factory=dict, repr=False, compare=False)
    """Labels that serve as names where it is enough that a name is read, not that it means one thing only: the name of
    any other thing is the first that no other has, which takes a while to find."""

    @property
    def store(self) -> Store:
        """The store."""
        return self.naming.store

    # ---- values ------------------------------------------------------------------------------------------------------

    def values(self, thing: ox.NamedNode, name: str) -> Values:
        """The values of a column of a thing, sorted."""
        known = self._values.setdefault(name, {})
        if thing not in known:
            known[thing] = sorted(
                dict.fromkeys(self.column(name)(thing)), key=lambda term: (key_of(term, self.name(term)), str(term))
            )
        return known[thing]

    @cached_property
    def _values(self) -> dict[str, dict[ox.NamedNode, Values]]:
        return {}

    @property
    def looked_up(self) -> int:
        """The number of the columns whose values are kept."""
        return len(self._values)

    @cached_property
    def _columns(self) -> dict[str, Column]:
        """The columns that are no property of their own, by their names in Dataview and here."""
        columns: dict[str, Column] = {
            "name": lambda thing: [ox.Literal(self.name(thing))],
            "note": self._paths,
            "class": self.classes,
            "file.folder": lambda thing: [ox.Literal(path.value.rpartition("/")[0]) for path in self._paths(thing)],
            "file.ext": lambda thing: [ox.Literal(path.value.rpartition(".")[2]) for path in self._paths(thing)],
            "file.tags": lambda thing: self.objects(thing, TAGGED),
            "file.aliases": lambda thing: self.objects(thing, ALT_LABEL),
            "file.outlinks": lambda thing: self.objects(thing, LINKS_TO),
            "file.inlinks": lambda thing: (quad.subject for quad in self.store.triples(None, LINKS_TO, thing)),
            "file.tasks": lambda thing: self._of_parts(thing, [_HAS_TASK]),
        }
        same = {"file.name": "name", "file.link": "name", "file.path": "note", "file": "note", "type": "class"}
        same |= {"links": "file.outlinks", "backlinks": "file.inlinks", "file.etags": "file.tags", "tags": "file.tags"}
        same |= {"file.links": "file.outlinks", "file.backlinks": "file.inlinks", "aliases": "file.aliases"}
        return columns | {name: columns[other] for name, other in same.items()}

    def column(self, name: str) -> Column:
        """The values of a column. Raises NotFound if nothing has such a name."""
        key = name.strip().casefold()
        if key not in self._columns:
            self._columns[key] = self._property(name.strip())
        return self._columns[key]

    def _property(self, name: str) -> Column:
        if properties := self.properties(name):
            return lambda thing: self._stated(thing, properties)
        if self._is_declared(name):
            return lambda thing: ()
        first, dot, rest = name.partition(".")
        if dot and first.casefold() in _ITSELF:
            return self.column(rest)
        if dot and first and rest and first.casefold() != "file":
            of, then = self.column(first), self.column(rest)
            return lambda thing: (v for node in of(thing) if isinstance(node, ox.NamedNode) for v in then(node))
        if dot and first.casefold() == "file":
            raise NotFound(f"the graph has no “{name}”: it has what notes state, not the times and sizes of files")
        raise NotFound(f"nothing has a property “{name}”{self._near(name)}")

    def properties(self, name: str) -> list[ox.NamedNode]:
        """The properties with a name that are in use."""
        return [prop for prop in self.naming.properties(name) if self.store.has(None, prop, None)]

    def _is_declared(self, name: str) -> bool:
        return any(prop.value in self.naming.ontology.properties for prop in self.naming.properties(name))

    def _near(self, name: str) -> str:
        used = {self.naming.called(prop) for prop in self.store.predicates}
        return did_you_mean((near := nearest(name, used, letters_and_digits)) and f"“{near}”")

    def _stated(self, thing: ox.NamedNode, properties: Sequence[ox.NamedNode]) -> Iterable[Term]:
        """The values of a thing; else those of its note as a file, or of the sections.

        A task has those of its note if no task has such a value, as in Dataview.
        """
        if own := [value for prop in properties for value in self.objects(thing, prop)]:
            return own
        if documents := self.documents(thing):
            own = [value for node in documents for prop in properties for value in self.objects(node, prop)]
            return own or self._of_parts(thing, [prop for prop in properties if not self._is_structural(prop)])
        is_of_note = self.store.has(thing, TYPE, TASK) and not self._of_tasks.intersection(properties)
        page = self.page(thing) if is_of_note else thing
        return () if page == thing else self._stated(page, properties)

    @cached_property
    def _of_tasks(self) -> set[ox.NamedNode]:
        """The properties that tasks have."""
        tasks = {quad.subject for quad in self.store.triples(None, TYPE, TASK)}
        return {quad.predicate for task in tasks for quad in self.store.triples(task, None, None)}

    def _is_structural(self, prop: ox.NamedNode) -> bool:
        return prop != _HAS_TASK and self.naming.ontology.is_structural(prop.value)

    def _of_parts(self, thing: ox.NamedNode, properties: Sequence[ox.NamedNode]) -> Values:
        """The values of a note's sections and of the note itself."""
        values, stack, seen = Values(), [thing], {thing}
        while stack and properties:
            node = stack.pop()
            values += [value for prop in properties for value in self.objects(node, prop)]
            parts = {part for part in self.objects(node, HAS_SECTION) if isinstance(part, ox.NamedNode)} - seen
            seen |= parts
            stack += parts
        return values

    def objects(self, node: ox.NamedNode, prop: ox.NamedNode) -> Iterator[Term]:
        """The values of a property of a thing."""
        return (triple.object for triple in self.store.triples(node, prop, None))

    def classes(self, thing: ox.NamedNode) -> Iterator[Term]:
        """The classes that notes state."""
        return (
            triple.object
            for triple in self.store.triples(thing, TYPE, None)
            if not self.store.has(thing, TYPE, triple.object, INFERRED_GRAPH)
        )

    def documents(self, thing: ox.NamedNode) -> list[ox.NamedNode]:
        """The notes, as files, that describe a thing."""
        quads = self.store.triples(None, DESCRIBES, thing)
        return [quad.subject for quad in quads if isinstance(quad.subject, ox.NamedNode)]

    def page(self, thing: ox.NamedNode) -> ox.NamedNode:
        """The thing that a note describes: the thing itself, or that of the note that it is in."""
        if self.documents(thing):
            return thing
        for quad in self.store.find(thing, TYPE, None):
            if isinstance(quad.graph_name, ox.NamedNode):
                for described in self.objects(quad.graph_name, DESCRIBES):
                    return described if isinstance(described, ox.NamedNode) else thing
        return thing

    def _paths(self, thing: ox.NamedNode) -> list[ox.Literal]:
        """The paths of the notes of a thing: those that describe it, else the first that states its class."""
        documents = self.documents(thing) or self.documents(self.page(thing))
        paths = (path for node in documents for path in self.objects(node, PATH))
        return sorted((path for path in paths if isinstance(path, ox.Literal)), key=str)

    def offers(self, things: Iterable[ox.NamedNode]) -> list[str]:
        """The names of the properties that things have, most used first, without those that only kg states."""
        counts = Counter(quad.predicate for thing in things for quad in self.store.triples(thing, None, None))
        return self.offered(prop for prop, _ in counts.most_common())

    def offered(self, properties: Iterable[ox.NamedNode]) -> list[str]:
        """The names of properties, without those that only kg states."""
        named = (prop for prop in properties if prop != TYPE and prop not in LABELS)
        return [self.naming.called(prop) for prop in named if not self._is_structural(prop)]

    # ---- names -------------------------------------------------------------------------------------------------------

    def name(self, term: Term) -> str:
        """The name of a term for people: a label, the text of a task, a literal as it is."""
        return (self.labels.get(term) if isinstance(term, ox.NamedNode) else None) or self.names(term)[0]

    def names(self, term: Term) -> tuple[str, ...]:
        """The names of a term; the first is for display."""
        if not isinstance(term, ox.NamedNode):
            return (term.value if isinstance(term, ox.Literal) else str(term),)
        if term not in self.named:
            labels = [*self.store.literals(term, *LABELS, LABEL)]
            shown = self.labels.get(term) or self.naming.called(term).strip("<>")
            if not labels and self.store.has(term, TYPE, TASK):
                shown = next(self.store.literals(term, TEXT), shown)
            self.named[term] = (shown, *labels, term.value, self.naming.curie(term))
        return self.named[term]

    @cached_property
    def named(self) -> dict[ox.NamedNode, tuple[str, ...]]:
        """The names of the things that were looked up."""
        return {}
