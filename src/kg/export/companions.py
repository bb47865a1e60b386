"""What accompanies the things of an export on a map, hidden at first: tags, attachments, and folders of notes.

They are no things of the network, so they change neither its communities nor its layout: each is placed in a free spot
in the middle of what it is linked to.
"""

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import NamedTuple
from urllib.parse import unquote

import pyoxigraph as ox

from kg.analysis.network import Network, owner_iris
from kg.export.property_graph import clean
from kg.rdf.terms import KG
from kg.rdf.vocabulary import BROADER, DESCRIBES, LINKS_TO, PATH, PREF_LABEL, TAGGED, TYPE
from kg.store.store import Store

_ATTACHMENT = ox.NamedNode(KG + "Attachment")
_TAG = ox.NamedNode(KG + "Tag")
_FARTHEST = 30
"""The distance from the middle within which a free spot is searched for."""
LAYERS = ("tag", "attachment", "folder")


class Companion(NamedTuple):
    """A tag, attachment or folder."""

    layer: str
    """One of `LAYERS`."""
    iri: str
    """Empty for a folder."""
    label: str


class CompanionLink(NamedTuple):
    """A link to a companion; a number of a companion is its place after the nodes of the network."""

    source: int
    target: int
    kind: str
    """The kind of the link in words."""


@dataclass(frozen=True)
class Companions:
    """The companions of a network's nodes."""

    store: Store
    network: Network

    @cached_property
    def all(self) -> list[Companion]:
        """The companions, layer by layer, each layer sorted."""
        tags = [Companion("tag", tag.value, self._tag_label(tag)) for tag in self._sorted(self._all_tags)]
        files = [Companion("attachment", iri, label) for iri, label in sorted(self._attachments.items())]
        return [*tags, *files, *(Companion("folder", "", f"{clean(folder)}/") for folder in sorted(self._folders))]

    @cached_property
    def links(self) -> list[CompanionLink]:
        """The links of things to companions, and between companions; sorted."""
        size = len(self.network)
        numbers = {row.iri or row.label: size + place for place, row in enumerate(self.all)}
        rows = [
            *((number, numbers[tag.value], "tagged") for number, tag in self._tagged),
            *((numbers[tag.value], numbers[above.value], "broader") for tag, above in self._broader),
            *((number, numbers[iri], "links to") for number, iri in self._attached),
            *((number, numbers[f"{clean(folder)}/"], "in folder") for number, folder in self.folder_of.items()),
            *((numbers[f"{clean(low)}/"], numbers[f"{clean(high)}/"], "in folder") for low, high in self._nested),
        ]
        return [CompanionLink(*row) for row in sorted(set(rows)) if row[0] != row[1]]

    # ---- tags ------------------------------------------------------------------------------------------------------

    @cached_property
    def _tagged(self) -> list[tuple[int, ox.NamedNode]]:
        return [(number, tag) for number, tag in self._pairs(TAGGED) if tag not in self.network.numbers]

    @cached_property
    def _broader(self) -> list[tuple[ox.NamedNode, ox.NamedNode]]:
        """The tags above each tag, at any number of steps."""
        rows: set[tuple[ox.NamedNode, ox.NamedNode]] = set()
        waiting = [tag for _, tag in self._tagged]
        seen = set(waiting)
        while waiting:
            tag = waiting.pop()
            for above in (triple.object for triple in self.store.triples(tag, BROADER, None)):
                if isinstance(above, ox.NamedNode) and self.store.has(above, TYPE, _TAG):
                    rows.add((tag, above))
                    if above not in seen:
                        seen.add(above)
                        waiting.append(above)
        return sorted(rows, key=lambda row: (row[0].value, row[1].value))

    @property
    def _all_tags(self) -> set[ox.NamedNode]:
        return {tag for _, tag in self._tagged} | {tag for row in self._broader for tag in row}

    def _tag_label(self, tag: ox.NamedNode) -> str:
        label = min(self.store.literals(tag, PREF_LABEL), default=unquote(tag.value.partition("#tag/")[2]))
        return f"#{clean(label.removeprefix('#'))}"

    # ---- attachments -----------------------------------------------------------------------------------------------

    @cached_property
    def _attachments(self) -> dict[str, str]:
        """The attachments that things link to: their IRIs and their paths."""
        nodes = {triple.subject for triple in self.store.triples(None, TYPE, _ATTACHMENT)} - set(self.network.nodes)
        rows = [node for _, node in self._pairs(LINKS_TO) if node in nodes]
        return {node.value: clean(min(self.store.literals(node, PATH), default=node.value)) for node in rows}

    @cached_property
    def _attached(self) -> list[tuple[int, str]]:
        return [(number, node.value) for number, node in self._pairs(LINKS_TO) if node.value in self._attachments]

    # ---- folders ---------------------------------------------------------------------------------------------------

    @cached_property
    def folder_of(self) -> dict[int, str]:
        """The folder of the note that each thing is or lies in; things of the vault's own folder have none."""
        paths: dict[str, str] = {}
        for triple in self.store.triples(None, DESCRIBES, None):
            path = min(self.store.literals(triple.subject, PATH), default="")
            if isinstance(triple.object, ox.NamedNode) and path:
                paths[triple.object.value] = min(path, paths.get(triple.object.value, path))
        folders = (posixpath.dirname(paths.get(iri, "")) for iri in owner_iris(self.network))
        return {number: folder for number, folder in enumerate(folders) if folder}

    @property
    def _folders(self) -> set[str]:
        return {above for folder in set(self.folder_of.values()) for above in _way_up(folder)}

    @property
    def _nested(self) -> Iterator[tuple[str, str]]:
        return ((folder, above) for folder in self._folders if (above := posixpath.dirname(folder)))

    # ---- common ----------------------------------------------------------------------------------------------------

    def _pairs(self, name: ox.NamedNode) -> Iterator[tuple[int, ox.NamedNode]]:
        numbers = self.network.numbers
        for triple in self.store.triples(None, name, None):
            number = numbers.get(triple.subject) if isinstance(triple.subject, ox.NamedNode) else None
            if number is not None and isinstance(triple.object, ox.NamedNode):
                yield number, triple.object

    @staticmethod
    def _sorted(nodes: Iterable[ox.NamedNode]) -> list[ox.NamedNode]:
        return sorted(nodes, key=lambda node: node.value)

    # ---- appearance ------------------------------------------------------------------------------------------------

    def weights(self, largest: int) -> list[int]:
        """The weights that decide the sizes: by the number of links, at most that of the largest thing."""
        counts = [0] * (len(self.network) + len(self.all))
        for source, target, _ in self.links:
            counts[source] += 1
            counts[target] += 1
        return [min(largest, round(400 * sqrt(count))) for count in counts[len(self.network) :]]

    def places(self, taken: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        """The position of each companion: a free spot in the middle of its things, which are at the `taken` spots."""
        spots = {_cell(place) for place in taken}
        places = [*taken, *([(0.0, 0.0)] * len(self.all))]
        ends: defaultdict[int, list[int]] = defaultdict(list)
        for source, target, _ in self.links:
            ends[target].append(source)
            ends[source].append(target)
        # Folders and tags above others come after these, so that they find them at their places.
        order = sorted(range(len(taken), len(places)), key=lambda at: (-self.all[at - len(taken)].label.count("/"), at))
        done = set(range(len(taken)))
        for number in order:
            others = [places[end] for end in ends[number] if end in done]
            middle = _mean(others) if others else (0.0, 0.0)
            places[number] = _free(middle, spots)
            spots.add(_cell(places[number]))
            done.add(number)
        return places[len(taken) :]


def _way_up(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)


def _mean(places: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _cell(place: tuple[float, float]) -> tuple[int, int]:
    return round(place[0]), round(place[1])


def _free(middle: tuple[float, float], spots: set[tuple[int, int]]) -> tuple[float, float]:
    """The free cell next to a place, ring by ring; the place itself if there is none near it."""
    column, row = _cell(middle)
    for distance in range(_FARTHEST):
        ring = [
            (column + across, row + down)
            for across in range(-distance, distance + 1)
            for down in range(-distance, distance + 1)
            if max(abs(across), abs(down)) == distance
        ]
        free = [cell for cell in ring if cell not in spots]
        if free:
            x, y = min(free, key=lambda cell: ((cell[0] - middle[0]) ** 2 + (cell[1] - middle[1]) ** 2, cell))
            return float(x), float(y)
    return round(middle[0], 3), round(middle[1], 3)
