"""Bring a store up to date with a vault: find the changes, state them again, apply the difference, infer, publish.

The triples of a note depend on its text, the ontology, and the answers of the vault's index to the note's questions:
its links and names. So a change to a file affects its note, and the notes whose questions now have other answers. A
change to the ontology or to a setting affects all notes. If most notes have changed, the store is rebuilt.
"""

import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from kg.config import FILE as CONFIG
from kg.config import Config, is_there
from kg.core.errors import KgError, TermRefused
from kg.core.files import digest
from kg.core.findings import Finding, of_file
from kg.core.version import __version__
from kg.ingestion.emitter import EmittedNote, Emitter, labelled_terms
from kg.ingestion.refused_notes import CODE as REFUSED
from kg.ingestion.refused_notes import Examiner, Refusal
from kg.ingestion.report import Changes, Report, shared_ids
from kg.mapping.link_resolution import LINK_CLASSES, Index, differences
from kg.mapping.ontology import Ontology, load_ontology, ontology_rows
from kg.mapping.statements import PREF_LABEL, Reader, Statements
from kg.notes.model import Note
from kg.notes.pool import Read, Workers
from kg.notes.summary import Card
from kg.notes.vault import Files, Progress, Vault, read_note, without_collection
from kg.rdf.iris import Names
from kg.rdf.terms import INFERRED, METRICS, ONTOLOGY, Row
from kg.reasoning.construct_rules import FILE as RULES
from kg.reasoning.inference import Inference, Reasoning, infer, update
from kg.reasoning.rule_cache import cached_rules
from kg.store.builder import Builder, building, retried
from kg.store.file_digests import digests
from kg.store.generations import stamp, tidy
from kg.store.ingest_state import FILE, Bad, IngestState, NoteEntry
from kg.store.store import published

_REBUILD_SHARE = 0.3
"""If more than this share of the notes must be stated again, a rebuild is faster."""
_WANTED = 20
_LEFT_OUT = 20
"""The number of refused inferred triples that the findings name."""


class Scan(NamedTuple):
    """The files of a vault, and the stamp of the generation that was published before they were listed.

    If another process has published since, the list no longer tells which notes have been deleted.
    """

    since: str
    files: Files

    @classmethod
    def of(cls, vault: Vault) -> "Scan":
        """List the files of a vault."""
        return cls(stamp(vault.config.store), vault.files())


def ingest(
    vault: Vault | str | Path,
    *,
    full: bool = False,
    inference: bool = True,
    files: Scan | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read the changes in a vault and publish the resulting store. Raises KgError if that is impossible.

    If nothing has changed since the published ingest, the store stays as it is and the report says so; `full` rebuilds
    it even then. Problems in single files become findings in the report. `files` are the files of the vault, if the
    caller has listed them already.
    """
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        return _Ingest(vault, inference, progress, files).run(full=full)


def preview(vault: Vault | str | Path, *, inference: bool = True) -> Changes:
    """Return the changes that an ingest would make, note by note, without writing anything. Raises KgError."""
    vault = vault if isinstance(vault, Vault) else Vault(vault)
    with without_collection():
        return _Ingest(vault, inference, None).preview()


class _NotesRefused(Exception):
    """The store refused triples of notes."""

    def __init__(self, notes: tuple[Refusal, ...]) -> None:
        super().__init__(notes)
        self.notes = notes


@dataclass(frozen=True)
class Kept:
    """The recorded state of paths that could not be inspected, combined with the files that exist.

    Whether those paths still exist is unknown, so they count as before: links to them stay resolved.
    """

    notes: frozenset[str]
    attachments: tuple[str, ...]
    """All attachments: those that exist, and those that may."""
    ignored: tuple[str, ...]
    findings: Mapping[str, tuple[Finding, ...]]
    cards: tuple[Card, ...] = ()
    """The cards of the notes."""

    @classmethod
    def of(cls, before: IngestState | None, files: Files) -> "Kept":
        """Return the ledger's record of the paths that `files` could not inspect."""
        if before is None or not files.unseen:
            return cls(frozenset(), tuple(files.attachments), tuple(files.ignored), {})
        listed = {*files.notes, *files.attachments, *files.ignored}
        hidden = {
            path for path in (*before.digests, *before.attachments, *before.ignored) if files.hides(path)
        } - listed
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
        """The record of a note to read as soon as possible; it keeps the note's last findings."""
        return Bad("", self.findings[path])


class _Ingest:
    """An ingest, with the state of the vault and the store at its start."""

    def __init__(self, vault: Vault, inference: bool, progress: Progress | None, files: Scan | None = None) -> None:
        self.started = time.perf_counter()
        self.vault = vault
        self.config = vault.config
        self.inference = inference
        self.progress: Progress = progress or (lambda what, done, total: None)
        # Read the published state before the notes, so that no note that another writer ingests meanwhile seems gone.
        self.since = stamp(self.config.store)
        self.published = published(self.config.store)
        if self.published:
            self.since = self.published.stamp
        self.before = IngestState.read(self.published.folder) if self.published else None
        self.looked_again = files is not None and files.since != self.since
        self.files = files.files if files and not self.looked_again else vault.files()
        self.ontology = load_ontology(self.config)
        self.names = Names(self.config.base)
        self.files = self.files.without(self.before.ignored) if self.before else self.files
        self.kept = Kept.of(self.before, self.files)
        self.refused: dict[str, Refusal] = {}
        """The notes with triples that the store refuses; they count as unreadable."""

    @cached_property
    def _reasoning(self) -> Reasoning:
        """The reasoning, with the compiled rules of the last ingest."""
        return Reasoning(self.ontology, cached_rules(self.published), self.config.limits, self.config.max_inferred)

    # ---- planning ----------------------------------------------------------------------------------------------------

    def run(self, *, full: bool) -> Report:
        """Do the ingest; start again if another writer publishes meanwhile."""
        tries = iter((self,))
        return retried(lambda: (next(tries, None) or self._again())._attempt(full=full))

    def _again(self) -> "_Ingest":
        if self.published:
            self.published.release()
        retry = _Ingest(Vault(config=self.config), self.inference, self.progress)
        retry.started, retry.looked_again = self.started, True
        return retry

    def _attempt(self, *, full: bool) -> Report:
        """Do the ingest; repeat it without the notes whose triples the store refuses."""
        while True:
            try:
                return self._run(full=full)
            except _NotesRefused as refused:
                self.refused |= {refusal.path: refusal for refusal in refused.notes}

    def _run(self, *, full: bool) -> Report:
        if self._is_out_of_sight(full=full):
            return self._nothing()
        reason = "--full was given" if full else self._anew()
        if reason or self.before is None or self.published is None:
            return self._build(reason)
        now = digests(self.files.notes, self.config.store, self.config.max_bytes, keep=True)
        paths = self._different(now)
        other_files_differ = (self.kept.attachments, self.kept.ignored) != (
            self.before.attachments,
            self.before.ignored,
        )
        if not paths and not other_files_differ and self.before.digests.keys() <= now.keys() | self.kept.notes:
            return self._nothing()
        paths += [path for path in self._refused_before() if path in now and path not in paths]
        if len(paths) > _REBUILD_SHARE * len(now) + 10:
            return self._build("most notes have changed")
        return self._update(paths)

    def preview(self) -> Changes:
        """Return the changes that `run` would make."""
        if self._is_out_of_sight(full=False):
            return Changes()
        reason = self._anew()
        if reason or self.before is None:
            notes = tuple(self.files.notes)
            return (
                Changes(added=notes, everything=reason)
                if self.before is None
                else Changes(changed=notes, everything=reason)
            )
        paths = self._different(digests(self.files.notes, self.config.store, self.config.max_bytes))
        ledger, _, affected = self._ledger(paths)
        return self._changes(paths, ledger, affected)

    def _anew(self) -> str:
        """Return why the store must be rebuilt; empty if it need not be."""
        if self.published is None:
            return "there is no store yet"
        if self.before is None or not self.published.opens():
            return "the store cannot be read"
        return "" if self.before.settings == self._settings else "the ontology, a rule or a setting has changed"

    @cached_property
    def _settings(self) -> str:
        return _settings(self.config, self.ontology, inference=self.inference)

    def _different(self, now: Mapping[str, str]) -> list[str]:
        """Return the files that have changed since they were read, or could not be read."""
        assert self.before is not None
        then = self.before.digests
        return [path for path, digest in now.items() if not digest or then.get(path) != digest]

    def _refused_before(self) -> list[str]:
        """Return the notes that the store refused last time: their triples may depend on the changes."""
        assert self.before is not None
        return [
            path for path, bad in self.before.bad.items() if any(finding.code == REFUSED for finding in bad.findings)
        ]

    def _is_out_of_sight(self, *, full: bool) -> bool:
        """Whether a vault that had notes is invisible: it cannot be listed, or its drive is not mounted.

        Raises KgError if it cannot be listed and has never been ingested.
        """
        if any(not entry.path for entry in self.files.unseen):
            if self.before is None or self.published is None:
                raise KgError(f"the vault {self.config.vault} cannot be listed, and the store has no notes of it yet")
            return True
        return not full and bool(self._vanished)

    @cached_property
    def _vanished(self) -> tuple[Finding, ...]:
        """The finding that all notes are gone with everything beside them, as when a drive is not mounted.

        A folder with kg.toml or the store counts as mounted; so does one with other files on its former file system.
        """
        root, before, config = self.files.root, self.before, self.config
        is_other = bool(before and before.device and before.device != root.device)
        is_marked = is_there(config.vault / CONFIG) or config.store.is_relative_to(config.vault)
        if before is None or not before.entries or not (root.empty or is_other) or is_marked:
            return ()
        if any(path in self.files.notes for path in before.entries):
            return ()
        number = len(before.entries)
        state = "nothing is here" if root.empty else "another drive is here"
        message = (
            f"{state}, and there {'was 1 note' if number == 1 else f'were {number:,} notes'}; the last good state stays"
        )
        return (of_file(".", "F07", message),)

    # ---- no change, update, rebuild ----------------------------------------------------------------------------------

    def _nothing(self) -> Report:
        assert self.before is not None and self.published is not None
        self.published.release()
        tidy(self.config.store)
        summary = {**self.published.manifest.summary, "changed": 0, "seconds": self._seconds()}
        return self._report(summary, self.before, Changes(), self.since)

    def _report(
        self,
        summary: Mapping[str, Any],
        ledger: IngestState,
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
        """State the changed and the affected notes again, and apply the difference."""
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
            **{path: _entry(notes[path], Card.of(notes[path]), statements) for path, statements in stated.items()},
        }
        ledger = replace(ledger, entries=entries)
        if not changes and ledger.bad == self.before.bad:
            summary = {**self.published.manifest.summary, "changed": 0, "seconds": self._seconds()}
            return self._report(summary, ledger, changes, self.since)
        with building(self.config.store, self.config.all_prefixes, self._command, self.published, self.since) as store:
            self.progress("storing", 0, 1)
            try:
                removed, added = self._apply(store, stated, ledger)
            except TermRefused as error:
                raise self._narrowed(error, map(Examiner(reader).examine, notes.values())) from error
            inferred = None
            if self.inference:
                self.progress("inferring", 0, 1)
                inferred = update(store, self._reasoning, removed, added)
            summary = self._summary(store, ledger, len(changes.added + changes.changed + changes.removed + affected))
            generation = self._publish(store, ledger, summary)
        return self._report(summary, ledger, changes, generation, inferred)

    def _apply(
        self, store: Builder, stated: Mapping[str, Statements], ledger: IngestState
    ) -> tuple[set[Any], set[Any]]:
        """Update the graphs of the notes; return the triples that no note states any more, and the new triples."""
        assert self.before is not None
        removed = self.before.entries.keys() - ledger.entries.keys()
        terms = {label.term for path in removed for label in self.before.entries[path].labels}
        terms |= {term for path in removed for term in self.before.entries[path].labelled}
        for path in stated:
            for entry in (self.before.entries.get(path), ledger.entries[path]):
                terms |= {label.term for label in entry.labels} | set(entry.labelled) if entry else set()
        old, new = (source.label_rows(frozenset(terms)) for source in (self.before, ledger))
        graphs: dict[str, set[Row]] = {self._graph(path): set() for path in removed}
        for path, source in stated.items():
            graphs[f"<{source.graph}>"] = {row[:3] for row in source.rows} | set(new.get(path, ()))
        relabelled = {}
        for path in (old.keys() | new.keys()) - stated.keys() - removed:
            before, after = set(old.get(path, ())), set(new.get(path, ()))
            relabelled[self._graph(path)] = (before - after, after - before)
        store.replace({METRICS: set()}, {})  # nothing is inferred from metrics
        return store.replace(graphs, relabelled)

    def _graph(self, path: str) -> str:
        return f"<{self.names.path(path)}>"

    def _build(self, why: str) -> Report:
        """Read all notes and load everything at once, in as many processes as pay off."""
        files = self.files
        with (
            building(self.config.store, self.config.all_prefixes, self._command, since=self.since) as store,
            Workers.for_files(len(files.notes)) as workers,
        ):
            read = workers.read(files.notes, self.config.max_bytes, self.progress)
            read = {path: self._unless_refused(path, result) for path, result in read.items()}
            kept = self._last_good(read)
            cards = [result.card for result in read.values() if result.card] + [entry.card for entry in kept.values()]
            index = Index.of(cards, self.kept.attachments, self.names, ignored=self.kept.ignored)
            self.progress("linking", 0, 1)
            reader = Reader(index, self.ontology, self.config.default_class)
            without = frozenset(path for path, result in read.items() if result.card is None)
            emitter = Emitter(reader, str(store.loads), without)
            try:
                with store.loading():
                    parts = [part for part in workers.each(emitter.emit) if part]
            except TermRefused as error:
                raise self._narrowed(error, workers.each(Examiner(reader).examine)) from error
            entries = {**kept, **{part.path: _remembered(read[part.path], part) for part in parts}}
            bad = {path: Bad(result.digest, result.findings) for path, result in read.items() if result.card is None}
            bad |= {path: self.kept.bad(path) for path in self.kept.notes}
            ledger = self._new_ledger(entries, bad)
            self.progress("storing", 0, 1)
            labels = ((self._graph(path), rows) for path, rows in ledger.label_rows().items())
            stale = ((self._graph(path), self._own_rows(path, kept[path])) for path in kept)
            try:
                store.load([*labels, *stale, (ONTOLOGY, ontology_rows(self.ontology))])
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

    def _narrowed(self, error: TermRefused, found: Iterable[Refusal | None]) -> "TermRefused | _NotesRefused":
        """Narrow the store's refusal to the notes that cause it; return the refusal itself if no note does.

        If the IRI of a note is refused, only such notes count: without them, the links to them mean something else.
        """
        fresh = [refusal for refusal in found if refusal and not self._as_refused(refusal.path, refusal.digest)]
        notes = tuple([refusal for refusal in fresh if refusal.of_own] or fresh)
        return _NotesRefused(notes) if notes else error

    def _as_refused(self, path: str, digest: str) -> Bad | None:
        """Return the record of a note that the store refused, if the note has not changed since."""
        refusal = self.refused.get(path)
        return Bad(digest, (refusal.finding,)) if refusal and refusal.digest == digest else None

    def _unless_refused(self, path: str, read: Read) -> Read:
        bad = self._as_refused(path, read.digest)
        return Read(None, bad.digest, bad.findings) if bad else read

    def _last_good(self, read: Mapping[str, Read]) -> dict[str, NoteEntry]:
        """Return the records of files that were notes and now cannot be read or inspected."""
        entries = self.before.entries if self.before else {}
        bad = [path for path, result in read.items() if result.card is None and path in entries]
        bad += [path for path in entries if path in self.kept.notes]
        if not bad or self.published is None or not self.published.opens():
            return {}
        return {path: entries[path] for path in bad if self._own_rows(path, entries[path])}

    def _own_rows(self, path: str, entry: NoteEntry) -> list[Row]:
        """Return a note's own triples in the published store, without the labels that the ledger assigned to it."""
        assert self.published is not None
        shared = {label.term for label in entry.labels} - set(entry.labelled)
        rows = self.published.store.graph(self._graph(path))
        return [row for row in rows if not (row[0] in shared and row[1] == PREF_LABEL)]

    # ---- the ledger --------------------------------------------------------------------------------------------------

    def _ledger(self, again: Iterable[str]) -> tuple[IngestState, dict[str, Note], tuple[str, ...]]:
        """Read changed files; return the new ledger, the notes read, and the paths of the affected notes."""
        assert self.before is not None
        existing = self.files.notes.keys() | self.kept.notes
        entries = {path: entry for path, entry in self.before.entries.items() if path in existing}
        bad = {path: record for path, record in self.before.bad.items() if path in existing}
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
            entries[path] = NoteEntry(note.digest, Card.of(note), (), (), (), {}, note.findings)
        ledger = self._new_ledger(entries, bad)
        affected = self._affected(ledger, notes)
        stale = self.kept.notes.intersection(affected)  # they are stated again once they are readable
        ledger = replace(ledger, bad={**bad, **{path: self.kept.bad(path) for path in sorted(stale)}})
        return ledger, notes, tuple(path for path in affected if path not in stale)

    def _new_ledger(self, entries: Mapping[str, NoteEntry], bad: Mapping[str, Bad]) -> IngestState:
        kept = self.kept
        return IngestState(self._settings, entries, bad, kept.attachments, kept.ignored, self.files.root.device)

    def _affected(self, ledger: IngestState, notes: Mapping[str, Note]) -> tuple[str, ...]:
        """Return the unchanged notes with questions that the index now answers differently."""
        assert self.before is not None
        if not self._index_differs(ledger):
            return ()
        difference = differences(self._index(self.before), self._index(ledger))
        return tuple(
            path
            for path, entry in ledger.entries.items()
            if path not in notes
            and path not in ledger.bad
            and (path in difference.notes or not difference.questions.isdisjoint(entry.questions))
        )

    def _index_differs(self, ledger: IngestState) -> bool:
        before = self.before
        assert before is not None
        return (
            {path: entry.card for path, entry in before.entries.items()}
            != {path: entry.card for path, entry in ledger.entries.items()}
            or before.attachments != ledger.attachments
            or before.ignored != ledger.ignored
        )

    def _index(self, ledger: IngestState) -> Index:
        cards = (entry.card for entry in ledger.entries.values())
        return Index.of(cards, ledger.attachments, self.names, ignored=ledger.ignored)

    def _changes(self, again: Iterable[str], ledger: IngestState, affected: tuple[str, ...]) -> Changes:
        assert self.before is not None
        before, after = self.before.entries, ledger.entries
        read = [path for path in again if path not in ledger.bad]
        return Changes(
            tuple(path for path in read if path not in before),
            tuple(path for path in read if path in before),
            tuple(path for path in before if path not in after),
            affected,
        )

    def _findings(self, ledger: IngestState, summary: Mapping[str, Any]) -> tuple[Finding, ...]:
        findings = [*self.files.findings, *self.ontology.findings, *ledger.findings(), *shared_ids(ledger)]
        findings += [
            of_file(".", "O02", f"{triple} is left out: {reason}") for triple, reason in summary.get("left_out", ())
        ]
        return tuple(sorted(set(findings)))

    # ---- publishing --------------------------------------------------------------------------------------------------

    @property
    def _command(self) -> str:
        return f"kg ingest {self.config.vault}"

    def _seconds(self) -> float:
        return round(time.perf_counter() - self.started, 3)

    def _summary(self, store: Builder, ledger: IngestState, changed: int) -> dict[str, Any]:
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

    def _publish(self, store: Builder, ledger: IngestState, summary: dict[str, Any]) -> str:
        """Publish the store; return the stamp of the new generation."""
        files = {FILE: ledger.text()} | ({RULES: self._reasoning.text} if self.inference else {})
        if self.published:
            self.published.release()
        generation = store.publish(summary, files)
        summary["seconds"] = self._seconds()
        return generation


def _settings(config: Config, ontology: Ontology, *, inference: bool) -> str:
    """Return a digest of everything that determines the quads, except the files."""
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


def _entry(note: Note, card: Card, stated: Statements) -> NoteEntry:
    questions = tuple(stated.questions)
    findings = (*note.findings, *stated.findings)
    return NoteEntry(note.digest, card, questions, stated.labels, labelled_terms(stated), stated.links, findings)


def _remembered(read: Read, part: EmittedNote) -> NoteEntry:
    assert read.card is not None
    findings = (*read.findings, *part.findings)
    return NoteEntry(read.digest, read.card, part.questions, part.labels, part.labelled, part.links, findings)


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
