"""The words of queries about a vault: prefixes, classes and properties, as an editor offers them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.mapping.ontology import Ontology, local_name
from kg.rdf.sparql_syntax import in_query
from kg.rdf.terms import RDFS
from kg.rdf.vocabulary import TYPE
from kg.views.open_vault import OpenVault

_COMMENT = ox.NamedNode(RDFS + "comment")
_LONGEST = 200
"""The characters of the longest comment that is shown."""
_CLASSES = "SELECT ?class (COUNT(DISTINCT ?thing) AS ?number) { ?thing a ?class } GROUP BY ?class"
_PROPERTIES = "SELECT ?property (COUNT(*) AS ?number) { ?thing ?property ?value } GROUP BY ?property"
_OF_CLASSES = (
    "SELECT ?class ?property (COUNT(*) AS ?number) { ?thing a ?class ; ?property ?value } GROUP BY ?class ?property"
)


class VocabularyWord(NamedTuple):
    """A class or property."""

    written: str
    """As a query writes it."""
    label: str
    comment: str
    uses: int
    """The things of a class, or the triples of a property."""
    of: Mapping[str, int] = {}
    """The classes whose things have a property, as a query writes them, with its uses there."""
    to: tuple[str, ...] = ()
    """The classes that a property leads to, as the ontology says."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of queries about a vault; the most used first."""

    prefixes: Mapping[str, str]
    classes: tuple[VocabularyWord, ...]
    properties: tuple[VocabularyWord, ...]


def vocabulary(vault: OpenVault) -> Vocabulary:
    """The words of queries about a vault."""
    return Vocabulary(dict(vault.store.prefixes), _classes(vault), _properties(vault))


def _classes(vault: OpenVault) -> tuple[VocabularyWord, ...]:
    counts = {row[0].value: int(row[1].value) for row in vault.store.solutions(_CLASSES) if _is_iri(row[0])}
    return _sorted(_word(vault, iri, counts.get(iri, 0)) for iri in counts.keys() | vault.ontology.classes)


def _properties(vault: OpenVault) -> tuple[VocabularyWord, ...]:
    ontology, prefixes = vault.ontology, vault.store.prefixes
    counts = {row[0].value: int(row[1].value) for row in vault.store.solutions(_PROPERTIES)}
    counts.setdefault(TYPE.value, 0)
    of: dict[str, dict[str, int]] = defaultdict(dict)
    for row in vault.store.solutions(_OF_CLASSES):
        if _is_iri(row[0]):
            of[row[1].value][in_query(row[0].value, prefixes)] = int(row[2].value)
    words = (
        _word(vault, iri, counts.get(iri, 0))._replace(of=of.get(iri, {}), to=_led_to(ontology, iri, prefixes))
        for iri in counts.keys() | ontology.properties
    )
    return _sorted(words)


def _led_to(ontology: Ontology, iri: str, prefixes: Mapping[str, str]) -> tuple[str, ...]:
    declared = ontology.properties.get(iri)
    return tuple(in_query(range_, prefixes) for range_ in sorted(declared.ranges)) if declared else ()


def _word(vault: OpenVault, iri: str, uses: int) -> VocabularyWord:
    comment = next(vault.store.literals(ox.NamedNode(iri), _COMMENT), "")
    shown = comment if len(comment) <= _LONGEST else f"{comment[: _LONGEST - 1].rstrip()}…"
    label = vault.ontology.label(iri) or local_name(iri)
    return VocabularyWord(in_query(iri, vault.store.prefixes), label, shown, uses)


def _sorted(words: Iterable[VocabularyWord]) -> tuple[VocabularyWord, ...]:
    return tuple(sorted(words, key=lambda word: (-word.uses, word.written)))


def _is_iri(term: object) -> bool:
    return isinstance(term, ox.NamedNode)
