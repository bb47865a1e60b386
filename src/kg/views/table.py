"""Tables of the things of a class: columns of their own properties, sorted and filtered, page by page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.vocabulary import DESCRIBES
from kg.sparql.answer import Answer
from kg.sparql.listing import NOTE, Comparison, ListedThings, Lister, Listing
from kg.sparql.no_rows import Reasons
from kg.sparql.parameters import Binder
from kg.views.catalogue import class_counts
from kg.views.open_vault import OpenVault, Shown

PAGE = 50
"""The things on a page."""
_OFFERED = 40
"""The most properties that are offered as columns."""
_DEFAULT = 4
"""The columns of a table for which none are chosen."""
_EXPLAINED = 1_000
"""The most things of a table whose empty columns are explained: each value has to be looked up."""
_VALUES = 12
"""The most values in a cell."""
_KEPT = 100
"""The most columns whose values are kept for the next table."""
_NOTES = f"?note {DESCRIBES} ?thing ."
_PROPERTIES = """SELECT ?property {{ {having} ?thing ?property ?value }}
GROUP BY ?property ORDER BY DESC(COUNT(DISTINCT ?thing)) ?property"""
NAME = "name"
"""The column of the things themselves."""


class TableQuery(NamedTuple):
    """What a table shows."""

    of: str = ""
    """A name of a class; empty for all that notes describe."""
    columns: tuple[str, ...] = ()
    """Empty for the most used properties."""
    order: tuple[str, bool] | None = None
    """The column to sort by, and whether the greatest value is first."""
    where: tuple[Comparison, ...] = ()
    page: int = 1

    @property
    def listing(self) -> Listing:
        """The table as `kg list` makes it."""
        titles = tuple((name, name) for name in self.columns)
        return Listing(self.of, titles, self.where, (self.order,) if self.order else ())


class TableCell(NamedTuple):
    """The values of a thing in a column."""

    values: tuple[Shown, ...]
    more: int = 0


class TableRow(NamedTuple):
    """A thing in a table."""

    thing: Shown
    cells: tuple[TableCell, ...]


@dataclass(frozen=True)
class ThingTable:
    """A page of a table, and how it can be changed."""

    query: TableQuery
    """With the columns that are shown."""
    of: Shown | None
    """The class; None for all that notes describe."""
    rows: tuple[TableRow, ...]
    total: int
    """The things that meet the conditions."""
    things: int
    """The things before the conditions."""
    classes: tuple[tuple[Shown, int], ...]
    offers: tuple[str, ...]
    """The names of the properties that things of the class have; the most used first."""
    notes: tuple[str, ...] = ()
    """What the table lacks, in sentences."""

    @property
    def pages(self) -> int:
        """The number of pages."""
        return max(1, -(-self.total // PAGE))


@dataclass
class ThingTables:
    """The tables of a vault. What one of them reads is kept for the next."""

    vault: OpenVault
    _lister: Lister | None = None
    _offered: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def classes(self) -> tuple[tuple[Shown, int], ...]:
        """The classes that have things."""
        return tuple(class_counts(self.vault))

    @property
    def lister(self) -> Lister:
        """What finds things and their values; another one, if this keeps the values of too many columns."""
        if self._lister is None or self._lister.columns.looked_up > _KEPT:
            labels = {node: label for node, label in self.vault.labels.items() if "#" not in node.value}
            self._lister = Lister(Binder(self.vault.config, known=self.vault.naming), labels)
        return self._lister

    def table(self, query: TableQuery) -> ThingTable:
        """A page of a table. Raises NotFound if nothing has the name of its class or of a column, KgError."""
        lister, offers = self.lister, self.offers(query.of)
        found = lister.found(query.listing)
        notes = tuple(self._notes(query, found))
        query = query._replace(columns=query.columns or offers[:_DEFAULT])
        last = max(1, -(-len(found.kept) // PAGE))
        query = query._replace(page=min(max(1, query.page), last))
        first = PAGE * (query.page - 1)
        rows = tuple(self._row(thing, query.columns) for thing in found.kept[first : first + PAGE])
        of = self.vault.show(lister.class_named(query.of)) if query.of else None
        return ThingTable(query, of, rows, len(found.kept), len(found.things), self.classes, offers, notes)

    def answer(self, query: TableQuery) -> Answer:
        """All rows of a table, as `kg list` writes them to a file. Raises NotFound, KgError."""
        lister = self.lister
        listing = query._replace(columns=query.columns or self.offers(query.of)[:_DEFAULT]).listing
        return lister.answer(listing, lister.found(listing).kept, people=False, iris=False)

    def offers(self, of: str) -> tuple[str, ...]:
        """The names of the properties that things of a class have; the most used first. Raises NotFound."""
        if of not in self._offered:
            class_ = self.lister.class_named(of)
            having = _NOTES if class_ == NOTE else f"?thing a {class_} ."
            rows = self.vault.store.solutions(_PROPERTIES.format(having=having))
            names = map(self._short, self.lister.columns.offered(row[0] for row in rows))
            self._offered[of] = tuple(name for name in names if "," not in name)[:_OFFERED]
        return self._offered[of]

    def _short(self, name: str) -> str:
        """The name of a property that the ontology does not know, as notes write it, if that means nothing else."""
        short, columns = name.removeprefix("p:"), self.lister.columns
        return short if columns.properties(short) == columns.properties(name) else name

    def _row(self, thing: ox.NamedNode, columns: Sequence[str]) -> TableRow:
        return TableRow(self.vault.show(thing), tuple(self._cell(thing, name) for name in columns))

    def _cell(self, thing: ox.NamedNode, name: str) -> TableCell:
        values = self.lister.columns.values(thing, name)
        return TableCell(tuple(map(self.vault.show, values[:_VALUES])), len(values[_VALUES:]))

    def _notes(self, query: TableQuery, found: ListedThings) -> Iterable[str]:
        if found.kept and len(found.kept) > _EXPLAINED:
            return ()
        return Reasons(self.lister, query.listing, found).sentences()
