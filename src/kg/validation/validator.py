"""Validate a vault: one sorted report on its files, properties, links and shapes.

Links are checked in the notes on disk. Shapes check what the notes mean and entail, so the store is brought up to date
first, as `kg ingest` does; the shapes also see the graphs that `kg pull` stored beside it. Results are cached, and only
what a change affects is checked again.
"""

import hashlib
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import pyoxigraph as ox

from kg.core.errors import KgError, StoreError, StoreRefused
from kg.core.findings import CODES, SEVERITIES, Code, Finding, Result, Severity
from kg.core.limits import Limits
from kg.core.spelling import alike
from kg.core.version import __version__
from kg.ingestion.pipeline import Kept, Scan, ingest
from kg.ingestion.report import Report
from kg.mapping.link_resolution import Index, LinkClass
from kg.mapping.ontology import Ontology, load_ontology
from kg.mapping.provenance import Finder, Origin, Origins, Place
from kg.mapping.statements import Reader
from kg.notes.model import Note
from kg.notes.obsidian_settings import Settings
from kg.notes.pool import WORTH_IT, Workers
from kg.notes.summary import Card
from kg.notes.vault import Files, Progress, Reading, Vault, read_note, without_collection
from kg.rdf.iris import Names
from kg.rdf.vocabulary import DEFAULT_GRAPH, DESCRIBES, HEADING, NEARLY_NAMED, PREF_LABEL, TYPE
from kg.reasoning.explanation import Explainer
from kg.store.builder import Outdated, retried
from kg.store.ingest_state import IngestState
from kg.store.pulled_graphs import Pulled
from kg.store.store import Published, Store, published
from kg.validation.cache import Seen, ValidationCache
from kg.validation.conformance import Conformance, State, lookup
from kg.validation.link_checks import Checked, Checker, combine
from kg.validation.messages import Wording, bare
from kg.validation.pyshacl_runner import Violation, in_turtle
from kg.validation.shapes import Shapes, is_of_range

T = TypeVar("T")
Only = Literal["links", "shapes"]
_SEVERITIES: Mapping[str, Severity] = {"Violation": "error", "Warning": "warning"}


@dataclass(frozen=True)
class Validation:
    """The findings in order of file, line and column, and the number of links of each class."""

    findings: tuple[Finding, ...]
    classes: Mapping[LinkClass, int]
    hidden: int = 0
    """The number of less severe findings left out."""
    rules: Mapping[str, Code] = field(default_factory=lambda: CODES, repr=False)
    """The meaning of the findings' codes."""
    results: tuple[Violation, ...] = field(default=(), repr=False)
    """The results of the shapes, of every severity."""
    shapes: Shapes | None = field(default=None, repr=False)
    wording: Wording | None = field(default=None, repr=False)

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """The number of findings of each code."""
        return dict(sorted(Counter(finding.code for finding in self.findings).items()))

    def at_least(self, severity: Severity) -> "Validation":
        """A copy without the less severe findings."""
        kept = tuple(finding for finding in self.findings if is_at_least(finding.severity, severity))
        return replace(self, findings=kept, hidden=self.hidden + len(self.findings) - len(kept))

    def turtle(self, prefixes: Mapping[str, str]) -> str:
        """The SHACL validation report, in Turtle."""
        message = self.wording.message if self.wording else lambda result: ""
        results = [violation._replace(messages=(message(violation),)) for violation in self.results]
        return in_turtle(self.shapes or Shapes(()), results, prefixes)


def is_at_least(severity: Severity, limit: Severity) -> bool:
    """Whether a severity is at or above a limit."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(limit)


def validate(
    vault: Vault | str | Path,
    *,
    only: Only | None = None,
    severity: Severity = "info",
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Check the links, properties and shapes of a vault; with `only`, just the links or just the shapes.

    Findings less severe than `severity` are counted but not listed. The links alone need no store; for the shapes, it
    is brought up to date. Raises KgError if that fails or there is no note to check; TimedOut if the shapes take more
    than `seconds`, by default `max_seconds` of kg.toml.
    """
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        scan = Scan.of(vault)
        if not scan.files.notes and not _had_notes(vault, scan.files):
            raise KgError(f"there is nothing to check: {vault.path} has no notes")
        if only == "links":
            return _links_alone(vault, scan.files, progress).at_least(severity)
        with _up_to_date(vault, scan, progress) as (report, generation):
            run = _Run(vault, report.looked_again or scan.files, report, generation, severity, seconds, progress)
            return run.validation(only).at_least(severity)


def _had_notes(vault: Vault, files: Files) -> bool:
    """Whether notes may exist in places that cannot be read now; an ingest reports that."""
    return bool(files.unseen) or (files.root.empty and published(vault.config.store) is not None)


def check(reading: Reading, index: Index) -> Validation:
    """Check the links of a vault that is already read."""
    checked = map(Checker(index, reading.settings).check, reading.notes)
    return _together(checked, index, reading.settings, reading.findings)


def _links_alone(vault: Vault, files: Files, progress: Progress | None) -> Validation:
    with Workers.for_files(len(files.notes)) as workers:
        read = workers.read(files.notes, vault.config.max_bytes, progress).values()
        kept = Kept.of(_remembered(vault) if files.unseen else None, files)
        cards = [entry.card for entry in read if entry.card] + list(kept.cards)
        names = Names(vault.config.base)
        index = Index.of(cards, kept.attachments, names, ignored=kept.ignored, on_disk=files.on_disk)
        checked = workers.each(Checker(index, vault.settings).check)
    findings = [finding for entry in read for finding in entry.findings]
    return _together(checked, index, vault.settings, [*files.findings, *findings])


def _remembered(vault: Vault) -> IngestState | None:
    """The ledger of the store; None if there is no store."""
    generation = published(vault.config.store)
    return IngestState.read(generation.folder) if generation else None


def _together(checked: Iterable[Checked], index: Index, settings: Settings, findings: Iterable[Finding]) -> Validation:
    links = combine(checked, index, settings)
    return Validation(tuple(sorted({*findings, *links.findings})), links.classes)


@contextmanager
def _up_to_date(vault: Vault, scan: Scan, progress: Progress | None) -> Iterator[tuple[Report, Published]]:
    """Bring the store up to date: the vault's own or, if that cannot be written now, a temporary store."""
    try:
        ingested = retried(lambda: _ingested(vault, scan, progress))
    except StoreRefused:
        raise
    except StoreError:
        with tempfile.TemporaryDirectory() as folder:
            temporary = Vault(config=replace(vault.config, store=Path(folder) / "store"))
            yield _ingested(temporary, Scan("", scan.files), progress)
        return
    yield ingested


def _ingested(vault: Vault, scan: Scan, progress: Progress | None) -> tuple[Report, Published]:
    """Run an ingest and hold its generation. Raises Outdated if another generation has been published since."""
    report = ingest(vault, files=scan, progress=progress)
    generation = Published(report.path)
    if generation.stamp != report.generation:
        raise Outdated
    return report, generation


class _Run:
    """One validation of a vault whose store is up to date."""

    def __init__(
        self,
        vault: Vault,
        files: Files,
        report: Report,
        found: Published,
        severity: Severity,
        seconds: float | None,
        progress: Progress | None,
    ) -> None:
        self.vault, self.files, self.report, self.severity = vault, files, report, severity
        self.config = vault.config
        self.limits = Limits(seconds or self.config.max_seconds, self.config.max_memory)
        self.progress: Progress = progress or (lambda what, done, total: None)
        self.found = found
        self.store: Store = found.store
        self.folder = report.path
        self.ledger = report.ledger
        self.names = Names(self.config.base)
        self.ontology: Ontology = load_ontology(self.config)
        self.before = ValidationCache.read(self.folder)
        cards = [entry.card for entry in self.ledger.entries.values()]
        attachments, ignored = self.ledger.attachments, self.ledger.ignored
        self.index = Index.of(cards, attachments, self.names, ignored=ignored, on_disk=files.on_disk)

    def validation(self, only: Only | None) -> Validation:
        """Check everything, or the shapes alone."""
        checked = self._checked()
        state = self._state()
        results = tuple(self._asserted(state.all))
        placed = self._placed(results, checked)
        shaped = [finding for _, finding in placed if finding]
        hidden = sum(not is_at_least(_severity(result), self.severity) for result in results)
        self._keep(checked, state, placed)
        links = combine(checked.values(), self.index, self.vault.settings)
        of_notes = [] if only == "shapes" else [*self.report.findings, *links.findings]
        return Validation(
            tuple(sorted({*of_notes, *shaped, *self._contradictions(shaped)})),
            links.classes,
            hidden,
            {**CODES, **self.wording.rules()},
            results,
            self.shapes,
            self.wording,
        )

    def _contradictions(self, shaped: Iterable[Finding]) -> Iterator[Finding]:
        """Contradictions between notes by the ontology, unless a shape has a better message for the same place."""
        reported = {
            (finding.path, finding.line, finding.column, finding.result.focus) for finding in shaped if finding.result
        }
        contradictions = Explainer(self.config, self.found, self.ontology, self.ledger).findings()
        for finding, thing in contradictions.items():
            if (finding.path, finding.line, finding.column, bare(thing)) not in reported:
                yield finding

    # ---- links ---------------------------------------------------------------------------------------------------

    @cached_property
    def _names(self) -> str:
        """A digest of the settings and of all that links are resolved by, except headings and blocks."""
        cards = [(c.path, c.name, c.id, c.title, c.aliases, c.kind, c.is_template) for c in self._cards()]
        others = (*self.ledger.attachments, *self.ledger.ignored, *sorted(self.files.on_disk.items()))
        facts = (__version__, self.config.base, self.vault.settings, sorted(cards), others)
        return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()

    def _cards(self) -> Iterable[Card]:
        return (entry.card for entry in self.ledger.entries.values())

    @cached_property
    def _same(self) -> Mapping[str, Seen]:
        """The cached checks of notes that neither changed nor link to a changed note.

        The meaning of a link follows from the names of notes and files, none of which has changed, and from the
        headings and blocks of the note that it leads to.
        """
        if self.before.names != self._names:
            return {}
        entries = self.ledger.entries
        same = {p: seen for p, seen in self.before.notes.items() if p in entries and entries[p].digest == seen.digest}
        changed = entries.keys() - same.keys()
        return {path: seen for path, seen in same.items() if seen.checked.leads.isdisjoint(changed)}

    def _checked(self) -> dict[str, Checked]:
        """The checks of all valid notes by path."""
        valid = [path for path in self.files.notes if path not in self.ledger.bad]
        checks = {path: self._same[path].checked for path in valid if path in self._same}
        outdated = {path: self.files.notes[path] for path in valid if path not in checks}
        checker = Checker(self.index, self.vault.settings)
        checks |= {result.path: result for result in self._of_notes(outdated, checker.check, "checking")}
        return checks | self._unseen()

    def _unseen(self) -> dict[str, Checked]:
        """The cached checks of notes that cannot be read now."""
        entries = self.ledger.entries
        hidden = {path: seen for path, seen in self.before.notes.items() if path in entries and self.files.hides(path)}
        return {path: seen.checked for path, seen in hidden.items() if entries[path].digest == seen.digest}

    def _of_notes(self, files: Mapping[str, Path], work: Callable[[Note], T], what: str) -> Sequence[T]:
        """Read notes and apply a function to each."""
        self.progress(what, 0, 1)
        if len(files) < WORTH_IT:
            notes = (read_note(path, place, self.config.max_bytes)[0] for path, place in files.items())
            return [work(note) for note in notes if note]
        with Workers.for_files(len(files)) as workers:
            workers.read(files, self.config.max_bytes, self.progress)
            return workers.each(work)

    # ---- shapes --------------------------------------------------------------------------------------------------

    @cached_property
    def shapes(self) -> Shapes:
        """The shapes of the ontology's files."""
        return Shapes.of(self.ontology)

    @cached_property
    def wording(self) -> Wording:
        """The wording of their results."""
        return Wording(self.shapes, self.ontology, self.names, self._label, self._kind)

    @cached_property
    def _key(self) -> str:
        return f"{__version__} {self.shapes.digest} {self.ontology.digest} {self.config.base}"

    def _state(self) -> State:
        self.progress("shapes", 0, 1)
        find = lookup(self.store.find, [*self._alike(), *self._pulled()], self.config.base)
        before = self.before.state if self.before.shapes == self._key else None
        return Conformance(self.shapes, find, self.limits).check(before)

    @cached_property
    def pulled(self) -> Pulled:
        """The pulled graphs, which the shapes see too."""
        return Pulled(self.config.store)

    def _pulled(self) -> Iterator[ox.Triple]:
        for triple in self.pulled.triples():
            if not self.store.has(triple.subject, triple.predicate, triple.object):
                yield triple

    def _alike(self) -> Iterator[ox.Triple]:
        """Triples that link things with similar names, the rarer first; only of classes whose things are known by name.

        Two things that both have notes are distinct on purpose and are left out.
        """
        default = DEFAULT_GRAPH
        for class_ in sorted(c for c in self.ontology.classes if self.ontology.known_by_name(c) == c):
            by_label: dict[str, set[ox.NamedNode]] = defaultdict(set)
            for quad in self.store.find(None, TYPE, ox.NamedNode(class_), default):
                for label in self.store.find(quad.subject, PREF_LABEL, None, default):
                    if isinstance(quad.subject, ox.NamedNode) and isinstance(label.object, ox.Literal):
                        by_label[label.object.value].add(quad.subject)
            for name, similar in alike(by_label):
                yield from self._pair(min(by_label[name], key=str), min(by_label[similar], key=str))

    def _pair(self, one: ox.NamedNode, other: ox.NamedNode) -> Iterator[ox.Triple]:
        described = [self.store.has(None, DESCRIBES, thing) for thing in (one, other)]
        if one == other or all(described):
            return
        uses = [(has_note, sum(1 for _ in self.store.find(None, None, thing, None)), thing.value, thing)
                for has_note, thing in zip(described, (one, other), strict=True)]  # fmt: skip
        rare, usual = sorted(uses, key=lambda row: (row[0], row[1], [-ord(ch) for ch in row[2]]))
        yield ox.Triple(rare[3], NEARLY_NAMED, usual[3])

    def _label(self, iri: str) -> str:
        """The label of a thing, or the heading of a section; empty if it has none."""
        try:
            node = ox.NamedNode(iri)
        except ValueError:  # a message may contain text that only looks like an IRI
            return ""
        for predicate in (PREF_LABEL, HEADING):
            labels = self.store.triples(node, predicate, None)
            texts = sorted(quad.object.value for quad in labels if isinstance(quad.object, ox.Literal))
            if texts:
                return texts[0]
        return ""

    def _kind(self, thing: ox.NamedNode) -> str:
        """The class of a thing that a reader would name: the most specific class of the ontology."""
        classes = {quad.object.value for quad in self.store.triples(thing, TYPE, None)
                 if isinstance(quad.object, ox.NamedNode)} & self.ontology.classes  # fmt: skip
        superclasses = {
            superclass for class_ in classes for superclass in self.ontology.superclasses(class_) - {class_}
        }
        return min((class_ for class_ in classes - superclasses if not self.ontology.is_structural(class_)), default="")

    def _asserted(self, results: Iterable[Violation]) -> Iterator[Violation]:
        """Drop the range results of values that a property has only by inference."""
        for result in results:
            if not is_of_range(result.shape) or self.origins.states(result.focus, result.property, result.value):
                yield result

    # ---- places --------------------------------------------------------------------------------------------------

    @cached_property
    def origins(self) -> Origins:
        """The notes that state each triple."""
        return Origins(self.store.find, {self.names.path(path): path for path in self.ledger.entries})

    def _placed(
        self, results: Iterable[Violation], checked: Mapping[str, Checked]
    ) -> list[tuple[tuple[Origin, Place] | None, Finding | None]]:
        """The findings of the reported results, each with its origin and place."""
        reported = [
            (violation, self._origin(violation))
            for violation in results
            if is_at_least(_severity(violation), self.severity)
        ]
        places = self._places({origin for _, origin in reported if origin})
        placed: list[tuple[tuple[Origin, Place] | None, Finding | None]] = []
        for result, origin in reported:
            place = places.get(origin) if origin else None
            located = (origin, place) if origin and place else None
            placed.append((located, self._finding(result, origin, place or Place(1, 1, 1, 1))))
        return placed

    def _origin(self, result: Violation) -> Origin | None:
        classes = self.shapes.classes_around(result.shape)
        value = result.value if result.property or result.value != result.focus else None
        return self.origins.of(result.focus, result.property, value, classes)

    def _places(self, wanted: set[Origin]) -> dict[Origin, Place]:
        places = {origin: place for path, seen in self._same.items() for origin, place in seen.places.items()}
        places = {origin: places[origin] for origin in wanted if origin in places}
        missing: dict[str, set[Origin]] = defaultdict(set)
        for origin in wanted - places.keys():
            missing[origin.path].add(origin)
        reader = Reader(self.index, self.ontology, self.config.default_class)
        finder = Finder(reader, {path: frozenset(rows) for path, rows in missing.items()})
        files = {path: self.files.notes[path] for path in missing if path in self.files.notes}
        for batch in self._of_notes(files, finder.find, "placing"):
            places |= batch
        return places

    def _finding(self, result: Violation, origin: Origin | None, place: Place) -> Finding:
        wording = self.wording
        details = Result(
            _severity(result),
            bare(result.shape),
            bare(result.focus),
            wording.path(result),
            bare(result.value),
            bare(result.component),
        )
        path = origin.path if origin else "."
        pulled_place = None if origin else self.pulled.place(str(result.focus), self.vault.path)
        if pulled_place:
            path, line = pulled_place
            place = Place(line, 1, line, 1)
        code, hint = wording.code(result.shape, result.constraint), wording.hint(result.shape)
        return Finding(path, *place, code, wording.message(result), hint, details)

    # ---- cache ---------------------------------------------------------------------------------------------------

    def _keep(
        self,
        checked: Mapping[str, Checked],
        state: State,
        placed: Iterable[tuple[tuple[Origin, Place] | None, Finding | None]],
    ) -> None:
        places: dict[str, dict[Origin, Place]] = defaultdict(dict)
        for path, seen in self._same.items():
            places[path] |= seen.places
        for located, _ in placed:
            if located:
                places[located[0].path][located[0]] = located[1]
        entries = self.ledger.entries
        notes = {
            path: Seen(entries[path].digest, checks, places.get(path, {}))
            for path, checks in checked.items()
            if path in entries
        }
        cache = ValidationCache(self._names, notes, self._key, state)
        if cache != self.before:
            cache.keep(self.folder)


def _severity(result: Violation) -> Severity:
    return _SEVERITIES.get(bare(result.severity).rpartition("#")[2], "info")
