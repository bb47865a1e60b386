"""Lists of things with columns, conditions and an order, as Dataview's TABLE has them.

A row is a thing. Its values come from the store, and a link is shown as the name of its target.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import KgError, NotFound
from kg.fulltext.folding import folded
from kg.rdf.terms import KG
from kg.rdf.vocabulary import BROADER, DESCRIBES, LINKS_TO, ONTOLOGY_GRAPH, PATH, TAGGED, TYPE
from kg.sparql.answer import Answer, Term, tabulated
from kg.sparql.cells import Key, Wanted, compares, key_of
from kg.sparql.columns import Columns, Values
from kg.sparql.parameters import TYPES, Binder

NOTE = ox.NamedNode(KG + "Note")
_CONDITION = re.compile(r"(?P<name>[^=!<>~]+?)\s*(?P<sign><=|>=|!=|==?|<|>|~)\s*(?P<value>.*)\Z", re.S)


@dataclass(frozen=True)
class Comparison:
    """A column compares with a value; `present` and `absent` need no value."""

    column: str
    sign: str
    value: str = ""

    @classmethod
    def of(cls, text: str) -> "Comparison":
        """Parse a condition as `kg list --where` has it. Raises KgError."""
        if match := _CONDITION.match(text.strip()):
            sign = "=" if match["sign"] == "==" else match["sign"]
            return cls(match["name"].strip(), sign, _unquoted(match["value"].strip()))
        name = text.strip().removeprefix("!").strip()
        if not name or name[0] in "=<>!~":
            raise KgError(f"“{text}” is not a condition: write NAME=VALUE, NAME or !NAME")
        return cls(name, "absent" if text.strip().startswith("!") else "present")

    def __str__(self) -> str:
        if self.sign in {"present", "absent"}:
            return self.column if self.sign == "present" else f"!{self.column}"
        return f"{self.column}{self.sign}{self.value}"


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


@dataclass(frozen=True)
class InPlace:
    """A note has a tag, is in a folder or file, links to a note, or a note links to it."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Negated:
    """A condition that does not hold."""

    part: "Condition"

    def __str__(self) -> str:
        return f"not {self.part}"


@dataclass(frozen=True)
class Several:
    """All of some conditions, or any of them."""

    every: bool
    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return f"({(' and ' if self.every else ' or ').join(map(str, self.parts))})"


Condition = Comparison | InPlace | Negated | Several


@dataclass(frozen=True)
class Listing:
    """Things of a class, or all notes, or all tasks: which, with which columns, in which order."""

    of: str = ""
    """A name of a class; empty for notes."""
    columns: tuple[tuple[str, str], ...] = ()
    """The title and the name of each column."""
    where: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    """The columns to sort by, each with whether it is descending."""
    limit: int | None = None
    group: str = ""
    """A column whose values are counted, instead of a row for each thing."""
    count: bool = False

    def names(self) -> list[str]:
        """The names of all columns that it uses."""
        shown = [name for _, name in self.columns] + ([self.group] if self.group else [])
        return [*shown, *(name for name, _ in self.order), *_names(self.where)]


# ---- the things and their values -------------------------------------------------------------------------------------


class ListedThings(NamedTuple):
    """The things of a listing before its conditions, and those that meet them, in order."""

    things: list[ox.NamedNode]
    kept: list[ox.NamedNode]


@dataclass(frozen=True)
class Lister:
    """Finds the things of listings in a store."""

    binder: Binder
    labels: Mapping[ox.NamedNode, str] = field(default_factory=dict, repr=False, compare=False)
    """Labels that serve as names, so that long lists are quick."""

    @cached_property
    def columns(self) -> Columns:
        """The values of things."""
        return Columns(self.binder.naming, self.labels)

    # ---- rows --------------------------------------------------------------------------------------------------------

    def found(self, listing: Listing) -> ListedThings:
        """The things of a listing. Raises NotFound if nothing has the name of its class or of a column, KgError."""
        for name in listing.names():
            self.columns.column(name)  # an unknown column is an error, also if there is nothing to list
        things = self.things(listing.of)
        kept = [thing for thing in things if all(self.holds(thing, part) for part in listing.where)]
        return ListedThings(things, self._sorted(kept, listing.order))

    def known(self, listing: Listing) -> tuple[Listing, list[str]]:
        """The listing without the columns and the order that nothing has, and a sentence on each of these."""
        unknown: dict[str, str] = {}
        for name in [*(name for _, name in listing.columns), *(name for name, _ in listing.order)]:
            try:
                self.columns.column(name)
            except NotFound as error:
                unknown[name] = f"{error}: left out"
        columns = tuple(column for column in listing.columns if column[1] not in unknown)
        order = tuple(key for key in listing.order if key[0] not in unknown)
        return replace(listing, columns=columns, order=order), [*unknown.values()]

    def answer(self, listing: Listing, kept: Sequence[ox.NamedNode], *, people: bool, iris: bool) -> Answer:
        """The rows of things. For people, a thing is one cell; otherwise it is its IRI and its label."""
        prefixes = self.columns.naming.prefixes
        if listing.group:
            counts = [
                [self._cell(values, people, iris), ox.Literal(n)] for values, n in self._groups(kept, listing.group)
            ]
            return tabulated(_variables([listing.group, "things"]), counts[: listing.limit], prefixes)
        if listing.count:
            return tabulated(["count"], [[ox.Literal(len(kept))]], prefixes)
        names = ["entity", *([] if people else ["label"]), *(title for title, _ in listing.columns)]
        rows = [self._row(thing, listing, people, iris) for thing in kept[: listing.limit]]
        return tabulated(_variables(names), rows, prefixes)

    def _row(self, thing: ox.NamedNode, listing: Listing, people: bool, iris: bool) -> list[Term | None]:
        label = [] if people else [ox.Literal(self.columns.name(thing))]
        cells = (self._cell(self.columns.values(thing, name), people, iris) for _, name in listing.columns)
        return [thing, *label, *cells]

    def _cell(self, values: Values, people: bool, iris: bool) -> Term | None:
        """A single value as it is, several as a text; a link is the name of its target."""
        if len(values) == 1 and (people or iris or isinstance(values[0], ox.Literal)):
            return values[0]
        texts = (v.value if iris and isinstance(v, ox.NamedNode) else self.columns.name(v) for v in values)
        return ox.Literal(", ".join(texts)) if values else None

    def things(self, of: str) -> list[ox.NamedNode]:
        """The things of a class, by a name of it; without a name, all that notes describe. Raises NotFound."""
        class_ = self.class_named(of)
        if class_ == NOTE:
            found = {quad.object for quad in self.columns.store.triples(None, DESCRIBES, None)}
        else:
            found = {quad.subject for quad in self.columns.store.triples(None, TYPE, class_)}
            found -= {quad.subject for quad in self.columns.store.triples(None, TYPE, class_, ONTOLOGY_GRAPH)}
        return sorted((node for node in found if isinstance(node, ox.NamedNode)), key=self._alphabetical)

    def class_named(self, of: str) -> Term:
        """The class of a name; that of notes without one. Raises NotFound."""
        return TYPES["class"].term(self.binder, of) if of else NOTE

    def _alphabetical(self, thing: ox.NamedNode) -> tuple[str, str]:
        return folded(self.columns.name(thing)).casefold(), thing.value

    def _sorted(self, things: list[ox.NamedNode], order: Sequence[tuple[str, bool]]) -> list[ox.NamedNode]:
        """The things in an order; those without a value are last."""
        for name, descending in reversed(order):
            keys = {thing: self._keys(thing, name) for thing in things}
            with_value = sorted(
                (thing for thing in things if keys[thing]),
                key=lambda thing: (max if descending else min)(keys[thing]),
                reverse=descending,
            )
            things = with_value + [thing for thing in things if not keys[thing]]
        return things

    def _keys(self, thing: ox.NamedNode, name: str) -> list[Key]:
        return [key_of(term, self.columns.name(term)) for term in self.columns.values(thing, name)]

    def _groups(self, things: Iterable[ox.NamedNode], name: str) -> list[tuple[Values, int]]:
        """The values of a column with the number of things that have them, most first; last those without a value."""
        none: list[Term | None] = [None]
        counts = Counter(value for thing in things for value in self.columns.values(thing, name) or none)
        without = counts.pop(None, 0)
        rows = sorted(counts.items(), key=lambda row: (-row[1], self.columns.name(row[0]) if row[0] else ""))
        return [*(([value] if value else [], n) for value, n in rows), *([([], without)] if without else [])]

    # ---- conditions --------------------------------------------------------------------------------------------------

    def holds(self, thing: ox.NamedNode, condition: Condition) -> bool:
        """Whether a thing meets a condition."""
        match condition:
            case Comparison():
                return self._compares(thing, condition)
            case InPlace(kind, name):
                return self.columns.page(thing) in self._in_place(kind, name)
            case Negated(part):
                return not self.holds(thing, part)
            case Several(every, parts):
                return (all if every else any)(self.holds(thing, part) for part in parts)

    def _compares(self, thing: ox.NamedNode, condition: Comparison) -> bool:
        values = self.columns.values(thing, condition.column)
        sign, wanted = condition.sign, Wanted(condition.value)
        if sign in {"present", "absent"}:
            return bool([v for v in values if v not in _FALSE]) == (sign == "present")
        if sign == "!=":
            return not any(compares(value, self.columns.names(value), "=", wanted) for value in values)
        return any(compares(value, self.columns.names(value), sign, wanted) for value in values)

    def _in_place(self, kind: str, name: str) -> set[ox.NamedNode]:
        """The things that notes in a place describe."""
        if (kind, name) not in self._places:
            self._places[kind, name] = {node for node in _PLACES[kind](self, name) if isinstance(node, ox.NamedNode)}
        return self._places[kind, name]

    @cached_property
    def _places(self) -> dict[tuple[str, str], set[ox.NamedNode]]:
        return {}

    def _tagged(self, name: str) -> Iterator[Term]:
        """What has a tag, or a tag nested in it."""
        stack = [ox.NamedNode(self.columns.naming.names.tag(name))]
        seen: set[Term] = {*stack}
        while stack:
            tag = stack.pop()
            yield from (quad.subject for quad in self.columns.store.triples(None, TAGGED, tag))
            below = {quad.subject for quad in self.columns.store.triples(None, BROADER, tag)} - seen
            stack += [node for node in below if isinstance(node, ox.NamedNode)]
            seen |= below

    def _in_folder(self, name: str) -> Iterator[Term]:
        """What the notes of a folder, or a note by its path, describe."""
        wanted = name.strip("/")
        for quad in self.columns.store.triples(None, PATH, None):
            path = quad.object.value if isinstance(quad.object, ox.Literal) else ""
            if not wanted or path.startswith(f"{wanted}/") or wanted in {path, path.removesuffix(".md")}:
                assert isinstance(quad.subject, ox.NamedNode)
                yield from self.columns.objects(quad.subject, DESCRIBES)

    def _linking(self, name: str) -> Iterator[Term]:
        return (quad.subject for quad in self.columns.store.triples(None, LINKS_TO, self.columns.naming.thing(name)))

    def _linked(self, name: str) -> Iterator[Term]:
        return self.columns.objects(self.columns.naming.thing(name), LINKS_TO)


_FALSE = {ox.Literal(False), ox.Literal("")}
_PLACES: dict[str, Callable[[Lister, str], Iterator[Term]]] = {
    "tag": Lister._tagged,
    "in": Lister._in_folder,
    "links to": Lister._linking,
    "linked from": Lister._linked,
}


def _variables(titles: Iterable[str]) -> list[str]:
    """The names of the columns of an answer: SPARQL's variables have only letters, digits and `_`."""
    names: list[str] = []
    for title in titles:
        name = plain = re.sub(r"\W+", "_", title).strip("_") or "column"
        number = 1
        while name in names:
            number += 1
            name = f"{plain}_{number}"
        names.append(name)
    return names


def _names(conditions: Iterable[Condition]) -> Iterator[str]:
    """The columns of conditions."""
    for condition in conditions:
        match condition:
            case Comparison(column):
                yield column
            case Negated(part):
                yield from _names([part])
            case Several(_, parts):
                yield from _names(parts)
