"""`kg infer`: infer everything again from the asserted triples."""

import time
from dataclasses import dataclass, replace

from kg.config import Config
from kg.ingestion.snapshot import settings_digest
from kg.mapping.ontology import load_ontology, ontology_rows
from kg.rdf.terms import INFERRED, METRICS, ONTOLOGY
from kg.reasoning.inference import Engine, Inference, Reasoning, infer
from kg.reasoning.rule_cache import RULES, cached_rules
from kg.store.builder import building, retried
from kg.store.ingest_state import IngestState
from kg.store.store import Published


@dataclass(frozen=True)
class Inferred:
    """The result of inferring again."""

    inference: Inference
    triples: int
    """The number of triples in the store now."""
    seconds: float
    is_stale: bool
    """Whether the ontology has changed since the notes were read."""


def infer_again(config: Config, engine: Engine | None = None) -> Inferred:
    """Infer everything again from the asserted triples of the published store, by the current ontology and rules.

    Raises StoreMissing, StoreError, OntologyError.
    """
    started = time.perf_counter()
    return retried(lambda: _infer_again(config, engine, started))


def _infer_again(config: Config, engine: Engine | None, started: float) -> Inferred:
    published = Published(config.store)
    published.store  # noqa: B018 - raises StoreError if unreadable
    ontology = load_ontology(config)
    ledger = _with_rules(IngestState.read(published.folder), settings_digest(config, ontology, inference=True))
    reasoning = Reasoning(ontology, cached_rules(published), config.limits, config.max_inferred)
    with building(config.store, ontology.prefixes, "kg infer", published, published.stamp) as store:
        store.replace({METRICS: set()}, {})
        is_stale = any(store.replace({ONTOLOGY: set(ontology_rows(ontology))}, {}))
        store.clear_inferred()
        inference = infer(store, reasoning, engine)
        counts = store.counts()
        summary = {**published.manifest.summary, "triples": counts[""], "inferred": counts.get(INFERRED, 0)}
        summary["ontology"] = counts.get(ONTOLOGY, 0)
        summary.pop("metrics", None)
        files = {RULES: reasoning.text} | (replace(ledger, missing=None).files(published.folder) if ledger else {})
        published.release()
        store.publish(summary, files)
    return Inferred(inference, counts[""], round(time.perf_counter() - started, 3), is_stale)


def _with_rules(state: IngestState | None, settings: str) -> IngestState | None:
    """The state with the rules of now, if nothing has changed that determines what the notes state."""
    is_same = state is not None and state.settings.partition(" ")[0] == settings.partition(" ")[0]
    return replace(state, settings=settings) if state is not None and is_same else state
