"""Skolem IRIs for the blank nodes of an ontology file (RDF 1.1 Concepts, section 3.5).

The name of a blank node is a hash of its file, of the triples that lead from it, and of those that lead to it, as far
as blank nodes continue them. So a name changes only if its own expression changes, and two files never share a name.
Nodes that these triples do not distinguish are numbered in the order of the file.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import pyoxigraph as ox

from kg.rdf.terms import KG
from kg.rdf.vocabulary import Term

GENID = "/.well-known/genid/"
_PREFIX = KG.rstrip("#") + GENID
_ROUNDS = 16
"""The length of the paths that distinguish the nodes of a circle: without a limit, time is the square of its size."""

_Edges = list[list[tuple[str, int | str]]]
"""For each blank node, by number, the properties and their other ends: a blank node, or the text of a term."""


def skolemised(triples: Iterable[ox.Triple], file: str) -> list[ox.Triple]:
    """Return the triples of a file with an IRI for each blank node, in their order; `file` identifies the file.

    The same triples in the same order give the same names on every machine.
    """
    rows = list(dict.fromkeys(triples))
    iris = {node: ox.NamedNode(_PREFIX + name) for node, name in _names(rows, file).items()}

    def named(term: Term) -> Term:
        if isinstance(term, ox.Triple):
            return ox.Triple(_subject(named(term.subject)), term.predicate, named(term.object))
        return iris[term] if isinstance(term, ox.BlankNode) else term

    return [ox.Triple(_subject(named(s)), p, named(o)) for s, p, o in rows]


def _subject(term: Term) -> ox.NamedNode | ox.BlankNode | ox.Triple:
    assert not isinstance(term, ox.Literal)
    return term


def _names(triples: list[ox.Triple], file: str) -> dict[ox.BlankNode, str]:
    """Return a distinct name for each blank node."""
    numbers: dict[ox.BlankNode, int] = {}
    for triple in triples:
        for node in _blank_nodes(triple):
            numbers.setdefault(node, len(numbers))
    leading: _Edges = [[] for _ in numbers]
    arriving: _Edges = [[] for _ in numbers]
    for subject, predicate, obj in triples:
        start, end = (numbers[t] if isinstance(t, ox.BlankNode) else _text(t) for t in (subject, obj))
        if isinstance(start, int):
            leading[start].append((predicate.value, end))
        if isinstance(end, int):
            arriving[end].append((predicate.value, start))
    hashes = _hashes(arriving, _hashes(leading, [_hash(file)] * len(numbers)))
    alike: Counter[str] = Counter()
    names = {}
    for node, name in zip(numbers, hashes, strict=True):
        alike[name] += 1
        names[node] = name if alike[name] == 1 else f"{name}-{alike[name]}"
    return names


def _blank_nodes(term: Term) -> Iterator[ox.BlankNode]:
    if isinstance(term, ox.Triple):
        yield from _blank_nodes(term.subject)
        yield from _blank_nodes(term.object)
    elif isinstance(term, ox.BlankNode):
        yield term


def _text(term: Term) -> str:
    """Return the text of a term, without the labels of blank nodes."""
    if isinstance(term, ox.Triple):
        return f"<<{_text(term.subject)} {term.predicate} {_text(term.object)}>>"
    return "" if isinstance(term, ox.BlankNode) else str(term)


def _hashes(edges: _Edges, start: list[str]) -> list[str]:
    """Return a hash of each node with everything that its edges reach; in a circle, within `_ROUNDS` edges."""
    users: list[list[int]] = [[] for _ in edges]
    for node, row in enumerate(edges):
        for other in _nodes(row):
            users[other].append(node)
    waiting = [len(_nodes(row)) for row in edges]
    hashes = list(start)
    ready = [node for node, number in enumerate(waiting) if not number]
    for node in ready:
        hashes[node] = _of_node(start[node], edges[node], hashes)
        for user in users[node]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    circles = {node: {*_nodes(edges[node]), *users[node]} for node, number in enumerate(waiting) if number}
    for circle in _connected(circles):
        _refine(circle, edges, start, hashes)
    return hashes


def _refine(circle: list[int], edges: _Edges, start: list[str], hashes: list[str]) -> None:
    """Hash the nodes of a circle in rounds that each reach one edge further (colour refinement)."""
    number = len({hashes[node] for node in circle})
    for _ in range(_ROUNDS):
        refined = [_of_node(start[node], edges[node], hashes) for node in circle]
        before, number = number, len(set(refined))
        for node, colour in zip(circle, refined, strict=True):
            hashes[node] = colour
        if number == before:
            return


def _connected(neighbours: dict[int, set[int]]) -> Iterator[list[int]]:
    """Yield the nodes of each part that no edge joins to another."""
    left = set(neighbours)
    for first in neighbours:
        part = [first] if first in left else []
        left.discard(first)
        for node in part:
            more = neighbours[node] & left
            part += more
            left -= more
        if part:
            yield part


def _nodes(edges: list[tuple[str, int | str]]) -> list[int]:
    return [other for _, other in edges if isinstance(other, int)]


def _of_node(start: str, edges: list[tuple[str, int | str]], hashes: list[str]) -> str:
    ends = [f"{name} {hashes[other] if isinstance(other, int) else other}" for name, other in edges]
    return _hash(start, *sorted(ends))


def _hash(*parts: str) -> str:
    return blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
