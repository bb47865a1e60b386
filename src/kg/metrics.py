"""What an analysis found, kept in the store: the named graph kg:metrics, in declared terms.

It is of the network as it was: an ingest that changes something, or infers anew, lets it go.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kg.config import Config
from kg.store import MANIFEST, READING, Store, building, published
from kg.terms import METRICS

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Metrics:
    """Triples as N-Triples terms, by properties that nobody else writes."""

    properties: Collection[str]
    """All properties of the analysis, `<iri>`: what it wrote before goes."""
    rows: Iterable[Row]


def save(config: Config, metrics: Metrics) -> int:
    """Put what was found into the published store; how many triples kg:metrics has then. Raises StoreError."""
    Store(config.store)  # or say why there is none that can be read
    found = published(config.store)
    assert found is not None
    before = found.store.graph(METRICS)
    gone = {row for row in before if row[1] in metrics.properties}
    kept = {row for row in before if row[1] not in metrics.properties}
    # What only such triples led to, as the communities of the time before, goes with them.
    lost = {row[2] for row in gone} - {row[2] for row in kept}
    rows = {row for row in kept if row[0] not in lost} | set(metrics.rows)
    files = {
        file.name: file.read_text(encoding="utf-8")
        for file in found.folder.iterdir()
        if file.is_file() and file.name not in {MANIFEST, READING}
    }
    with building(config.store, found.manifest.prefixes, "kg analyze --save", found) as store:
        store.replace({METRICS: rows}, {})
        summary = {**found.manifest.summary, "triples": store.counts()[""], "metrics": len(rows)}
        found.release()
        store.publish(summary, files)
    return len(rows)
