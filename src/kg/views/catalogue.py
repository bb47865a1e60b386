"""Lists of things, narrowed down by facets: class, then property, then value, each with the number of things."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import NotFound
from kg.core.text import letters_and_digits
from kg.fulltext.folding import folded
from kg.rdf.canonical import parsed_term
from kg.rdf.terms import KG
from kg.rdf.vocabulary import DESCRIBES, LABELS, LINKS_TO, MENTIONS, TYPE, iri_of
from kg.views.folders import FolderCount, folders_below, is_in
from kg.views.open_vault import OpenVault, Shown

PAGE = 50
"""The things on a page of a list."""
_VALUES = 12
"""The most values of a facet."""
_LONGEST = 80
"""The characters of the longest text that is a value of a facet."""
_NO_FACETS = frozenset({TYPE, LINKS_TO, MENTIONS, *LABELS, ox.NamedNode(KG + "embeds")})

Value = ox.NamedNode | ox.Literal


class FacetCondition(NamedTuple):
    """A property, and the value that things in the list have of it."""

    property: ox.NamedNode
    value: Value


class CatalogueQuery(NamedTuple):
    """What a list holds: things of a class, or all that notes describe, narrowed down."""

    of: str = ""
    """A name of a class; empty for all that notes describe."""
    has: tuple[FacetCondition, ...] = ()
    folder: str = ""
    page: int = 1


class FacetValue(NamedTuple):
    """A value, and the number of things in the list that have it."""

    value: Shown
    term: str
    """The value in N-Triples syntax."""
    number: int
    is_chosen: bool = False


class Facet(NamedTuple):
    """A property of things in the list, and its values, the most frequent first."""

    property: Shown
    values: tuple[FacetValue, ...]
    more: int = 0
    """How many further values there are."""


class Entry(NamedTuple):
    """A thing in a list."""

    thing: Shown
    path: str
    """The note that describes it; empty if none does."""


@dataclass(frozen=True)
class Catalogue:
    """A page of a list, and how it can be narrowed down."""

    query: CatalogueQuery
    of: Shown | None
    chosen: tuple[tuple[Shown, Shown], ...]
    """The properties and values of the conditions."""
    entries: tuple[Entry, ...]
    total: int
    classes: tuple[tuple[Shown, int], ...]
    facets: tuple[Facet, ...]
    folders: tuple[FolderCount, ...]

    @property
    def pages(self) -> int:
        """The number of pages."""
        return max(1, -(-self.total // PAGE))


def catalogue(vault: OpenVault, query: CatalogueQuery) -> Catalogue:
    """A page of a list. Raises NotFound if there is no such class."""
    return _Cataloguer(vault, query).catalogue()


def class_counts(vault: OpenVault) -> list[tuple[Shown, int]]:
    """The classes that have things, without those that record how files are laid out; the largest first."""
    rows = vault.store.solutions("SELECT ?class (COUNT(?thing) AS ?number) { ?thing a ?class } GROUP BY ?class")
    known = vault.ontology.classes
    counts = [
        (vault.show(row[0]), int(row[1].value))
        for row in rows
        if isinstance(row[0], ox.NamedNode)
        and row[0].value in known
        and not vault.ontology.is_structural(row[0].value)
        and vault.is_named(row[0])
    ]
    return sorted(counts, key=lambda row: (-row[1], row[0].text))


@dataclass(frozen=True)
class _Cataloguer:
    vault: OpenVault
    query: CatalogueQuery

    def catalogue(self) -> Catalogue:
        """The page."""
        things = self.things
        first = PAGE * (self.query.page - 1)
        return Catalogue(
            self.query,
            self.vault.show(self._class) if self._class else None,
            tuple((self.vault.show(row.property), self.vault.show(row.value)) for row in self.query.has),
            tuple(Entry(self.vault.show(node), self.vault.path_of(node)) for node in things[first : first + PAGE]),
            len(things),
            tuple(class_counts(self.vault)),
            tuple(self._facets()),
            tuple(folders_below(map(self.vault.path_of, self.things), self.query.folder)),
        )

    # ---- the things --------------------------------------------------------------------------------------------------

    @cached_property
    def _class(self) -> ox.NamedNode | None:
        if not self.query.of:
            return None
        iri = self.vault.naming.iri(self.query.of)
        name = iri.value if iri else self.vault.ontology.class_named(self.query.of)
        if not name:
            raise NotFound(f"no class is named “{self.query.of}”")
        return ox.NamedNode(name)

    @cached_property
    def things(self) -> list[ox.NamedNode]:
        """The things in the list, by name."""
        rows = self.vault.store.solutions(f"SELECT DISTINCT ?thing {{ {self._pattern} }}")
        nodes = {row[0] for row in rows if isinstance(row[0], ox.NamedNode)}
        if self.query.folder:
            nodes = {node for node in nodes if is_in(self.vault.path_of(node), self.query.folder)}
        return sorted(nodes, key=self._alphabetical)

    @property
    def _pattern(self) -> str:
        which = f"?thing a {self._class}" if self._class else f"?document {DESCRIBES} ?thing"
        return " . ".join([which, *(f"?thing {row.property} {row.value}" for row in self.query.has)])

    def _alphabetical(self, node: ox.NamedNode) -> tuple[str, str]:
        return folded(self.vault.labels.get(node, node.value)).casefold(), node.value

    # ---- facets ------------------------------------------------------------------------------------------------------

    def _facets(self) -> Iterator[Facet]:
        """The facets that divide the list, those that cover most of it first."""
        counts = self._counts()
        covered = {prop: sum(number for _, number in rows) for prop, rows in counts.items()}
        for prop in sorted(counts, key=lambda prop: (-covered[prop], prop.value)):
            rows = sorted(counts[prop], key=lambda row: (-row[1], str(row[0])))
            chosen = {condition.value for condition in self.query.has if condition.property == prop}
            if chosen or self._divides(rows):
                yield Facet(self.vault.show(prop), tuple(self._values(rows, chosen)), max(0, len(rows) - _VALUES))

    def _divides(self, rows: Sequence[tuple[Value, int]]) -> bool:
        """Whether some value is shared: a property whose values are all different divides nothing."""
        return len(rows) <= _VALUES or rows[0][1] > 1

    def _values(self, rows: Iterable[tuple[Value, int]], chosen: set[Value]) -> Iterator[FacetValue]:
        for value, number in [*rows][:_VALUES]:
            yield FacetValue(self.vault.show(value), str(value), number, value in chosen)

    def _counts(self) -> dict[ox.NamedNode, list[tuple[Value, int]]]:
        """The values of each property with the number of things that have them."""
        counts: dict[ox.NamedNode, list[tuple[Value, int]]] = defaultdict(list)
        for prop, value, number in self._counted():
            is_short = isinstance(value, ox.NamedNode) or len(value.value) <= _LONGEST
            if is_short:
                counts[prop].append((value, number))
        return counts

    def _counted(self) -> Iterator[tuple[ox.NamedNode, Value, int]]:
        structural = {name for name in self.vault.store.predicates if self.vault.ontology.is_structural(name.value)}
        left_out = ", ".join(sorted(map(str, structural | _NO_FACETS)))
        rows = self.vault.store.solutions(
            "SELECT ?property ?value (COUNT(DISTINCT ?thing) AS ?number) "
            f"{{ {self._pattern} . ?thing ?property ?value FILTER(?property NOT IN ({left_out})) }} "
            "GROUP BY ?property ?value"
        )
        for prop, value, number in rows:
            if isinstance(prop, ox.NamedNode) and isinstance(value, ox.NamedNode | ox.Literal):
                yield prop, value, int(number.value)


def condition(vault: OpenVault, prop: str, value: str) -> FacetCondition:
    """The condition that two texts write: a property and a term in N-Triples syntax, or names. Raises NotFound."""
    properties = vault.naming.properties(prop)
    if not properties:
        raise NotFound(f"nothing has a property “{prop}”")
    return FacetCondition(properties[0], _term(value) or _named(vault, properties[0], value))


def _term(text: str) -> Value | None:
    try:
        term = parsed_term(text)
    except (SyntaxError, ValueError):
        return None
    return term if isinstance(term, ox.NamedNode | ox.Literal) else None


def _named(vault: OpenVault, prop: ox.NamedNode, text: str) -> Value:
    """The value of a property with a text. Raises NotFound."""
    wanted = letters_and_digits(text)
    values = {quad.object for quad in vault.store.triples(None, prop, None)}
    for value in sorted(values, key=str):
        shown = vault.show(value).text
        if isinstance(value, ox.NamedNode | ox.Literal) and text in {shown, iri_of(value)}:
            return value
        if isinstance(value, ox.NamedNode | ox.Literal) and wanted and letters_and_digits(shown) == wanted:
            return value
    raise NotFound(f"nothing has “{text}” as its {vault.show(prop).text}")
