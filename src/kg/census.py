"""What a store holds, in numbers: notes, triples by graph, things by class, properties by use, links, findings, size.

All of it is of the published ingest. Whether the notes have changed since is what `kg doctor` says.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kg.config import Config
from kg.ingestion import load_ontology, shared_ids
from kg.ledger import Ledger
from kg.naming import Naming
from kg.store import MANIFEST, Store
from kg.terms import INFERRED, ONTOLOGY, Names
from kg.vault import without_collection


@dataclass(frozen=True)
class Census:
    """What a store holds."""

    summary: Mapping[str, Any]
    """What the last ingest that changed something said of itself."""
    findings: Mapping[str, int]
    """By code: what is wrong in the notes as they were read."""
    classes: Mapping[str, int]
    """Things by the names of their classes, most first; what the ontology declares is not counted."""
    properties: Mapping[str, int]
    """Triples of the notes and of what follows by the names of their properties, most first."""
    graphs: int
    """How many named graphs there are."""
    size: int
    """The bytes of all that lies in the store's folder."""
    generation: int
    published: datetime
    asked_in: float
    """Seconds that this took."""

    def as_json(self) -> dict[str, object]:
        """One object, that of `kg ingest --json` with more in it."""
        figures = {key: value for key, value in self.summary.items() if key != "wanted"}
        return {
            **figures,
            "findings": dict(self.findings),
            "classes": dict(self.classes),
            "properties": dict(self.properties),
            "graphs": self.graphs,
            "bytes": self.size,
            "generation": self.generation,
            "published": self.published.isoformat(timespec="seconds"),
        }


def census(config: Config) -> Census:
    """Count what a store holds. Raises StoreMissing, StoreError."""
    started = time.perf_counter()
    store = Store(config.store)
    ontology = load_ontology(config)
    naming = Naming(store, ontology, Names(config.base), store.prefixes)
    with without_collection():
        ledger = Ledger.read(store.folder)
        classes, properties = _counted(store)
    found = [*ontology.findings, *ledger.findings(), *shared_ids(ledger)] if ledger else []
    graphs = (ONTOLOGY, INFERRED)
    own = sum(store.manifest.counts.get(graph, 0) > 0 for graph in graphs) + ("metrics" in store.manifest.summary)
    return Census(
        store.manifest.summary,
        dict(sorted(Counter(one.code for one in set(found)).items())),
        _named(naming, classes),
        _named(naming, properties),
        own + (len(ledger.entries) if ledger else 0),
        _size(config.store),
        store.manifest.generation,
        datetime.fromtimestamp((store.folder / MANIFEST).stat().st_mtime, UTC).astimezone(),
        round(time.perf_counter() - started, 3),
    )


_CLASSES = "SELECT ?term (COUNT(*) AS ?number) {{ {0} ?s a ?term {1} }} GROUP BY ?term"
_PROPERTIES = "SELECT ?term (COUNT(*) AS ?number) {{ {0} ?s ?term ?o {1} }} GROUP BY ?term"


def _counted(store: Store) -> tuple[Counter[ox.NamedNode], Counter[ox.NamedNode]]:
    """How often each class and each property is used, less what the ontology's own triples use."""
    found = []
    for query in (_CLASSES, _PROPERTIES):
        rows = {row["term"]: int(row["number"].value) for row in store.select(query.format("", ""))}
        own = store.select(query.format(f"GRAPH {ONTOLOGY} {{", "}"))
        counts = Counter(rows)
        counts.subtract({row["term"]: int(row["number"].value) for row in own})
        found.append(+counts)
    return found[0], found[1]


def _named(naming: Naming, counts: Counter[ox.NamedNode]) -> dict[str, int]:
    """Counts by CURIE, most first; a property that only notes know, by its name there."""
    named = Counter[str]()
    for term, number in counts.items():
        own = term.value.startswith(naming.names.base)
        named[naming.called(term) if own else naming.curie(term)] += number
    return dict(sorted(named.items(), key=lambda one: (-one[1], one[0])))


def _size(folder: Path) -> int:
    """The bytes of all files below a folder, each once, whatever its names; what goes meanwhile is none."""
    sizes: dict[tuple[int, int], int] = {}
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                status = Path(root, name).stat()
                sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())
