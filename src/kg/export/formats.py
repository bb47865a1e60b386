"""The input of an export, and the row of a format, which the command line, its documentation and the tests read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import IO

from kg.analysis.network import Network
from kg.core.errors import KgError
from kg.core.output_format import OutputFormat
from kg.export.grouping import QueryGroups
from kg.export.picture_style import PictureStyle
from kg.export.property_graph import PropertyGraph, property_graph
from kg.store.project import Project
from kg.store.store import Store


@dataclass(frozen=True)
class Export:
    """The data to export: a store or a selection from it."""

    store: Store
    read: Callable[[], Network]
    """Reads the network, which not every format needs."""
    lines: Callable[[], list[bytes]]
    """The selected triples of the default graph, as unordered N-Triples lines."""
    quads: Callable[[], list[bytes]] | None
    """The whole dataset, as unordered N-Quads lines; None if the export is a selection."""
    metrics: bool = False
    vault: Path | None = None
    """The vault folder, for links that open notes in Obsidian."""
    title: str = "notes"
    is_chosen: bool = False
    """Whether classes, links or a query selected the data."""
    style: PictureStyle = field(default_factory=PictureStyle)
    project: Project | None = None
    """The settings and the state of the notes, for what only the notes themselves tell; None if it must not be told."""
    groups: QueryGroups | None = None
    """The groups of things that the caller asked for."""
    queryable: bool = False
    """Whether a web page answers questions."""

    @property
    def is_whole(self) -> bool:
        """Whether the data are those of the whole vault, without a selection or redaction."""
        return self.quads is not None and self.project is not None

    @cached_property
    def network(self) -> Network:
        """The data as a network of nodes and links."""
        return self.read()

    @cached_property
    def graph(self) -> PropertyGraph:
        """The data as a property graph."""
        return property_graph(self.store, self.network, metrics=self.metrics)

    @cached_property
    def graph_with_texts(self) -> PropertyGraph:
        """The data as a property graph with the texts of nodes."""
        return property_graph(self.store, self.network, text=True, metrics=self.metrics)

    @property
    def prefixes(self) -> Mapping[str, str]:
        """The vault's prefixes."""
        return self.store.prefixes


class TooLarge(KgError):
    """The data exceed what a format can hold."""


@dataclass(frozen=True)
class ExportFormat(OutputFormat[Callable[[Export, IO[bytes]], None] | None]):
    """A format: a file written to a stream, or several files in a folder."""

    write: Callable[[Export, IO[bytes]], None] | None = None
    write_folder: Callable[[Export, Path], None] | None = None
    options: frozenset[str] = frozenset()
    """The fields of `PictureStyle` that the format uses."""


TITLE = frozenset({"title"})
PICTURE = frozenset(option.name for option in fields(PictureStyle))
