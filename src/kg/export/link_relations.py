"""Links that say the same: inverse properties, and properties implied by others, are drawn once.

A picture draws a link if no other drawn link of the same two things says it:

    the inverse of a drawn property             outcomeOf beside hasOutcome
    what a more specific property implies       dcterms:references beside kg:hasResource
    a plain link beside a property              kg:linksTo beside skos:related, kg:mentions beside kg:linksTo
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from kg.analysis.network import Network
from kg.rdf.vocabulary import INVERSE_OF, LINKS_TO, MENTIONS, ONTOLOGY_GRAPH, SUB_PROPERTY_OF, iri_of
from kg.store.store import Store

PLAIN = (LINKS_TO.value, MENTIONS.value)
"""The properties that only say that a text links to something."""


@dataclass(frozen=True)
class Relations:
    """What the ontology says of properties, by their IRIs."""

    inverses: Mapping[str, str] = field(default_factory=dict)
    """The inverse of a property, in both directions."""
    above: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The properties that a property implies."""


class DrawnLink(NamedTuple):
    """A link of a picture; `both` if the same property also leads back."""

    source: int
    target: int
    property: str
    both: bool


def relations(store: Store) -> Relations:
    """What the ontology of a store says of its properties."""
    inverses: dict[str, str] = {}
    for quad in store.find(None, INVERSE_OF, None, ONTOLOGY_GRAPH):
        first, second = iri_of(quad.subject), iri_of(quad.object)
        if first and second:
            inverses.setdefault(first, second)
            inverses.setdefault(second, first)
    parents: dict[str, set[str]] = {}
    for quad in store.find(None, SUB_PROPERTY_OF, None, ONTOLOGY_GRAPH):
        parents.setdefault(iri_of(quad.subject), set()).add(iri_of(quad.object))
    return Relations(inverses, {name: _reached(parents, name) - {name} for name in sorted(parents)})


def _reached(parents: Mapping[str, Iterable[str]], start: str) -> frozenset[str]:
    seen, waiting = set[str](), [start]
    while waiting:
        for name in parents.get(waiting.pop(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return frozenset(seen)


def drawn_links(network: Network, known: Relations) -> list[DrawnLink]:
    """The links to draw, sorted: of links that say the same, one."""
    counts = Counter(link.property for link in network.links)
    pairs: dict[tuple[int, int], set[tuple[int, int, str]]] = {}
    for source, target, name, _ in network.links:
        pairs.setdefault((min(source, target), max(source, target)), set()).add((source, target, name))
    return [drawn for pair in sorted(pairs) for drawn in _between(pairs[pair], known, counts)]


def _between(links: set[tuple[int, int, str]], known: Relations, counts: Counter[str]) -> list[DrawnLink]:
    kept = []
    for source, target, name in sorted(links):
        same = [(other, known.inverses.get(other)) for start, _, other in links if start == source]
        back = [(other, known.inverses.get(other)) for start, _, other in links if start == target]
        stronger = [other for other, _ in same] + [inverse for _, inverse in back if inverse]
        implied = any(_implies(known, other, name) for other in stronger)
        inverted = any(inverse == name and _rank(other, counts) < _rank(name, counts) for other, inverse in back)
        plain = name in PLAIN and any(_plainness(other) < _plainness(name) for other, _ in same)
        if not (implied or inverted or plain):
            kept.append((source, target, name))
    there = set(kept)
    return [
        DrawnLink(source, target, name, (target, source, name) in there)
        for source, target, name in kept
        if source < target or (target, source, name) not in there
    ]


def _implies(known: Relations, other: str, name: str) -> bool:
    """Whether a property implies another; of two that imply each other, the first by name is drawn."""
    mutual = other in known.above.get(name, ())
    return name in known.above.get(other, ()) and (not mutual or other < name)


def _rank(name: str, counts: Counter[str]) -> tuple[int, str]:
    """Of two inverse properties, the more frequent is drawn."""
    return -counts[name], name


def _plainness(name: str) -> int:
    return PLAIN.index(name) + 1 if name in PLAIN else 0
