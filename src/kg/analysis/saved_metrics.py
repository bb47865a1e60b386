"""Save the results of an analysis in the store: the named graph kg:metrics, with terms that the ontology declares.

They describe the network when it was analysed. An ingest that changes something, or infers again, drops them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from kg.config import Config
from kg.core.files import is_regular
from kg.rdf.terms import METRICS, Row
from kg.reasoning.rule_cache import RULES
from kg.store.builder import Outdated, building
from kg.store.ingest_state import FILE as NOTES
from kg.store.note_table import FILE as TABLE
from kg.store.store import Published, Store


@dataclass(frozen=True)
class Metrics:
    """Triples in N-Triples syntax, with properties that only an analysis writes."""

    properties: Collection[str]
    """All properties of the analysis, `<iri>`; its earlier triples are removed."""
    rows: Iterable[Row]


def save(config: Config, metrics: Metrics, of: Store) -> int:
    """Save metrics in the store they were computed from; return the number of triples in kg:metrics.

    Raises Outdated if another store has been published since, StoreError.
    """
    published = Published(config.store)
    if published.stamp != of.stamp:
        raise Outdated
    before = published.store.graph(METRICS)
    gone = {row for row in before if row[1] in metrics.properties}
    kept = {row for row in before if row[1] not in metrics.properties}
    # Remove things that only the removed triples refer to, like the previous communities.
    lost = {row[2] for row in gone} - {row[2] for row in kept}
    rows = {row for row in kept if row[0] not in lost} | set(metrics.rows)
    files = _remembered(published)
    with building(config.store, published.manifest.prefixes, "kg analyze --save", published, published.stamp) as store:
        store.replace({METRICS: rows}, {})
        summary = {**published.manifest.summary, "triples": store.counts()[""], "metrics": len(rows)}
        published.release()
        store.publish(summary, files)
    return len(rows)


def _remembered(generation: Published) -> dict[str, str | bytes | Path]:
    """The files beside the quads, which stay as they are."""
    return {name: generation.folder / name for name in (NOTES, TABLE, RULES) if is_regular(generation.folder / name)}
