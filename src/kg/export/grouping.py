"""Groups of the things of an export: by community, class, folder, or by the answer of a query."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import KgError, QuerySyntaxError
from kg.export.property_graph import clean
from kg.sparql import query as sparql
from kg.store.project import Project

_MOST_FOLDERS = 30
"""Folders are told apart by as many levels as give at most this many groups."""


class QueryGroups(NamedTuple):
    """The groups that a query gives to things."""

    name: str
    of: Mapping[ox.NamedNode, str]


@dataclass(frozen=True)
class Grouping:
    """A division of things into groups, the largest first."""

    id: str
    name: str
    """What the groups are, in the plural."""
    groups: Sequence[str]
    of: Sequence[int]
    """The group of each thing; -1 if it is in none."""

    @classmethod
    def by_names(cls, id_: str, name: str, names: Sequence[str | None]) -> "Grouping":
        """The grouping of things by the names of their groups; things without a name are in none."""
        sizes = Counter(name for name in names if name is not None)
        groups = sorted(sizes, key=lambda group: (-sizes[group], group))
        places = {group: place for place, group in enumerate(groups)}
        return cls(id_, name, groups, [-1 if group is None else places[group] for group in names])


def folder_groups(folder_of: Mapping[int, str], size: int) -> Grouping:
    """Things by the folders of their notes; by fewer levels of folders, if these are many."""
    deepest = max((folder.count("/") + 1 for folder in folder_of.values()), default=1)
    levels = 1
    while levels < deepest and len({_top(folder, levels + 1) for folder in folder_of.values()}) <= _MOST_FOLDERS:
        levels += 1
    names = [clean(_top(folder_of[number], levels)) if number in folder_of else None for number in range(size)]
    return Grouping.by_names("folder", "folders", names)


def _top(folder: str, levels: int) -> str:
    return "/".join(folder.split("/")[:levels])


def query_groups(project: Project, name: str, text: str) -> QueryGroups:
    """The groups of things by a SELECT query: its first column has things, its second their groups.

    Of several groups of a thing, the first in the order of the answer counts. Raises KgError.
    """
    try:
        answer = sparql.query(project.store, text)
    except QuerySyntaxError as error:
        raise KgError(f"{name}:{error.line}:{error.column}: {error}") from error
    rows = list(answer.terms()) if answer.kind == "select" else []
    if answer.kind != "select" or any(len(row) < 2 for row in rows):
        raise KgError("the query of --group-by must be a SELECT of two columns: a thing and its group")
    groups: dict[ox.NamedNode, str] = {}
    for thing, group, *_ in rows:
        if isinstance(thing, ox.NamedNode) and group is not None:
            label = group.value if isinstance(group, ox.Literal) else project.lookup.called(group)
            groups.setdefault(thing, clean(label))
    return QueryGroups(name, groups)
