"""The things of an answer, and the links between them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.vocabulary import TYPE
from kg.sparql.answer import Term
from kg.views.open_vault import OpenVault, Shown

MOST = 60
"""The things of an answer that are drawn."""


class AnswerLink(NamedTuple):
    """A link between two things, by their numbers, with the names of its properties."""

    source: int
    target: int
    properties: tuple[str, ...]


class AnswerNetwork(NamedTuple):
    """The first things of an answer, and the links between them."""

    things: tuple[Shown, ...]
    links: tuple[AnswerLink, ...]
    more: int
    """How many further things the rows have."""


def answer_network(vault: OpenVault, rows: Sequence[Sequence[Term | None]], *, is_graph: bool) -> AnswerNetwork | None:
    """The network of an answer; None if no link connects its things. The triples of a graph are its links."""
    found = [node for node in dict.fromkeys(_nodes(rows)) if _is_thing(vault.show(node))]
    kept = found[:MOST]
    numbers: dict[object, int] = {node: number for number, node in enumerate(kept)}
    pairs = _own(rows, numbers) if is_graph else _stored(vault, kept, numbers)
    between: dict[tuple[int, int], list[ox.NamedNode]] = defaultdict(list)
    for source, property_, target in pairs:
        if source != target and property_ != TYPE:
            between[source, target].append(property_)
    links = tuple(
        AnswerLink(*ends, tuple(dict.fromkeys(vault.show(property_).text for property_ in properties)))
        for ends, properties in sorted(between.items())
    )
    return AnswerNetwork(tuple(map(vault.show, kept)), links, len(found) - len(kept)) if links else None


_Pair = tuple[int, ox.NamedNode, int]


def _nodes(rows: Sequence[Sequence[Term | None]]) -> Iterator[ox.NamedNode]:
    return (term for row in rows for term in row if isinstance(term, ox.NamedNode))


def _is_thing(shown: Shown) -> bool:
    return bool(shown.kind) or shown.is_missing


def _own(rows: Sequence[Sequence[Term | None]], numbers: Mapping[object, int]) -> Iterator[_Pair]:
    """The links that the answer itself has."""
    for source, property_, target in rows:
        if source in numbers and target in numbers and isinstance(property_, ox.NamedNode):
            yield numbers[source], property_, numbers[target]


def _stored(vault: OpenVault, kept: Sequence[ox.NamedNode], numbers: Mapping[object, int]) -> Iterator[_Pair]:
    """The links that the store has."""
    for source in kept:
        for triple in vault.store.triples(source, None, None):
            if triple.object in numbers:
                yield numbers[source], triple.predicate, numbers[triple.object]
