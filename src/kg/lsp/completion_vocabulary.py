"""The words of a vault that notes use: keys, tags, values and classes, each with its uses; of the last graph."""

import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

import pyoxigraph as ox

from kg.lsp.made_once import MadeOnce
from kg.mapping.ontology import OntologyProperty
from kg.rdf.terms import RDF, RDFS, SH
from kg.rdf.vocabulary import ALT_LABEL, LABEL, LABELS, TAGGED, TYPE, Term
from kg.views.open_vault import OpenVault

_MOST_COUNTED = 2_000
"""The most triples of a property of which the values are counted."""
_MOST_MEMBERS = 500
"""A class with more things has only its notes offered, by their own words."""
_LONGEST = 80
"""The characters of the longest text that is offered as a value."""
_COMMENT = ox.NamedNode(RDFS + "comment")
_FIRST, _REST = ox.NamedNode(RDF + "first"), ox.NamedNode(RDF + "rest")
_PATH, _IN = ox.NamedNode(SH + "path"), ox.NamedNode(SH + "in")


class UsedWord(NamedTuple):
    """A word, and how often notes use it."""

    text: str
    uses: int


class ClassMember(NamedTuple):
    """A thing of a class."""

    label: str
    path: str
    """The note that describes it; empty if none does."""
    is_known_by_name: bool
    """Whether its name identifies it, wherever it is written."""


@dataclass(frozen=True)
class VaultWords:
    """The words of a vault. They are counted when they are first asked for, and kept while the graph is the same."""

    vault: OpenVault
    """Only as long as somebody else holds it."""
    _values: dict[str, tuple[tuple[Term, int], ...]] = field(default_factory=dict, repr=False)
    _other_keys: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _members: dict[frozenset[str], tuple[ClassMember, ...]] = field(default_factory=dict, repr=False)

    def prepare(self) -> None:
        """Count what takes longest before somebody waits for it."""
        self.uses  # noqa: B018 - they are kept
        self.tags  # noqa: B018 - they are kept

    # ---- keys --------------------------------------------------------------------------------------------------------

    @cached_property
    def uses(self) -> Mapping[str, int]:
        """The triples of each property that a note can name."""
        store, ontology = self.vault.store, self.vault.ontology
        declared = {iri for iri in ontology.properties if not ontology.is_structural(iri)}
        names = declared.union(self.own_keys) - {label.value for label in LABELS}
        terms = " ".join(sorted(str(ox.NamedNode(name)) for name in names))
        query = f"SELECT ?p (COUNT(*) AS ?number) {{ VALUES ?p {{ {terms} }} ?s ?p ?o }} GROUP BY ?p"
        return {row[0].value: int(row[1].value) for row in store.solutions(query)}

    @cached_property
    def own_keys(self) -> Mapping[str, str]:
        """The properties that no ontology defines, and the keys by which notes state them."""
        start = self.vault.names.property("")[:-1]
        keys: dict[str, str] = {}
        for triple in sorted(self.vault.store.triples(None, LABEL, None), key=str):
            if isinstance(triple.subject, ox.NamedNode) and triple.subject.value.startswith(start):
                keys.setdefault(triple.subject.value, getattr(triple.object, "value", ""))
        return keys

    def key(self, prop: str) -> str:
        """The key by which a note states a property; empty if it cannot."""
        ontology = self.vault.ontology
        if prop in self.own_keys:
            return self.own_keys[prop]
        for name in (ontology.label(prop), prop.rpartition("#")[2].rpartition("/")[2]):
            if any(found.iri == prop for found in ontology.properties_named(name)[:1]):
                return name
        return ""

    def other_keys(self, prop: str) -> tuple[str, ...]:
        """Further keys that mean a property: its alternative labels."""
        if prop not in self._other_keys:
            ontology = self.vault.ontology
            labels = (quad.object for quad in self.vault.store.find(ox.NamedNode(prop), ALT_LABEL, None))
            names = sorted(label.value for label in labels if isinstance(label, ox.Literal))
            meant = (name for name in names if [row.iri for row in ontology.properties_named(name)[:1]] == [prop])
            self._other_keys[prop] = tuple(dict.fromkeys(meant))
        return self._other_keys[prop]

    def comment(self, term: str) -> str:
        """What the ontology says about a term."""
        rows = (quad.object for quad in self.vault.store.find(ox.NamedNode(term), _COMMENT, None))
        texts = [row for row in rows if isinstance(row, ox.Literal)]
        return min(texts, key=lambda text: text.language not in {"en", None}).value if texts else ""

    # ---- tags and values ---------------------------------------------------------------------------------------------

    @cached_property
    def tags(self) -> Sequence[UsedWord]:
        """The tags, the most used first."""
        query = f"SELECT ?tag (COUNT(*) AS ?number) {{ ?thing {TAGGED} ?tag }} GROUP BY ?tag"
        rows = [(self._tag(row[0]), int(row[1].value)) for row in self.vault.store.solutions(query)]
        return [UsedWord(*row) for row in sorted(rows, key=lambda row: (-row[1], row[0].casefold()))]

    def _tag(self, term: ox.NamedNode) -> str:
        label = next(self.vault.store.literals(term, *LABELS), "")
        return (label or unquote(term.value.partition("#tag/")[2])).removeprefix("#")

    def values(self, prop: str) -> tuple[tuple[Term, int], ...]:
        """The values that notes give a property, the most used first; of very many, those that are found first."""
        if prop not in self._values:
            triples = islice(self.vault.store.triples(None, ox.NamedNode(prop), None), _MOST_COUNTED)
            counts = Counter(triple.object for triple in triples)
            rows = sorted(counts.items(), key=lambda row: (-row[1], str(row[0])))
            self._values[prop] = tuple(row for row in rows if len(getattr(row[0], "value", "")) <= _LONGEST)
        return self._values[prop]

    def allowed(self, prop: str) -> Iterator[Term]:
        """The values that shapes allow for a property, by `sh:in`."""
        objects: dict[tuple[str, str], Term] = {
            (str(triple.subject), str(triple.predicate)): triple.object for triple in self.vault.ontology.shapes
        }
        for (subject, predicate), value in objects.items():
            if predicate == str(_PATH) and str(value) == str(ox.NamedNode(prop)):
                node = objects.get((subject, str(_IN)))
                for _ in range(len(objects)):
                    if node is None or (str(node), str(_FIRST)) not in objects:
                        break
                    yield objects[str(node), str(_FIRST)]
                    node = objects.get((str(node), str(_REST)))

    # ---- classes -----------------------------------------------------------------------------------------------------

    def fits(self, kinds: tuple[str, ...], classes: frozenset[str]) -> bool:
        """Whether a note with words that may name its classes is of one of these, or of a class below."""
        ontology = self.vault.ontology
        named = {name for word in kinds if (name := ontology.class_named(word))}
        if not named and (default := ontology.class_named(self.vault.config.default_class)):
            named = {default}
        return any(ontology.superclasses(name) & classes for name in named)

    def class_label(self, kinds: tuple[str, ...]) -> str:
        """The label of the class of a note with words that may name it."""
        ontology = self.vault.ontology
        named = (ontology.class_named(word) for word in (*kinds, self.vault.config.default_class))
        first = next(filter(None, named), "")
        return ontology.label(first) if first else ""

    def members(self, classes: frozenset[str]) -> tuple[ClassMember, ...]:
        """The things of some classes and of those below, as the graph has them; none if there are many.

        Many are those of notes, which their own words tell.
        """
        if classes not in self._members:
            ontology, store = self.vault.ontology, self.vault.store
            below = [name for name in ontology.classes if ontology.superclasses(name) & classes]
            found = (triple.subject for name in below for triple in store.triples(None, TYPE, ox.NamedNode(name)))
            nodes = {node for node in islice(found, _MOST_MEMBERS + 1) if isinstance(node, ox.NamedNode)}
            nodes = nodes if len(nodes) <= _MOST_MEMBERS else set()
            by_name = any(ontology.known_by_name(name) for name in classes)
            rows = ((next(store.literals(node, *LABELS), ""), node) for node in nodes)
            members = [ClassMember(label, self.path(node), by_name) for label, node in rows if label]
            self._members[classes] = tuple(sorted(members))
        return self._members[classes]

    def path(self, thing: ox.NamedNode) -> str:
        """The note that describes a thing; empty if none does."""
        return self.vault.naming.meant.path_of(thing)

    def ranges(self, props: Iterable[OntologyProperty]) -> frozenset[str]:
        """The classes to which properties lead."""
        return frozenset().union(*(prop.ranges for prop in props)) & self.vault.ontology.classes


@MadeOnce
def vault_words(vault: OpenVault) -> VaultWords:
    """The words of a vault, counted once for each graph."""
    return VaultWords(weakref.proxy(vault))
