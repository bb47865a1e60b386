"""Publish the result of an ingest, and report it."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kg.core.findings import Finding, in_order, of_file
from kg.ingestion.report import Changes, Report
from kg.ingestion.snapshot import LastIngest, Snapshot
from kg.mapping.link_resolution import LINK_CLASSES
from kg.notes.vault import Progress
from kg.rdf.terms import INFERRED, ONTOLOGY
from kg.reasoning.construct_rules import FILE as RULES
from kg.reasoning.inference import Inference
from kg.store.builder import Builder, building
from kg.store.generations import tidy
from kg.store.ingest_state import FILE, IngestState
from kg.store.store import Published

_WANTED = 20
_LEFT_OUT = 20
"""The number of refused inferred triples that the findings name."""


@dataclass(frozen=True)
class Publisher:
    """Publishes and reports the result of an ingest that began with a snapshot."""

    snapshot: Snapshot
    started: float
    progress: Progress

    def building(self, base: Published | None = None) -> AbstractContextManager[Builder]:
        """Begin a new generation, empty or a copy of `base`. Raises as `kg.store.builder.building`."""
        config, prefixes = self.snapshot.config, self.snapshot.ontology.prefixes
        return building(config.store, prefixes, f"kg ingest {config.vault}", base, self.snapshot.since)

    def publish(
        self, store: Builder, state: IngestState, changes: Changes, number: int, inferred: Inference | None
    ) -> Report:
        """Publish the store, and report it; `number` is the number of notes that were stated."""
        snapshot = self.snapshot
        self.progress("publishing", 0, 1)
        summary = self._summary(store, state, number)
        text = state.text(snapshot.last.state if snapshot.last else None)
        files = {FILE: text} | ({RULES: snapshot.reasoning.text} if snapshot.inference else {})
        if snapshot.published:
            snapshot.published.release()
        generation = store.publish(summary, files)
        summary["seconds"] = self._seconds()
        return self._report(summary, state, changes, generation, inferred)

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
        inferred: Inference | None = None,
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
            looked_again=snapshot.files if snapshot.looked_again else None,
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
        links: Counter[str] = Counter()
        for entry in state.entries.values():
            links.update(entry.links)
        kinds = Counter(entry.card.kind == "canvas" for entry in state.entries.values())
        missing, wanted = _wanted(store)
        left_out = [list(row) for row in islice(store.left_out.items(), _LEFT_OUT)]
        return {
            "vault": str(self.snapshot.config.vault),
            "notes": kinds[False],
            "canvases": kinds[True],
            "changed": changed,
            "triples": counts[""],
            "asserted": counts[""] - ontology - inferred,
            "inferred": inferred,
            "ontology": ontology,
            "missing": missing,
            "wanted": wanted,
            "links": {kind: links[kind] for kind in LINK_CLASSES if links[kind]},
            "seconds": self._seconds(),
        } | ({"left_out": left_out} if left_out else {})


def _wanted(store: Builder) -> tuple[int, list[list[Any]]]:
    """Return the number of missing things, and the names of those that most notes link to, with counts."""
    counts: defaultdict[str, int] = defaultdict(int)
    names: dict[str, str] = {}
    rows = store.query(
        "SELECT ?m ?label (COUNT(?n) AS ?notes) { ?m a kg:Missing ; skos:prefLabel ?label . ?n kg:linksTo ?m } "
        "GROUP BY ?m ?label"
    )
    for row in rows:
        counts[row["m"].value] += int(row["notes"].value)
        names[row["m"].value] = min(names.get(row["m"].value, row["label"].value), row["label"].value)
    ranked = sorted(((names[m], number) for m, number in counts.items()), key=lambda row: (-row[1], row[0]))
    return len(counts), [list(row) for row in ranked[:_WANTED]]
