"""The data graph of a validation (SHACL 1.4): the triples that shapes check, looked up one by one or many at a time."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import pyoxigraph as ox

from kg.rdf.vocabulary import DEFAULT_GRAPH, TYPE, WEB_PAGE, Term

_WEB = ("http://", "https://")
_MANY = 200
"""From this number of nodes on, reading all triples of a property is cheaper than a look-up a node."""


class DataGraph:
    """The default graph of a store, with additional triples for the shapes.

    These are the triples `more` and, if the vault's `base` is set, the type kg:WebPage of each web page outside it.
    Calling it looks up a pattern: a subject, a property and an object, each of which may be None.
    """

    def __init__(
        self, quads: Callable[..., Iterable[ox.Quad]], more: Iterable[ox.Triple] = (), base: str | None = None
    ) -> None:
        self._quads = quads
        self._base = base
        self._more = list(more)
        self._from: dict[ox.NamedNode | None, dict[Term, list[ox.Triple]]] = {}
        self._to: dict[ox.NamedNode | None, dict[Term, list[ox.Triple]]] = {}
        """The triples of the properties that were read as a whole, by subject and by object."""
        self._by_subject: dict[Any, list[ox.Triple]] = defaultdict(list)
        self._by_object: dict[Any, list[ox.Triple]] = defaultdict(list)
        for triple in self._more:
            self._by_subject[triple.subject].append(triple)
            self._by_object[triple.object].append(triple)

    def __call__(self, subject: Term | None, predicate: ox.NamedNode | None, obj: Term | None) -> Collection[ox.Triple]:
        """The triples that match a pattern; None matches any term."""
        if subject and obj is None and predicate in self._from:
            return [*self._from[predicate].get(subject, ()), *self._type_of_page(subject, predicate)]
        matches = [quad.triple for quad in self._quads(subject, predicate, obj, DEFAULT_GRAPH)]
        if subject:
            candidates: Iterable[ox.Triple] = self._by_subject.get(subject, ())
        else:
            candidates = self._by_object.get(obj, ()) if obj else self._more
        matches += [t for t in candidates if predicate in {None, t.predicate} and obj in {None, t.object}]
        if obj in {None, WEB_PAGE}:
            matches += self._type_of_page(subject, predicate)
        return matches

    def around(
        self, nodes: Collection[Term], predicate: ox.NamedNode | None, *, backwards: bool
    ) -> Iterator[ox.Triple]:
        """The triples of a property (None: of any) that begin at these nodes; with `backwards`, that end at them."""
        tables = self._to if backwards else self._from
        if predicate is None or (len(nodes) < _MANY and predicate not in tables):
            for node in nodes:
                if backwards:
                    yield from self(None, predicate, node)
                elif not isinstance(node, (ox.Literal, ox.Triple)):
                    yield from self(node, predicate, None)
            return
        if predicate not in tables:
            table: dict[Term, list[ox.Triple]] = defaultdict(list)
            tables[predicate] = table
            for triple in self(None, predicate, None):
                table[triple.object if backwards else triple.subject].append(triple)
        for node in nodes:
            yield from tables[predicate].get(node, ())
            if not backwards:
                yield from self._type_of_page(node, predicate)

    def _type_of_page(self, subject: Term | None, predicate: ox.NamedNode | None) -> Iterator[ox.Triple]:
        """The type of a web page, which no note states; nothing for other terms and properties."""
        if predicate != TYPE or not self._base or not isinstance(subject, ox.NamedNode):
            return
        if not subject.value.startswith(_WEB):
            return
        if not subject.value.startswith(self._base):
            yield ox.Triple(subject, TYPE, WEB_PAGE)
