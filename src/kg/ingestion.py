"""Bring a store up to date with a vault: find what changed, state it anew, apply the difference, infer, publish.

What a note states follows from its text, the ontology, and the answers that the vault's index gave to the links and
names in it. So a change of one file touches that note, and those that asked for something which the change answers
otherwise; a change of the ontology or of a setting touches all. Where most has changed, the store is built anew.
"""

import hashlib
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from kg import __version__
from kg.config import FILE as CONFIG
from kg.config import Config, is_there, resource
from kg.constructs import FILE as RULES
from kg.errors import ConfigError, KgError, TermRefused
from kg.findings import Finding, of_file
from kg.inference import Engine, Inference, Reasoning, infer, update
from kg.ledger import FILE, Bad, Entry, Ledger, digests
from kg.mistakes import near
from kg.note import Note
from kg.ontology import Ontology, load
from kg.refusals import CODE as REFUSED
from kg.refusals import Examiner, Refusal
from kg.resolve import LINK_CLASSES, Card, Index, differences
from kg.source import MOST, digest, read_bytes
from kg.statements import PREF_LABEL, Reader, Statements
from kg.store import Builder, Published, Store, building, published, settled, stamp, tidy
from kg.terms import INFERRED, METRICS, ONTOLOGY, Names
from kg.vault import Files, Progress, Vault, read_note, without_collection
from kg.workers import Read, Workers

Row = tuple[str, str, str]

_ANEW = 0.3
"""Where more than this part of the notes has to be stated again, building anew is the shorter way."""
_WANTED = 20
_READY = 15_000_000
_LEFT_OUT = 20
"""So many inferred triples that the store refused are named."""
_NOT_SHOWN = {"wanted", "left_out"}


@dataclass(frozen=True)
class Report:
    """What an ingest found and did."""

    summary: Mapping[str, Any]
    """The numbers of contract section 5: notes, changed, triples, inferred, links by class, seconds."""
    findings: tuple[Finding, ...]
    path: Path
    """Where the store is."""
    changed: bool
    changes: "Changes"
    """What had changed, note by note."""
    ledger: Ledger = field(repr=False, compare=False)
    """What is remembered of the notes."""
    inference: Inference | None = None
    """How everything was inferred; None where nothing was, or only what a change touches."""
    generation: str = ""
    """The stamp of the generation that this is of."""
    looked_again: Files | None = field(default=None, repr=False, compare=False)
    """The files that it is of, where those that were given no longer counted."""

    @cached_property
    def store(self) -> Store:
        """The store as this ingest left it, or as one has since."""
        return Store(self.path)

    def as_json(self) -> dict[str, object]:
        """One object, as `kg ingest --json` prints it."""
        codes = Counter(finding.code for finding in self.findings)
        figures = {key: value for key, value in self.summary.items() if key not in _NOT_SHOWN}
        return {**figures, "findings": dict(sorted(codes.items()))}


class Scan(NamedTuple):
    """The files of a vault, and the stamp of the generation that was published before they were looked for.

    What was found before another process published does not say what has gone from the notes since.
    """

    since: str
    files: Files

    @classmethod
    def of(cls, vault: Vault) -> "Scan":
        """Look for the files of a vault."""
        return cls(stamp(vault.config.store), vault.files())


class Changes(NamedTuple):
    """What differs between the notes and the published store, each by path."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    affected: tuple[str, ...] = ()
    """Untouched notes whose links or names mean something else now."""
    everything: str = ""
    """Why all notes are read anew, where they are."""

    def __bool__(self) -> bool:
        return any(self)


def ingest(
    vault: Vault | str | Path,
    *,
    full: bool = False,
    inference: bool = True,
    files: Scan | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read what changed in a vault and publish what it says. Raises KgError where that cannot be done at all.

    Where nothing has changed since the published ingest, that one stays and the report says so; `full` builds it
    anew all the same. What is wrong in single files is in the report's findings. `files` are those of the vault, where
    they were found already.
    """
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        return _Ingest(vault, inference, progress, files).run(full=full)


def preview(vault: Vault | str | Path, *, inference: bool = True) -> Changes:
    """What an ingest would change, note by note; nothing is written. Raises KgError."""
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        return _Ingest(vault, inference, None).preview()


@dataclass(frozen=True)
class Inferred:
    """What inferring anew did."""

    inference: Inference
    triples: int
    """How many triples the store has now."""
    seconds: float
    is_stale: bool
    """Whether the ontology has changed since the notes were read."""


def infer_again(config: Config, engine: Engine | None = None) -> Inferred:
    """Infer everything anew from what the published store asserts, by the ontology and rules as they are now.

    Raises StoreMissing, StoreError, OntologyError.
    """
    started = time.perf_counter()
    return settled(lambda: _infer_again(config, engine, started))


def _infer_again(config: Config, engine: Engine | None, started: float) -> Inferred:
    found = Published(config.store)
    found.store  # noqa: B018 - or say why it cannot be read
    ontology = load_ontology(config)
    ledger = Ledger.read(found.folder)
    reasoning = Reasoning(ontology, remembered_rules(found), config.limits, config.max_inferred)
    with building(config.store, config.all_prefixes, "kg infer", found, found.stamp) as store:
        store.replace({METRICS: set()}, {})
        is_stale = any(store.replace({ONTOLOGY: set(_ontology_rows(ontology))}, {}))
        store.clear_inferred()
        inference = infer(store, reasoning, engine)
        counts = store.counts()
        summary = {**found.manifest.summary, "triples": counts[""], "inferred": counts.get(INFERRED, 0)}
        summary["ontology"] = counts.get(ONTOLOGY, 0)
        summary.pop("metrics", None)
        files = {RULES: reasoning.text} | ({FILE: ledger.text()} if ledger else {})
        found.release()
        store.publish(summary, files)
    return Inferred(inference, counts[""], round(time.perf_counter() - started, 3), is_stale)


def load_ontology(config: Config) -> Ontology:
    """The ontology that comes with kg, and the vault's own.

    Raises OntologyError, ConfigError, TimedOut, OutOfMemory.
    """
    ontology = load([resource("ontology").resolve(), *config.ontology], config.all_prefixes, config.limits)
    _check_default_class(config, ontology)
    return ontology


def _check_default_class(config: Config, ontology: Ontology) -> None:
    """The setting `default_class`, where it is given, must name a class. Raises ConfigError."""
    name = config.default_class
    if name == Config.default_class or ontology.class_named(name):
        return
    like = near(name, {ontology.label(class_) for class_ in ontology.classes} - {""})
    hint = f"; did you mean “{like}”?" if like else ""
    raise ConfigError(f"{config.root / CONFIG}: “default_class” must name a class: no ontology has “{name}”{hint}")


def remembered_rules(found: Published | None) -> str | None:
    """What is remembered with a store of what the rules' files mean."""
    try:
        return read_bytes(found.folder / RULES, MOST, follow=False).decode() if found else None
    except (OSError, ValueError):
        return None


class _Refused(Exception):
    """The store refused what some notes say."""

    def __init__(self, notes: tuple[Refusal, ...]) -> None:
        super().__init__(notes)
        self.notes = notes


@dataclass(frozen=True)
class Kept:
    """What is remembered of places that could not be looked at, beside the files that are there.

    Nobody knows whether they are gone, so they count as before: links to them stay resolved.
    """

    notes: frozenset[str]
    attachments: tuple[str, ...]
    """All of them: those that are there, and those that may be."""
    ignored: tuple[str, ...]
    findings: Mapping[str, tuple[Finding, ...]]
    cards: tuple[Card, ...] = ()
    """Those of the notes."""

    @classmethod
    def of(cls, before: Ledger | None, files: Files) -> "Kept":
        """What the ledger has of the places that `files` could not look at."""
        if before is None or not files.unseen:
            return cls(frozenset(), tuple(files.attachments), tuple(files.ignored), {})
        known = {*files.notes, *files.attachments, *files.ignored}
        hidden = {path for path in (*before.digests, *before.attachments, *before.ignored) if files.hides(path)} - known
        left_out = {path for path in hidden if files.leaves_out(path)} | hidden.intersection(before.ignored)
        notes = frozenset(before.digests.keys() & hidden - left_out)
        return cls(
            notes,
            tuple(sorted({*files.attachments, *(hidden.intersection(before.attachments) - left_out)})),
            tuple(sorted({*files.ignored, *left_out})),
            {path: before.findings_of(path) for path in notes},
            tuple(entry.card for path, entry in before.entries.items() if path in notes),
        )

    def bad(self, path: str) -> Bad:
        """A note that has to be read as soon as it can be; what was wrong in it last is still told."""
        return Bad("", self.findings[path])


class _Ingest:
    """One ingest: what the vault and the store are when it begins."""

    def __init__(self, vault: Vault, inference: bool, progress: Progress | None, files: Scan | None = None) -> None:
        self.started = time.perf_counter()
        self.vault = vault
        self.config = vault.config
        self.inference = inference
        self.progress: Progress = progress or (lambda what, done, total: None)
        # First what is published, then the notes: so no note that another writer has read meanwhile seems to be gone.
        self.since = stamp(self.config.store)
        self.published = published(self.config.store)
        if self.published:
            self.since = self.published.stamp
        self.before = Ledger.read(self.published.folder) if self.published else None
        self.looked_again = files is not None and files.since != self.since
        self.files = files.files if files and not self.looked_again else vault.files()
        self.ontology = load_ontology(self.config)
        self.names = Names(self.config.base)
        self.files = self.files.without(self.before.ignored) if self.before else self.files
        self.kept = Kept.of(self.before, self.files)
        self.refused: dict[str, Refusal] = {}
        """Notes that say what the store refuses: as such they cannot be read."""

    @cached_property
    def _reasoning(self) -> Reasoning:
        """What follows; what its rules' files mean is remembered from the last time."""
        return Reasoning(self.ontology, remembered_rules(self.published), self.config.limits, self.config.max_inferred)

    # ---- what to do -----------------------------------------------------------------------------------------

    def run(self, *, full: bool) -> Report:
        """Do what has to be done, from the start again where another writer has published meanwhile."""
        tries = iter((self,))
        return settled(lambda: (next(tries, None) or self._again())._attempt(full=full))

    def _again(self) -> "_Ingest":
        if self.published:
            self.published.release()
        again = _Ingest(Vault(config=self.config), self.inference, self.progress)
        again.started, again.looked_again = self.started, True
        return again

    def _attempt(self, *, full: bool) -> Report:
        """Do it; once more without the notes whose statements the store refused."""
        while True:
            try:
                return self._run(full=full)
            except _Refused as refused:
                self.refused |= {one.path: one for one in refused.notes}

    def _run(self, *, full: bool) -> Report:
        if self._is_out_of_sight(full=full):
            return self._nothing()
        anew = "--full was given" if full else self._anew()
        if anew or self.before is None or self.published is None:
            return self._build(anew)
        now = digests(self.files.notes, self.config.store, self.config.max_bytes, keep=True)
        again = self._different(now)
        others = (self.kept.attachments, self.kept.ignored) != (self.before.attachments, self.before.ignored)
        if not again and not others and self.before.digests.keys() <= now.keys() | self.kept.notes:
            return self._nothing()
        again += [path for path in self._refused_before() if path in now and path not in again]
        if len(again) > _ANEW * len(now) + 10:
            return self._build("most notes have changed")
        return self._update(again)

    def preview(self) -> Changes:
        """What `run` would do."""
        if self._is_out_of_sight(full=False):
            return Changes()
        anew = self._anew()
        if anew or self.before is None:
            notes = tuple(self.files.notes)
            return (
                Changes(added=notes, everything=anew)
                if self.before is None
                else Changes(changed=notes, everything=anew)
            )
        again = self._different(digests(self.files.notes, self.config.store, self.config.max_bytes))
        ledger, _, affected = self._ledger(again)
        return self._changes(again, ledger, affected)

    def _anew(self) -> str:
        """Why the store must be built anew; empty where it need not."""
        if self.published is None:
            return "there is no store yet"
        if self.before is None or not self.published.opens():
            return "the store cannot be read"
        return "" if self.before.settings == self._settings else "the ontology, a rule or a setting has changed"

    @cached_property
    def _settings(self) -> str:
        return _settings(self.config, self.ontology, inference=self.inference)

    def _different(self, now: Mapping[str, str]) -> list[str]:
        """The files that are not as they were when they were read, or could not be read at all."""
        assert self.before is not None
        then = self.before.digests
        return [path for path, digest in now.items() if not digest or then.get(path) != digest]

    def _refused_before(self) -> list[str]:
        """The notes that the store refused the last time: what they say may depend on what has changed."""
        assert self.before is not None
        return [path for path, bad in self.before.bad.items() if any(one.code == REFUSED for one in bad.findings)]

    def _is_out_of_sight(self, *, full: bool) -> bool:
        """Whether nothing can be seen of a vault that had notes: it cannot be listed, or its drive is not mounted.

        Raises KgError where it cannot be listed and nothing is known of it.
        """
        if any(not one.path for one in self.files.unseen):
            if self.before is None or self.published is None:
                raise KgError(f"the vault {self.config.vault} cannot be listed, and nothing is known of its notes yet")
            return True
        return not full and bool(self._vanished)

    @cached_property
    def _vanished(self) -> tuple[Finding, ...]:
        """That all notes are gone with everything beside them, as where a drive is not mounted.

        A folder that holds kg.toml or the store is there; so is one on the same file system as ever with other files.
        """
        root, before, config = self.files.root, self.before, self.config
        is_other = bool(before and before.device and before.device != root.device)
        is_marked = is_there(config.vault / CONFIG) or config.store.is_relative_to(config.vault)
        if before is None or not before.entries or not (root.empty or is_other) or is_marked:
            return ()
        if any(path in self.files.notes for path in before.entries):
            return ()
        number = len(before.entries)
        here = "nothing is here" if root.empty else "another drive is here"
        had = (
            f"{here}, and there {'was 1 note' if number == 1 else f'were {number:,} notes'}; the last good state stays"
        )
        return (of_file(".", "F07", had),)

    # ---- nothing, something, everything ----------------------------------------------------------------------

    def _nothing(self) -> Report:
        assert self.before is not None and self.published is not None
        self.published.release()
        tidy(self.config.store)
        summary = {**self.published.manifest.summary, "changed": 0, "seconds": self._seconds()}
        return self._report(summary, self.before, Changes(), self.since)

    def _report(
        self,
        summary: Mapping[str, Any],
        ledger: Ledger,
        changes: Changes,
        generation: str,
        inferred: Inference | None = None,
    ) -> Report:
        return Report(
            summary,
            tuple(sorted({*self._findings(ledger, summary), *(self._vanished if generation == self.since else ())})),
            self.config.store,
            changed=generation != self.since,
            changes=changes,
            ledger=ledger,
            inference=inferred,
            generation=generation,
            looked_again=self.files if self.looked_again else None,
        )

    def _update(self, again: list[str]) -> Report:
        """State the notes that changed and those that the change affects, and apply the difference."""
        assert self.before is not None and self.published is not None
        ledger, notes, affected = self._ledger(again)
        changes = self._changes(again, ledger, affected)
        index = self._index(ledger)
        reader = Reader(index, self.ontology, self.config.default_class)
        self.progress("linking", 0, 1)
        for path in affected:
            note, _ = read_note(path, self.files.notes[path], self.config.max_bytes)
            if note and (bad := self._as_refused(path, note.digest)):
                ledger = replace(ledger, bad={**ledger.bad, path: bad})
            elif note:
                notes[path] = note
        stated = {path: reader.statements(note) for path, note in notes.items()}
        entries = {
            **ledger.entries,
            **{path: _entry(notes[path], Card.of(notes[path]), one) for path, one in stated.items()},
        }
        ledger = replace(ledger, entries=entries)
        if not changes and ledger.bad == self.before.bad:
            summary = {**self.published.manifest.summary, "changed": 0, "seconds": self._seconds()}
            return self._report(summary, ledger, changes, self.since)
        with building(self.config.store, self.config.all_prefixes, self._command, self.published, self.since) as store:
            self.progress("storing", 0, 1)
            try:
                gone, come = self._apply(store, stated, ledger)
            except TermRefused as error:
                raise self._narrowed(error, map(Examiner(reader).examine, notes.values())) from error
            inferred = None
            if self.inference:
                self.progress("inferring", 0, 1)
                inferred = update(store, self._reasoning, gone, come)
            summary = self._summary(store, ledger, len(changes.added + changes.changed + changes.removed + affected))
            generation = self._publish(store, ledger, summary)
        return self._report(summary, ledger, changes, generation, inferred)

    def _apply(self, store: Builder, stated: Mapping[str, Statements], ledger: Ledger) -> tuple[set[Any], set[Any]]:
        """Make the graphs of the notes what they are now; the triples that none states any more, and the new ones."""
        assert self.before is not None
        removed = self.before.entries.keys() - ledger.entries.keys()
        terms = {label.term for path in removed for label in self.before.entries[path].labels}
        terms |= {term for path in removed for term in self.before.entries[path].labelled}
        for path in stated:
            for entry in (self.before.entries.get(path), ledger.entries[path]):
                terms |= {label.term for label in entry.labels} | set(entry.labelled) if entry else set()
        old, new = (one.label_rows(frozenset(terms)) for one in (self.before, ledger))
        wanted: dict[str, set[Row]] = {self._graph(path): set() for path in removed}
        for path, one in stated.items():
            wanted[f"<{one.graph}>"] = {row[:3] for row in one.rows} | set(new.get(path, ()))
        relabelled = {}
        for path in (old.keys() | new.keys()) - stated.keys() - removed:
            gone, come = set(old.get(path, ())), set(new.get(path, ()))
            relabelled[self._graph(path)] = (gone - come, come - gone)
        store.replace({METRICS: set()}, {})  # nothing follows from these
        return store.replace(wanted, relabelled)

    def _graph(self, path: str) -> str:
        return f"<{self.names.path(path)}>"

    def _build(self, why: str) -> Report:
        """Read everything and load it in one go, in as many processes as pay."""
        files = self.files
        with (
            building(self.config.store, self.config.all_prefixes, self._command, since=self.since) as store,
            Workers.for_files(len(files.notes)) as workers,
        ):
            read = workers.read(files.notes, self.config.max_bytes, self.progress)
            read = {path: self._unless_refused(path, one) for path, one in read.items()}
            kept = self._last_good(read)
            cards = [one.card for one in read.values() if one.card] + [entry.card for entry in kept.values()]
            index = Index.of(cards, self.kept.attachments, self.names, ignored=self.kept.ignored)
            self.progress("linking", 0, 1)
            reader = Reader(index, self.ontology, self.config.default_class)
            without = frozenset(path for path, one in read.items() if one.card is None)
            emitter = Emitter(reader, str(store.loads), without)
            try:
                with store.loading():
                    parts = [part for part in workers.each(emitter.emit) if part]
            except TermRefused as error:
                raise self._narrowed(error, workers.each(Examiner(reader).examine)) from error
            entries = {**kept, **{part.path: _remembered(read[part.path], part) for part in parts}}
            bad = {path: Bad(one.digest, one.findings) for path, one in read.items() if one.card is None}
            bad |= {path: self.kept.bad(path) for path in self.kept.notes}
            ledger = self._new_ledger(entries, bad)
            self.progress("storing", 0, 1)
            labels = ((self._graph(path), rows) for path, rows in ledger.label_rows().items())
            stale = ((self._graph(path), self._own_rows(path, kept[path])) for path in kept)
            try:
                store.load([*labels, *stale, (ONTOLOGY, _ontology_rows(self.ontology))])
            except TermRefused as error:
                raise self._narrowed(error, workers.each(Examiner(reader).examine)) from error
            inferred = None
            if self.inference:
                self.progress("inferring", 0, 1)
                inferred = infer(store, self._reasoning)
            summary = self._summary(store, ledger, len(read))
            generation = self._publish(store, ledger, summary)
        changes = Changes(changed=tuple(files.notes), everything=why)
        return self._report(summary, ledger, changes, generation, inferred)

    def _narrowed(self, error: TermRefused, found: Iterable[Refusal | None]) -> "TermRefused | _Refused":
        """What the store refused, narrowed to the notes that say so; the refusal itself where none does.

        Where notes have a name that is refused, it is those alone: without them, a link to one means something else.
        """
        fresh = [one for one in found if one and not self._as_refused(one.path, one.digest)]
        notes = tuple([one for one in fresh if one.of_own] or fresh)
        return _Refused(notes) if notes else error

    def _as_refused(self, path: str, digest: str) -> Bad | None:
        """What is remembered of a note that the store refused, where it still is as it was then."""
        found = self.refused.get(path)
        return Bad(digest, (found.finding,)) if found and found.digest == digest else None

    def _unless_refused(self, path: str, read: Read) -> Read:
        bad = self._as_refused(path, read.digest)
        return Read(None, bad.digest, bad.findings) if bad else read

    def _last_good(self, read: Mapping[str, Read]) -> dict[str, Entry]:
        """What is remembered of files that were notes and cannot be read, or not be looked at, now."""
        entries = self.before.entries if self.before else {}
        bad = [path for path, one in read.items() if one.card is None and path in entries]
        bad += [path for path in entries if path in self.kept.notes]
        if not bad or self.published is None or not self.published.opens():
            return {}
        return {path: entries[path] for path in bad if self._own_rows(path, entries[path])}

    def _own_rows(self, path: str, entry: Entry) -> list[Row]:
        """What a note itself states in the published store, less the labels that only fell to it."""
        assert self.published is not None
        shared = {label.term for label in entry.labels} - set(entry.labelled)
        rows = self.published.store.graph(self._graph(path))
        return [row for row in rows if not (row[0] in shared and row[1] == PREF_LABEL)]

    # ---- what is remembered ------------------------------------------------------------------------------------

    def _ledger(self, again: Iterable[str]) -> tuple[Ledger, dict[str, Note], tuple[str, ...]]:
        """The ledger with the files read that changed, those notes, and the paths of the notes that this affects."""
        assert self.before is not None
        there = self.files.notes.keys() | self.kept.notes
        entries = {path: entry for path, entry in self.before.entries.items() if path in there}
        bad = {path: one for path, one in self.before.bad.items() if path in there}
        notes: dict[str, Note] = {}
        for path in again:
            note, findings = read_note(path, self.files.notes[path], self.config.max_bytes)
            if note is None:
                bad[path] = Bad(digest(self.files.notes[path], self.config.max_bytes), findings)
                continue
            if refused := self._as_refused(path, note.digest):
                bad[path] = refused
                continue
            bad.pop(path, None)
            notes[path] = note
            entries[path] = Entry(note.digest, Card.of(note), (), (), (), {}, note.findings)
        ledger = self._new_ledger(entries, bad)
        affected = self._affected(ledger, notes)
        stale = self.kept.notes.intersection(affected)  # they are stated again when they can be read again
        ledger = replace(ledger, bad={**bad, **{path: self.kept.bad(path) for path in sorted(stale)}})
        return ledger, notes, tuple(path for path in affected if path not in stale)

    def _new_ledger(self, entries: Mapping[str, Entry], bad: Mapping[str, Bad]) -> Ledger:
        kept = self.kept
        return Ledger(self._settings, entries, bad, kept.attachments, kept.ignored, self.files.root.device)

    def _affected(self, ledger: Ledger, notes: Mapping[str, Note]) -> tuple[str, ...]:
        """The untouched notes that had asked for something which the index answers otherwise now."""
        assert self.before is not None
        if not self._index_differs(ledger):
            return ()
        found = differences(self._index(self.before), self._index(ledger))
        return tuple(
            path
            for path, entry in ledger.entries.items()
            if path not in notes
            and path not in ledger.bad
            and (path in found.notes or not found.questions.isdisjoint(entry.questions))
        )

    def _index_differs(self, ledger: Ledger) -> bool:
        before = self.before
        assert before is not None
        return (
            {path: entry.card for path, entry in before.entries.items()}
            != {path: entry.card for path, entry in ledger.entries.items()}
            or before.attachments != ledger.attachments
            or before.ignored != ledger.ignored
        )

    def _index(self, ledger: Ledger) -> Index:
        cards = (entry.card for entry in ledger.entries.values())
        return Index.of(cards, ledger.attachments, self.names, ignored=ledger.ignored)

    def _changes(self, again: Iterable[str], ledger: Ledger, affected: tuple[str, ...]) -> Changes:
        assert self.before is not None
        before, after = self.before.entries, ledger.entries
        read = [path for path in again if path not in ledger.bad]
        return Changes(
            tuple(path for path in read if path not in before),
            tuple(path for path in read if path in before),
            tuple(path for path in before if path not in after),
            affected,
        )

    def _findings(self, ledger: Ledger, summary: Mapping[str, Any]) -> tuple[Finding, ...]:
        found = [*self.files.findings, *self.ontology.findings, *ledger.findings(), *shared_ids(ledger)]
        found += [
            of_file(".", "O02", f"{triple} is left out: {reason}") for triple, reason in summary.get("left_out", ())
        ]
        return tuple(sorted(set(found)))

    # ---- what is published -------------------------------------------------------------------------------------

    @property
    def _command(self) -> str:
        return f"kg ingest {self.config.vault}"

    def _seconds(self) -> float:
        return round(time.perf_counter() - self.started, 3)

    def _summary(self, store: Builder, ledger: Ledger, changed: int) -> dict[str, Any]:
        counts = store.counts()
        ontology, inferred = counts.get(ONTOLOGY, 0), counts.get(INFERRED, 0)
        links: Counter[str] = Counter()
        for entry in ledger.entries.values():
            links.update(entry.links)
        kinds = Counter(entry.card.kind == "canvas" for entry in ledger.entries.values())
        missing, wanted = _wanted(store)
        left_out = [list(row) for row in islice(store.left_out.items(), _LEFT_OUT)]
        return {
            "vault": str(self.config.vault),
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

    def _publish(self, store: Builder, ledger: Ledger, summary: dict[str, Any]) -> str:
        """Publish, and give the stamp of what was."""
        files = {FILE: ledger.text()} | ({RULES: self._reasoning.text} if self.inference else {})
        if self.published:
            self.published.release()
        generation = store.publish(summary, files)
        summary["seconds"] = self._seconds()
        return generation


def _settings(config: Config, ontology: Ontology, *, inference: bool) -> str:
    """A digest of everything but the files that the quads follow from."""
    facts = [
        __version__,
        config.base,
        config.default_class,
        config.max_bytes,
        ontology.digest,
        inference,
        sorted(config.all_prefixes.items()),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class Part(NamedTuple):
    """What is remembered of a note whose triples were written out."""

    path: str
    graph: str
    labels: tuple[Any, ...]
    labelled: tuple[str, ...]
    questions: tuple[str, ...]
    links: Mapping[Any, int]
    findings: tuple[Finding, ...]


@dataclass
class Emitter:
    """Writes the triples of notes into a folder as N-Quads files, each in its note's graph and in the default graph.

    A file that is large enough is called `*.ready`, and the next one begun; each process writes its own.
    """

    reader: Reader
    folder: str
    without: frozenset[str] = frozenset()
    """The notes, by path, that are left out."""
    _number: int = 0

    def emit(self, note: Note) -> Part | None:
        """Write one note's; what is to be remembered of it."""
        if note.path in self.without:
            return None
        stated = self.reader.statements(note)
        lines = [f"{row[0]} {row[1]} {row[2]}" for row in stated.rows]
        file = Path(self.folder, f"{os.getpid()}-{self._number}")
        with file.open("a", encoding="utf-8", errors="surrogatepass") as out:  # the store refuses what is no text
            out.write(f" <{stated.graph}> .\n".join([*lines, ""]))
            out.write(" .\n".join([*lines, ""]))
            size = out.tell()
        if size > _READY:
            file.rename(file.with_suffix(".ready"))
            self._number += 1
        questions = tuple(stated.questions)
        return Part(note.path, stated.graph, stated.labels, _labelled(stated), questions, stated.links, stated.findings)


def _labelled(stated: Statements) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.subject for row in stated.rows if row.predicate == PREF_LABEL))


def _entry(note: Note, card: Card, stated: Statements) -> Entry:
    questions = tuple(stated.questions)
    findings = (*note.findings, *stated.findings)
    return Entry(note.digest, card, questions, stated.labels, _labelled(stated), stated.links, findings)


def _remembered(read: Read, part: Part) -> Entry:
    assert read.card is not None
    findings = (*read.findings, *part.findings)
    return Entry(read.digest, read.card, part.questions, part.labels, part.labelled, part.links, findings)


def shared_ids(ledger: Ledger) -> Iterator[Finding]:
    """Notes whose `id` another note, earlier by path, has too."""
    first: dict[str, str] = {}
    for path in sorted(ledger.entries):
        card = ledger.entries[path].card
        if card.id and card.id_place and first.setdefault(card.id, path) != path:
            yield of_file(path, "P05", f"{first[card.id]} has the id “{card.id}” too", *card.id_place)


def _ontology_rows(ontology: Ontology) -> list[Row]:
    return [(str(t.subject), str(t.predicate), str(t.object)) for t in ontology.triples]


def _wanted(store: Builder) -> tuple[int, list[list[Any]]]:
    """How many things are missing, and the names of those that most notes want."""
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
