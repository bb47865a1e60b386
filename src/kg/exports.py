"""The formats of `kg export`: one row each, read by the command line, its documentation and the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from kg.errors import KgError
from kg.networks import Network
from kg.propertygraph import PropertyGraph, property_graph
from kg.store import Store


@dataclass(frozen=True)
class Export:
    """What is exported: a store, or what was chosen of it."""

    store: Store
    read: Callable[[], Network]
    """What reads the network, which not every format needs."""
    lines: Callable[[], list[bytes]]
    """The triples of the default graph that were chosen, as lines of N-Triples in no order."""
    quads: Callable[[], list[bytes]] | None
    """The whole dataset as lines of N-Quads in no order; none where less than everything was chosen."""
    metrics: bool = False
    vault: Path | None = None
    """The folder of the notes, for links that open them in Obsidian."""
    title: str = "notes"

    @cached_property
    def network(self) -> Network:
        """It as a network of things and links."""
        return self.read()

    @cached_property
    def graph(self) -> PropertyGraph:
        """It as a property graph."""
        return property_graph(self.store, self.network, metrics=self.metrics)

    @cached_property
    def graph_with_texts(self) -> PropertyGraph:
        """It as a property graph with the texts of things."""
        return property_graph(self.store, self.network, text=True, metrics=self.metrics)

    @property
    def prefixes(self) -> Mapping[str, str]:
        """The prefixes of the vault."""
        return self.store.prefixes


class TooLarge(KgError):
    """A format cannot hold so much."""


@dataclass(frozen=True)
class Format:
    """A format: one file written to a stream, or several in a folder."""

    name: str
    media_type: str
    suffix: str
    """How a file's name ends, without the full stop; of a folder, empty."""
    keeps: str
    """What it keeps, and for whom it is."""
    write: Callable[[Export, IO[bytes]], None] | None = None
    write_folder: Callable[[Export, Path], None] | None = None
