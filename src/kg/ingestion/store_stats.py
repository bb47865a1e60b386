"""Statistics of a store: notes, triples by graph, things by class, properties by use, links, findings, size.

They describe the published ingest; `kg doctor` reports whether the notes have changed since.
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
from kg.notes.vault import without_collection
from kg.rdf.terms import INFERRED, ONTOLOGY
from kg.store.generations import MANIFEST
from kg.store.lookup import Lookup
from kg.store.project import Project
from kg.store.store import Store


@dataclass(frozen=True)
class Census:
    """The statistics of a store."""

    summary: Mapping[str, Any]
    """The summary of the last ingest that changed something."""
    findings: Mapping[str, int]
    """The number of findings in the notes as they were read, by code."""
    classes: Mapping[str, int]
    """The number of things by class name, largest first, without those that the ontology declares."""
    properties: Mapping[str, int]
    """The number of triples in the notes and inferred, by property name, largest first."""
    graphs: int
    """The number of named graphs."""
    size: int
    """The size of the store's folder, in bytes."""
    generation: int
    published: datetime
    seconds: float
    """How long counting took, in seconds."""

    def as_json(self) -> dict[str, object]:
        """Return the object of `kg ingest --json`, with more keys."""
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
    """Count the contents of a store. Raises StoreMissing, StoreError."""
    started = time.perf_counter()
    project = Project.open(config)
    store, ontology = project.store, project.ontology
    with without_collection():
        ledger = project.state
        classes, properties = _counted(store)
    findings = [*ontology.findings, *ledger.findings] if ledger else []
    graphs = (ONTOLOGY, INFERRED)
    own = sum(store.manifest.counts.get(graph, 0) > 0 for graph in graphs) + ("metrics" in store.manifest.summary)
    return Census(
        store.manifest.summary,
        dict(sorted(Counter(finding.code for finding in set(findings)).items())),
        _named(project.lookup, classes),
        _named(project.lookup, properties),
        own + (len(ledger.entries) if ledger else 0),
        _size(config.store),
        store.manifest.generation,
        datetime.fromtimestamp((store.folder / MANIFEST).stat().st_mtime, UTC).astimezone(),
        round(time.perf_counter() - started, 3),
    )


_CLASSES = "SELECT ?term (COUNT(*) AS ?number) {{ {0} ?s a ?term {1} }} GROUP BY ?term"
_PROPERTIES = "SELECT ?term (COUNT(*) AS ?number) {{ {0} ?s ?term ?o {1} }} GROUP BY ?term"


def _counted(store: Store) -> tuple[Counter[ox.NamedNode], Counter[ox.NamedNode]]:
    """Return how often each class and each property is used, without the uses in the ontology's own triples."""
    uses = []
    for query in (_CLASSES, _PROPERTIES):
        rows = {row["term"]: int(row["number"].value) for row in store.solutions(query.format("", ""))}
        own = store.solutions(query.format(f"GRAPH {ONTOLOGY} {{", "}"))
        counts = Counter(rows)
        counts.subtract({row["term"]: int(row["number"].value) for row in own})
        uses.append(+counts)
    return uses[0], uses[1]


def _named(naming: Lookup, counts: Counter[ox.NamedNode]) -> dict[str, int]:
    """Return counts by CURIE, largest first; a property that only notes use has its name from there."""
    named = Counter[str]()
    for term, number in counts.items():
        own = term.value.startswith(naming.names.base)
        named[naming.called(term) if own else naming.curie(term)] += number
    return dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder. Hard links count once, files that vanish meanwhile not at all."""
    sizes: dict[tuple[int, int], int] = {}
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                status = Path(root, name).stat()
                sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())
