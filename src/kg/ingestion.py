"""Bring a store up to date with a vault: read, resolve, state, load, infer, publish."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kg import __version__
from kg.config import Config, resource
from kg.errors import StoreError
from kg.findings import Finding, of_file
from kg.inference import infer
from kg.ontology import Ontology, load
from kg.resolve import LINK_CLASSES, Index
from kg.statements import ALT_LABEL, LINKS_TO, MISSING, PREF_LABEL, Label, Reader, Statements
from kg.store import Manifest, Store, building
from kg.terms import INFERRED, ONTOLOGY, RDF_TYPE, Names, letters_and_digits, literal
from kg.vault import Progress, Reading, Vault, without_collection

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Report:
    """What an ingest found and did."""

    summary: Mapping[str, Any]
    """The numbers of contract section 5: notes, changed, triples, inferred, links by class, seconds."""
    findings: tuple[Finding, ...]
    path: Path
    """Where the store is."""
    changed: bool

    @cached_property
    def store(self) -> Store:
        """The store as this ingest left it."""
        return Store(self.path)

    def as_json(self) -> dict[str, object]:
        """One object, as `kg ingest --json` prints it."""
        codes = Counter(finding.code for finding in self.findings)
        figures = {key: value for key, value in self.summary.items() if key != "wanted"}
        return {**figures, "findings": dict(sorted(codes.items()))}


def ingest(
    vault: Vault | str | Path, *, full: bool = False, inference: bool = True, progress: Progress | None = None
) -> Report:
    """Read a vault and publish what it says. Raises KgError where that cannot be done at all.

    Where nothing has changed since the published ingest, that one stays and the report says so; `full` builds it
    anew all the same. What is wrong in single files is in the report's findings.
    """
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        return _ingest(vault, full, inference, progress)


def _ingest(vault: Vault, full: bool, inference: bool, progress: Progress | None) -> Report:
    started = time.perf_counter()
    config = vault.config
    reading = vault.read(progress)
    ontology = load_ontology(config)
    inputs = _inputs(reading, ontology, config, inference)
    findings = tuple(sorted({*reading.findings, *ontology.findings, *_shared_ids(reading)}))
    published = _published(config.store)
    if published and published.inputs == inputs and not full:
        summary = {**published.summary, "changed": 0, "seconds": round(time.perf_counter() - started, 3)}
        return Report(summary, findings, config.store, changed=False)
    names = Names(config.base)
    index = Index.of(reading.notes, reading.attachments, names, ignored=reading.ignored, on_disk=reading.on_disk)
    stated = _stated(reading, Reader(index, ontology, config.default_class), progress)
    wanted = _wanted(stated)
    with building(config.store, config.all_prefixes, f"kg ingest {config.vault}") as store:
        if progress:
            progress("storing", 0, 1)
        store.load([*_graphs(stated), (ONTOLOGY, _ontology_rows(ontology))])
        asserted = store.count()
        if inference:
            if progress:
                progress("inferring", 0, 1)
            infer(store, ontology)
        summary = {
            "vault": str(config.vault),
            "notes": sum(note.kind != "canvas" for note in reading.notes),
            "canvases": sum(note.kind == "canvas" for note in reading.notes),
            "changed": len(reading.notes),
            "triples": store.count(),
            "asserted": asserted - store.count(ONTOLOGY),
            "inferred": store.count(INFERRED),
            "ontology": store.count(ONTOLOGY),
            "missing": len(wanted),
            "wanted": wanted,
            "links": _links(stated),
            "seconds": round(time.perf_counter() - started, 3),
        }
        store.publish(inputs, summary)
    return Report(summary, findings, config.store, changed=True)


def _published(path: Path) -> Manifest | None:
    """What the published generation says of itself; None where there is none that opens."""
    try:
        return Store(path).manifest
    except StoreError:
        return None


def load_ontology(config: Config) -> Ontology:
    """The ontology that comes with kg, and the vault's own."""
    return load([resource("ontology").resolve(), *config.ontology], config.all_prefixes)


def _inputs(reading: Reading, ontology: Ontology, config: Config, inference: bool) -> str:
    """A digest of everything that the quads follow from."""
    facts = [
        __version__,
        config.base,
        config.default_class,
        ontology.digest,
        inference,
        sorted(config.all_prefixes.items()),
        [(note.path, note.digest) for note in reading.notes],
        reading.attachments,
        reading.ignored,
    ]
    text = json.dumps(facts, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _shared_ids(reading: Reading) -> Iterator[Finding]:
    """Notes whose `id` another note, earlier by path, has too."""
    first: dict[str, str] = {}
    for note in reading.notes:
        value = note.value_of("id")
        if note.id and value and first.setdefault(note.id, note.path) != note.path:
            position = note.source.position(value.span.start)
            yield of_file(note.path, "P05", f"{first[note.id]} has the id “{note.id}” too", *position)


def _stated(reading: Reading, reader: Reader, progress: Progress | None) -> list[Statements]:
    stated = []
    for number, note in enumerate(reading.notes):
        if progress and number % 64 == 0:
            progress("linking", number, len(reading.notes))
        stated.append(reader.statements(note))
    return stated


def _graphs(stated: Iterable[Statements]) -> Iterator[tuple[str, Iterator[Row]]]:
    """Each note's graph, with the labels that fall to it."""
    stated = list(stated)
    labelled = {row.subject for note in stated for row in note.rows if row.predicate == PREF_LABEL}
    first: dict[tuple[str, str], str] = {}
    for note in stated:
        own = list(dict.fromkeys(_labels(note.labels, labelled, first)))
        yield f"<{note.graph}>", iter([*(row[:3] for row in note.rows), *own])


def _labels(labels: Iterable[Label], labelled: set[str], first: dict[tuple[str, str], str]) -> Iterator[Row]:
    """The labels of shared things that no earlier note gave; another title than the first is an alternative."""
    for label in labels:
        if label.term in labelled:
            continue
        key = (label.term, label.predicate)
        if key not in first:
            first[key] = label.text
            yield *key, literal(label.text)
        elif label.is_title and letters_and_digits(first[key]) != letters_and_digits(label.text):
            yield label.term, ALT_LABEL, literal(label.text)


def _ontology_rows(ontology: Ontology) -> list[Row]:
    return [(str(t.subject), str(t.predicate), str(t.object)) for t in ontology.triples]


def _links(stated: Iterable[Statements]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for note in stated:
        totals.update(note.links)
    return {kind: totals[kind] for kind in LINK_CLASSES if totals[kind]}


def _wanted(stated: Iterable[Statements]) -> list[tuple[str, int]]:
    """What links name and no file answers, by how many notes want it."""
    stated = list(stated)
    missing = {row.subject for note in stated for row in note.rows if row[1:3] == (RDF_TYPE, MISSING)}
    labels = {label.term: label.text for note in reversed(stated) for label in reversed(note.labels)}
    wanted = Counter(row.object for note in stated for row in note.rows if row.predicate == LINKS_TO)
    rows = [(labels[term], wanted[term]) for term in missing]
    return sorted(rows, key=lambda row: (-row[1], row[0]))
