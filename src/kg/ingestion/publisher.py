"""Publish the result of an ingest, and report it."""

import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.core.findings import Finding, in_order, of_file
from kg.ingestion.report import Changes, Report
from kg.ingestion.snapshot import LastIngest, Snapshot
from kg.mapping.link_resolution import LINK_CLASSES
from kg.notes.vault import Progress
from kg.rdf.terms import INFERRED, ONTOLOGY
from kg.rdf.vocabulary import LINKS_TO, MISSING, PREF_LABEL, TYPE, iri_of
from kg.reasoning.rule_cache import RULES
from kg.store.builder import Builder, building, relinked
from kg.store.generations import tidy
from kg.store.ingest_state import IngestState, Missing
from kg.store.note_table import FILE as TABLE
from kg.store.store import Published

if TYPE_CHECKING:
    from kg.reasoning.inference import Inference

_WANTED = 20
_LEFT_OUT = 20
"""The number of refused inferred triples that the findings name."""


@dataclass(frozen=True)
class Publisher:
    """Publishes and reports the result of an ingest that began with a snapshot."""

    snapshot: Snapshot
    started: float
    progress: Progress
    durable: bool = True
    """Whether the result survives a power cut."""

    def building(self, base: Published | None = None) -> AbstractContextManager[Builder]:
        """Begin a new generation, empty or a copy of `base`. Raises as `kg.store.builder.building`."""
        config, prefixes = self.snapshot.config, self.snapshot.ontology.prefixes
        command, since = f"kg ingest {config.vault}", self.snapshot.since
        return building(config.store, prefixes, command, base, since, durable=self.durable)

    def publish(
        self, store: Builder, state: IngestState, changes: Changes, number: int, inferred: "Inference | None"
    ) -> Report:
        """Publish the store, and report it; `number` is the number of notes that were stated."""
        snapshot = self.snapshot
        self.progress("publishing", 0, 1)
        state = replace(state, missing=_missing(store, state.before.missing if state.before else None))
        summary = self._summary(store, state, number)
        files = state.files(snapshot.published.folder if snapshot.published and state.before else None)
        files |= {RULES: snapshot.reasoning.text} if snapshot.inference else {}
        if snapshot.published:
            snapshot.published.release()
        quads = None if store.changed is None else frozenset(store.changed)
        generation = store.publish(summary, files)
        if isinstance(files[TABLE], Path):  # the state is that of the files, and needs no earlier state
            state = replace(state, before=None, counted=state.tally)
        summary["seconds"] = self._seconds()
        report = self._report(summary, state, changes, generation, inferred)
        return replace(report, quads=quads)

    def nothing(self, last: LastIngest) -> Report:
        """Report that nothing has changed."""
        last.published.release()
        tidy(self.snapshot.config.store)
        return self.unchanged(last, last.state, Changes())

    def unchanged(self, last: LastIngest, state: IngestState, changes: Changes) -> Report:
        """Report that the store stays as it is."""
        summary = {**last.published.manifest.summary, "changed": 0, "seconds": self._seconds()}
        return self._report(summary, state, changes, self.snapshot.since)

    def _report(
        self,
        summary: Mapping[str, Any],
        state: IngestState,
        changes: Changes,
        generation: str,
        inferred: "Inference | None" = None,
    ) -> Report:
        snapshot = self.snapshot
        findings = self._findings(state, summary)
        if generation == snapshot.since:
            findings.update(snapshot.vanished)
        return Report(
            summary,
            in_order(findings),
            snapshot.config.store,
            changed=generation != snapshot.since,
            changes=changes,
            ledger=state,
            ontology=snapshot.ontology,
            inference=inferred,
            generation=generation,
            before=snapshot.since,
            quads=frozenset(),
            looked_again=snapshot.files if snapshot.looked_again else None,
            files=snapshot.files,
        )

    def _findings(self, state: IngestState, summary: Mapping[str, Any]) -> set[Finding]:
        snapshot = self.snapshot
        findings = {*snapshot.files.findings, *snapshot.ontology.findings, *state.findings}
        left_out = summary.get("left_out", ())
        return findings | {of_file(".", "O02", f"{triple} is left out: {reason}") for triple, reason in left_out}

    def _seconds(self) -> float:
        return round(time.perf_counter() - self.started, 3)

    def _summary(self, store: Builder, state: IngestState, changed: int) -> dict[str, Any]:
        counts = store.counts()
        ontology, inferred = counts.get(ONTOLOGY, 0), counts.get(INFERRED, 0)
        links, canvases, _ = state.tally
        missing = state.missing or {}
        left_out = [list(row) for row in islice(store.left_out.items(), _LEFT_OUT)]
        return {
            "vault": str(self.snapshot.config.vault),
            "notes": len(state.entries) - canvases,
            "canvases": canvases,
            "changed": changed,
            "triples": counts[""],
            "asserted": counts[""] - ontology - inferred,
            "inferred": inferred,
            "ontology": ontology,
            "missing": len(missing),
            "wanted": [list(row) for row in sorted(missing.values(), key=lambda row: (-row[1], row[0]))[:_WANTED]],
            "links": {kind: links[kind] for kind in LINK_CLASSES if kind in links},
            "seconds": self._seconds(),
        } | ({"left_out": left_out} if left_out else {})


def _missing(store: Builder, before: Missing | None) -> Missing:
    """The missing things in the store, where only those that it has linked again differ from `before`."""
    if before is None or store.changed is None:
        return _all_missing(store)
    missing = {**before}
    for node in relinked(store.changed):
        missing.pop(iri_of(node), None)
        if iri_of(node) and store.has(node, TYPE, MISSING):
            names = [getattr(triple.object, "value", "") for triple in store.triples(node, PREF_LABEL)]
            links = sum(1 for _ in store.triples(None, LINKS_TO, node))
            missing |= {iri_of(node): (min(names), links * len(names))} if names and links else {}
    return missing


def _all_missing(store: Builder) -> Missing:
    counts: defaultdict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    rows = store.query(
        "SELECT ?m ?label (COUNT(?n) AS ?notes) { ?m a kg:Missing ; skos:prefLabel ?label . ?n kg:linksTo ?m } "
        "GROUP BY ?m ?label"
    )
    for row in rows:
        counts[row["m"].value] += int(row["notes"].value)
        names[row["m"].value] = min(names.get(row["m"].value, row["label"].value), row["label"].value)
    return {iri: (names[iri], number) for iri, number in counts.items()}
