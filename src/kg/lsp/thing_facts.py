"""What the graph says of a thing, for a reader of notes: without outlines, links and terms of other vocabularies."""

from collections import defaultdict
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.terms import SKOS
from kg.rdf.vocabulary import (
    ALT_LABEL,
    INVERSE_OF,
    LABELS,
    LINKS_TO,
    MENTIONS,
    ONTOLOGY_GRAPH,
    OWN_GRAPHS,
    TYPE,
    Term,
    iri_of,
)
from kg.reasoning.other_vocabularies import follows_across
from kg.views.open_vault import OpenVault

DEFINITION = ox.NamedNode(SKOS + "definition")
_ELSEWHERE = frozenset((TYPE, *LABELS, LINKS_TO, MENTIONS, DEFINITION))
"""The properties that are shown in another way."""


class Relation(NamedTuple):
    """The things that a property of the ontology connects with a thing."""

    property: ox.NamedNode
    things: tuple[ox.NamedNode, ...]
    is_inbound: bool = False
    """Whether the property leads from these things here, and has no inverse that leads there."""


def facts(vault: OpenVault, node: ox.NamedNode) -> list[ox.Triple]:
    """The facts that a reader wants to know of a thing, sorted: by properties of the ontology, then by other ones."""
    rows = [row for row in vault.store.triples(node, None, None) if _is_telling(vault, row)]
    return sorted(rows, key=lambda row: (row.predicate.value not in vault.ontology.properties, str(row)))


def _is_telling(vault: OpenVault, row: ox.Triple) -> bool:
    predicate = row.predicate
    if predicate in _ELSEWHERE or vault.ontology.is_structural(predicate.value):
        return False
    is_own = predicate.value.startswith(vault.names.property("")[:-1])
    return is_own or (vault.is_named(predicate) and not follows_across(vault.store, row))


def relations(vault: OpenVault, node: ox.NamedNode) -> list[Relation]:
    """The things that properties of the ontology connect with a thing, asserted or inferred, sorted by property."""
    outgoing: dict[ox.NamedNode, set[ox.NamedNode]] = defaultdict(set)
    incoming: dict[ox.NamedNode, set[ox.NamedNode]] = defaultdict(set)
    for row in vault.store.triples(node, None, None):
        if isinstance(row.object, ox.NamedNode) and _relates(vault, row.predicate) and _is_telling(vault, row):
            outgoing[row.predicate].add(row.object)
    for row in vault.store.triples(None, None, node):
        if isinstance(row.subject, ox.NamedNode) and _relates(vault, row.predicate) and _is_telling(vault, row):
            incoming[row.predicate].add(row.subject)
    found = [Relation(property_, _sorted(things)) for property_, things in outgoing.items()]
    for property_, things in incoming.items():
        known = set[ox.NamedNode]().union(*(outgoing.get(other, set()) for other in inverses(vault, property_)))
        known |= outgoing.get(property_, set())  # a property that is symmetric
        if rest := things - known:
            found.append(Relation(property_, _sorted(rest), is_inbound=True))
    return sorted(found)


def _relates(vault: OpenVault, predicate: ox.NamedNode) -> bool:
    declared = vault.ontology.properties.get(predicate.value)
    return declared is not None and declared.kind == "object"


def _sorted(things: set[ox.NamedNode]) -> tuple[ox.NamedNode, ...]:
    return tuple(sorted(things, key=iri_of))


def inverses(vault: OpenVault, property_: ox.NamedNode) -> set[ox.NamedNode]:
    """The inverses of a property, as the ontology says."""
    rows: set[Term] = {row.object for row in vault.store.triples(property_, INVERSE_OF, None, ONTOLOGY_GRAPH)}
    rows |= {row.subject for row in vault.store.triples(None, INVERSE_OF, property_, ONTOLOGY_GRAPH)}
    return {node for node in rows if isinstance(node, ox.NamedNode)}


def linking(vault: OpenVault, node: ox.NamedNode, predicate: ox.NamedNode = LINKS_TO) -> list[ox.NamedNode]:
    """The things that link to a thing: notes, or the places in them that mention it; sorted."""
    subjects = {row.subject for row in vault.store.triples(None, predicate, node)}
    return list(_sorted({subject for subject in subjects if isinstance(subject, ox.NamedNode)}))


def uses(vault: OpenVault, predicate: ox.NamedNode, value: ox.NamedNode | None = None) -> int:
    """The number of the notes that state a property, of any value or of one."""
    own = ", ".join(map(str, OWN_GRAPHS))
    pattern = f"GRAPH ?g {{ ?s {predicate} {value or '?o'} }} FILTER (?g NOT IN ({own}))"
    (row,) = vault.store.solutions(f"SELECT (COUNT(DISTINCT ?g) AS ?n) {{ {pattern} }}")
    return int(row[0].value)


def counted(vault: OpenVault, things: tuple[ox.NamedNode, ...]) -> str:
    """Things in a few words: the name of one, or their number and class, in the plural that the ontology knows."""
    if len(things) == 1:
        return vault.show(things[0]).text
    kinds = {vault.kind(thing) for thing in things}
    kind = next(iter(kinds))
    if len(kinds) > 1 or not kind or not vault.ontology.label(kind):
        return f"{len(things):,} things"
    label = vault.ontology.label(kind)
    others = [text for text in vault.store.literals(ox.NamedNode(kind), ALT_LABEL) if text.startswith(label)]
    plural = min(others, key=lambda text: (len(text), text), default="")
    return f"{len(things):,} {plural.lower()}" if plural else f"{len(things):,} × {label}"
