"""What is wrong in a vault: one sorted report of its files, properties and links, and of what the shapes expect.

Links are checked as the notes lie on the disk. Shapes are about what the notes mean, with all that follows: so the
store is brought up to date first, as `kg ingest` does; and they look at what `kg pull` put beside it, too. What was
found is remembered, and what no change touches is not looked at again.
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

from kg import __version__
from kg.alike import alike
from kg.conformance import Conformance, State, lookup
from kg.errors import KgError, StoreError, StoreRefused
from kg.explanation import Explainer
from kg.findings import CODES, SEVERITIES, Code, Finding, Result, Severity
from kg.guard import Limits
from kg.ingestion import Kept, Report, Scan, ingest, load_ontology
from kg.ledger import Ledger
from kg.links import Checked, Checker, whole
from kg.memory import Memory, Seen
from kg.note import Note
from kg.obsidian import Settings
from kg.ontology import Ontology
from kg.places import Finder, Origin, Origins, Place
from kg.pulled import Pulled
from kg.resolve import Card, Index, LinkClass
from kg.shacl import Violation, in_turtle, term_from
from kg.shapes import ALIKE, TYPE, Shapes, is_of_range
from kg.statements import PREF_LABEL, Reader
from kg.store import Outdated, Published, Store, published, settled
from kg.terms import KG, Names
from kg.vault import Files, Progress, Reading, Vault, read_note, without_collection
from kg.wording import Wording
from kg.workers import WORTH_IT, Workers

T = TypeVar("T")
Only = Literal["links", "shapes"]
_SEVERITIES: Mapping[str, Severity] = {"Violation": "error", "Warning": "warning"}
_DESCRIBES, _LABEL = ox.NamedNode(KG + "describes"), ox.NamedNode(PREF_LABEL[1:-1])


@dataclass(frozen=True)
class Validation:
    """The findings in the order of files, lines and columns, and every link in one class."""

    findings: tuple[Finding, ...]
    classes: Mapping[LinkClass, int]
    hidden: int = 0
    """How many less severe ones were left out."""
    rules: Mapping[str, Code] = field(default_factory=lambda: CODES, repr=False)
    """What the codes of the findings stand for."""
    results: tuple[Violation, ...] = field(default=(), repr=False)
    """What the shapes found, of every severity."""
    shapes: Shapes | None = field(default=None, repr=False)
    wording: Wording | None = field(default=None, repr=False)

    @cached_property
    def codes(self) -> Mapping[str, int]:
        """How many findings there are of each code."""
        return dict(sorted(Counter(finding.code for finding in self.findings).items()))

    def at_least(self, severity: Severity) -> "Validation":
        """Without the findings that are less severe."""
        kept = tuple(one for one in self.findings if is_at_least(one.severity, severity))
        return replace(self, findings=kept, hidden=self.hidden + len(self.findings) - len(kept))

    def turtle(self, prefixes: Mapping[str, str]) -> str:
        """The validation report of SHACL, in Turtle."""
        said = self.wording.message if self.wording else lambda result: ""
        results = [one._replace(messages=(said(one),)) for one in self.results]
        return in_turtle(self.shapes or Shapes(()), results, prefixes)


def is_at_least(severity: Severity, limit: Severity) -> bool:
    """Whether a severity is this one or a worse one."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(limit)


def validate(
    vault: Vault | str | Path,
    *,
    only: Only | None = None,
    severity: Severity = "info",
    seconds: float | None = None,
    progress: Progress | None = None,
) -> Validation:
    """Check a vault: its links and properties, and the shapes; or only the one or the other.

    Findings less severe than `severity` are counted, not told. The links alone need no store; for the shapes it is
    brought up to date. Raises KgError where that cannot be done, or where there is no note to check; TimedOut where
    the shapes take more `seconds` than `max_seconds` of kg.toml, or those given here.
    """
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        scan = Scan.of(vault)
        if not scan.files.notes and not _had_notes(vault, scan.files):
            raise KgError(f"there is nothing to check: {vault.path} has no notes")
        if only == "links":
            return _links_alone(vault, scan.files, progress).at_least(severity)
        with _up_to_date(vault, scan, progress) as (report, found):
            run = _Run(vault, report.looked_again or scan.files, report, found, severity, seconds, progress)
            return run.validation(only).at_least(severity)


def _had_notes(vault: Vault, files: Files) -> bool:
    """Whether notes may be where nothing can be seen now; an ingest says so."""
    return bool(files.unseen) or (files.root.empty and published(vault.config.store) is not None)


def check(reading: Reading, index: Index) -> Validation:
    """The links of a vault that was read already."""
    checked = map(Checker(index, reading.settings).check, reading.notes)
    return _together(checked, index, reading.settings, reading.findings)


def _links_alone(vault: Vault, files: Files, progress: Progress | None) -> Validation:
    with Workers.for_files(len(files.notes)) as workers:
        read = workers.read(files.notes, vault.config.max_bytes, progress).values()
        kept = Kept.of(_remembered(vault) if files.unseen else None, files)
        cards = [one.card for one in read if one.card] + list(kept.cards)
        names = Names(vault.config.base)
        index = Index.of(cards, kept.attachments, names, ignored=kept.ignored, on_disk=files.on_disk)
        checked = workers.each(Checker(index, vault.settings).check)
    found = [finding for one in read for finding in one.findings]
    return _together(checked, index, vault.settings, [*files.findings, *found])


def _remembered(vault: Vault) -> Ledger | None:
    """What the store remembers of the notes, where there is one."""
    found = published(vault.config.store)
    return Ledger.read(found.folder) if found else None


def _together(checked: Iterable[Checked], index: Index, settings: Settings, findings: Iterable[Finding]) -> Validation:
    links = whole(checked, index, settings)
    return Validation(tuple(sorted({*findings, *links.findings})), links.classes)


@contextmanager
def _up_to_date(vault: Vault, scan: Scan, progress: Progress | None) -> Iterator[tuple[Report, Published]]:
    """The store as an ingest leaves it: the vault's own, or where that cannot be written now, one for this time."""
    try:
        found = settled(lambda: _ingested(vault, scan, progress))
    except StoreRefused:
        raise
    except StoreError:
        with tempfile.TemporaryDirectory() as folder:
            apart = Vault(config=replace(vault.config, store=Path(folder) / "store"))
            yield _ingested(apart, Scan("", scan.files), progress)
        return
    yield found


def _ingested(vault: Vault, scan: Scan, progress: Progress | None) -> tuple[Report, Published]:
    """An ingest, and the generation that it is of, held. Raises Outdated where that is no longer the published one."""
    report = ingest(vault, files=scan, progress=progress)
    found = Published(report.path)
    if found.stamp != report.generation:
        raise Outdated
    return report, found


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
        self.before = Memory.read(self.folder)
        cards = [entry.card for entry in self.ledger.entries.values()]
        attachments, ignored = self.ledger.attachments, self.ledger.ignored
        self.index = Index.of(cards, attachments, self.names, ignored=ignored, on_disk=files.on_disk)

    def validation(self, only: Only | None) -> Validation:
        """Everything, or the shapes alone."""
        checked = self._checked()
        state = self._state()
        results = tuple(self._asserted(state.all))
        placed = self._placed(results, checked)
        shaped = [finding for _, finding in placed if finding]
        hidden = sum(not is_at_least(_severity(one), self.severity) for one in results)
        self._keep(checked, state, placed)
        links = whole(checked.values(), self.index, self.vault.settings)
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
        """Where notes contradict each other by the ontology, unless a shape has a better word for it there."""
        told = {(one.path, one.line, one.column, one.result.focus) for one in shaped if one.result}
        found = Explainer(self.config, self.found, self.ontology, self.ledger).findings()
        for one, thing in found.items():
            if (one.path, one.line, one.column, thing.strip("<>")) not in told:
                yield one

    # ---- links ---------------------------------------------------------------------------------------------------

    @cached_property
    def _names(self) -> str:
        """A digest of what a link can be resolved by, less headings and blocks, and of the settings."""
        cards = [(c.path, c.name, c.id, c.title, c.aliases, c.kind, c.is_template) for c in self._cards()]
        others = (*self.ledger.attachments, *self.ledger.ignored, *sorted(self.files.on_disk.items()))
        facts = (__version__, self.config.base, self.vault.settings, sorted(cards), others)
        return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()

    def _cards(self) -> Iterable[Card]:
        return (entry.card for entry in self.ledger.entries.values())

    @cached_property
    def _same(self) -> Mapping[str, Seen]:
        """What is remembered of the notes that neither changed nor link to one that did.

        What a link means follows from the names of notes and files, which are all as they were, and from the headings
        and blocks of the note that it leads to.
        """
        if self.before.names != self._names:
            return {}
        entries = self.ledger.entries
        same = {p: seen for p, seen in self.before.notes.items() if p in entries and entries[p].digest == seen.digest}
        changed = entries.keys() - same.keys()
        return {path: seen for path, seen in same.items() if seen.checked.leads.isdisjoint(changed)}

    def _checked(self) -> dict[str, Checked]:
        """The checks of all notes by path, as far as they are notes now."""
        good = [path for path in self.files.notes if path not in self.ledger.bad]
        found = {path: self._same[path].checked for path in good if path in self._same}
        again = {path: self.files.notes[path] for path in good if path not in found}
        checker = Checker(self.index, self.vault.settings)
        found |= {one.path: one for one in self._of_notes(again, checker.check, "checking")}
        return found | self._unseen()

    def _unseen(self) -> dict[str, Checked]:
        """The checks that are remembered of notes that cannot be looked at now."""
        entries = self.ledger.entries
        hidden = {path: seen for path, seen in self.before.notes.items() if path in entries and self.files.hides(path)}
        return {path: seen.checked for path, seen in hidden.items() if entries[path].digest == seen.digest}

    def _of_notes(self, files: Mapping[str, Path], work: Callable[[Note], T], what: str) -> Sequence[T]:
        """What a function gives of some notes, which are read for it."""
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
        """The words for what they find."""
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
        """What was pulled from elsewhere, for the shapes to look at, too."""
        return Pulled(self.config.store)

    def _pulled(self) -> Iterator[ox.Triple]:
        for triple in self.pulled.triples():
            if not any(self.store.find(triple.subject, triple.predicate, triple.object, ox.DefaultGraph())):
                yield triple

    def _alike(self) -> Iterator[ox.Triple]:
        """Which of the things that are known by their names are nearly named alike, the rarer first.

        Of two that have notes of their own each is meant.
        """
        default = ox.DefaultGraph()
        for class_ in sorted(c for c in self.ontology.classes if self.ontology.known_by_name(c) == c):
            named: dict[str, set[ox.NamedNode]] = defaultdict(set)
            for quad in self.store.find(None, TYPE, ox.NamedNode(class_), default):
                for label in self.store.find(quad.subject, _LABEL, None, default):
                    if isinstance(quad.subject, ox.NamedNode) and isinstance(label.object, ox.Literal):
                        named[label.object.value].add(quad.subject)
            for one, other in alike(named):
                yield from self._pair(min(named[one], key=str), min(named[other], key=str))

    def _pair(self, one: ox.NamedNode, other: ox.NamedNode) -> Iterator[ox.Triple]:
        described = [any(self.store.find(None, _DESCRIBES, it, ox.DefaultGraph())) for it in (one, other)]
        if one == other or all(described):
            return
        uses = [(has_note, sum(1 for _ in self.store.find(None, None, it, None)), it.value, it)
                for has_note, it in zip(described, (one, other), strict=True)]  # fmt: skip
        rare, usual = sorted(uses, key=lambda row: (row[0], row[1], [-ord(ch) for ch in row[2]]))
        yield ox.Triple(rare[3], ALIKE, usual[3])

    def _label(self, iri: str) -> str:
        """The label of a thing; of a section its heading."""
        try:
            node = ox.NamedNode(iri)
        except ValueError:  # a message may hold what only looks like one
            return ""
        for predicate in (_LABEL, ox.NamedNode(KG + "heading")):
            labels = self.store.find(node, predicate, None, ox.DefaultGraph())
            found = sorted(quad.object.value for quad in labels if isinstance(quad.object, ox.Literal))
            if found:
                return found[0]
        return ""

    def _kind(self, iri: str) -> str:
        """The class of a thing that a reader would name: one of the ontology's, and none above another."""
        found = {quad.object.value for quad in self.store.find(ox.NamedNode(iri), TYPE, None, ox.DefaultGraph())
                 if isinstance(quad.object, ox.NamedNode)} & self.ontology.classes  # fmt: skip
        above = {up for one in found for up in self.ontology.superclasses(one) - {one}}
        return min((one for one in found - above if not self.ontology.is_structural(one)), default="")

    def _asserted(self, results: Iterable[Violation]) -> Iterator[Violation]:
        """Without what a property expects of values that only inference gives it."""
        for one in results:
            if not is_of_range(one.shape.strip("<>")) or self.origins.states(
                one.focus, one.path.strip("<>"), one.value
            ):
                yield one

    # ---- places --------------------------------------------------------------------------------------------------

    @cached_property
    def origins(self) -> Origins:
        """Which notes state what."""
        return Origins(self.store.find, {self.names.path(path): path for path in self.ledger.entries})

    def _placed(
        self, results: Iterable[Violation], checked: Mapping[str, Checked]
    ) -> list[tuple[tuple[Origin, Place] | None, Finding | None]]:
        """The findings of results that are told, each with where it stands."""
        told = [(one, self._origin(one)) for one in results if is_at_least(_severity(one), self.severity)]
        places = self._places({origin for _, origin in told if origin})
        found: list[tuple[tuple[Origin, Place] | None, Finding | None]] = []
        for result, origin in told:
            place = places.get(origin) if origin else None
            kept = (origin, place) if origin and place else None
            found.append((kept, self._finding(result, origin, place or Place(1, 1, 1, 1))))
        return found

    def _origin(self, result: Violation) -> Origin | None:
        path = result.path.strip("<>") if result.path.startswith("<") else ""
        classes = self.shapes.classes_around(term_from(result.shape))
        value = result.value if path or result.value != result.focus else ""
        return self.origins.of(result.focus, path, value, classes)

    def _places(self, wanted: set[Origin]) -> dict[Origin, Place]:
        found = {origin: place for path, seen in self._same.items() for origin, place in seen.places.items()}
        found = {origin: found[origin] for origin in wanted if origin in found}
        missing: dict[str, set[Origin]] = defaultdict(set)
        for origin in wanted - found.keys():
            missing[origin.path].add(origin)
        reader = Reader(self.index, self.ontology, self.config.default_class)
        finder = Finder(reader, {path: frozenset(rows) for path, rows in missing.items()})
        files = {path: self.files.notes[path] for path in missing if path in self.files.notes}
        for some in self._of_notes(files, finder.find, "placing"):
            found |= some
        return found

    def _finding(self, result: Violation, origin: Origin | None, place: Place) -> Finding:
        wording = self.wording
        told = Result(
            _severity(result),
            result.shape.strip("<>"),
            result.focus.strip("<>"),
            wording.path(result),
            result.value.strip("<>"),
            result.component.strip("<>"),
        )
        path = origin.path if origin else "."
        elsewhere = None if origin else self.pulled.place(result.focus, self.vault.path)
        if elsewhere:
            path, line = elsewhere
            place = Place(line, 1, line, 1)
        return Finding(path, *place, wording.code(result), wording.message(result), wording.hint(result), told)

    # ---- what is remembered --------------------------------------------------------------------------------------

    def _keep(
        self,
        checked: Mapping[str, Checked],
        state: State,
        placed: Iterable[tuple[tuple[Origin, Place] | None, Finding | None]],
    ) -> None:
        places: dict[str, dict[Origin, Place]] = defaultdict(dict)
        for path, seen in self._same.items():
            places[path] |= seen.places
        for known, _ in placed:
            if known:
                places[known[0].path][known[0]] = known[1]
        entries = self.ledger.entries
        notes = {
            path: Seen(entries[path].digest, one, places.get(path, {}))
            for path, one in checked.items()
            if path in entries
        }
        memory = Memory(self._names, notes, self._key, state)
        if memory != self.before:
            memory.keep(self.folder)


def _severity(result: Violation) -> Severity:
    return _SEVERITIES.get(result.severity.strip("<>").rpartition("#")[2], "info")
