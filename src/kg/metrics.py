"""What an analysis found, kept in the store: the named graph kg:metrics, in declared terms.

It is of the network as it was: an ingest that changes something, or infers anew, lets it go.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from kg.config import Config
from kg.constructs import FILE as RULES
from kg.ledger import FILE as NOTES
from kg.source import MOST, read_bytes
from kg.store import Outdated, Published, Store, building
from kg.terms import METRICS

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Metrics:
    """Triples as N-Triples terms, by properties that nobody else writes."""

    properties: Collection[str]
    """All properties of the analysis, `<iri>`: what it wrote before goes."""
    rows: Iterable[Row]


def save(config: Config, metrics: Metrics, of: Store) -> int:
    """Put what was found in a store into it; how many triples kg:metrics has then.

    Raises Outdated where another store is published by now, StoreError.
    """
    found = Published(config.store)
    if found.stamp != of.stamp:
        raise Outdated
    before = found.store.graph(METRICS)
    gone = {row for row in before if row[1] in metrics.properties}
    kept = {row for row in before if row[1] not in metrics.properties}
    # What only such triples led to, as the communities of the time before, goes with them.
    lost = {row[2] for row in gone} - {row[2] for row in kept}
    rows = {row for row in kept if row[0] not in lost} | set(metrics.rows)
    files = dict(_remembered(found))
    with building(config.store, found.manifest.prefixes, "kg analyze --save", found, found.stamp) as store:
        store.replace({METRICS: rows}, {})
        summary = {**found.manifest.summary, "triples": store.counts()[""], "metrics": len(rows)}
        found.release()
        store.publish(summary, files)
    return len(rows)


def _remembered(found: Published) -> Iterator[tuple[str, str]]:
    """What is remembered beside the quads, which stays as it is."""
    for name in (NOTES, RULES):
        with suppress(OSError, UnicodeDecodeError):
            yield name, read_bytes(found.folder / name, MOST, follow=False).decode()
