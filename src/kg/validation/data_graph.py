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
        self._by_subject: dict[Any, list[ox.Triple]] = defaultdict(list)
        self._by_object: dict[Any, list[ox.Triple]] = defaultdict(list)
        for triple in self._more:
            self._by_subject[triple.subject].append(triple)
            self._by_object[triple.object].append(triple)

    def __call__(self, subject: Term | None, predicate: ox.NamedNode | None, obj: Term | None) -> Collection[ox.Triple]:
        """The triples that match a pattern; None matches any term."""
        matches = [quad.triple for quad in self._quads(subject, predicate, obj, DEFAULT_GRAPH)]
        if subject:
            candidates: Iterable[ox.Triple] = self._by_subject.get(subject, ())
        else:
            candidates = self._by_object.get(obj, ()) if obj else self._more
        matches += [t for t in candidates if predicate in {None, t.predicate} and obj in {None, t.object}]
        if predicate == TYPE and obj in {None, WEB_PAGE}:
            matches += self._of_page(subject)
        return matches

    def around(
        self, nodes: Collection[Term], predicate: ox.NamedNode | None, *, backwards: bool
    ) -> Iterator[ox.Triple]:
        """The triples of a property (None: of any) that begin at these nodes; with `backwards`, that end at them."""
        if predicate is None or len(nodes) < _MANY:
            for node in nodes:
                if backwards:
                    yield from self(None, predicate, node)
                elif not isinstance(node, (ox.Literal, ox.Triple)):
                    yield from self(node, predicate, None)
            return
        for triple in self(None, predicate, None):
            if (triple.object if backwards else triple.subject) in nodes:
                yield triple
        if predicate == TYPE and not backwards:
            for node in nodes:
                yield from self._of_page(node)

    def _of_page(self, subject: Term | None) -> Iterator[ox.Triple]:
        """The type of a web page, which no note states; none for other terms."""
        if not self._base or not isinstance(subject, ox.NamedNode) or not subject.value.startswith(_WEB):
            return
        if not subject.value.startswith(self._base):
            yield ox.Triple(subject, TYPE, WEB_PAGE)
