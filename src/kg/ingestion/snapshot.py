"""The state of a vault and its store at the start of an ingest."""

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.config import FILE as CONFIG
from kg.config import Config, is_there
from kg.core.errors import KgError
from kg.core.files import digest, is_regular
from kg.core.findings import Finding, of_file
from kg.core.version import __version__
from kg.mapping.ontology import Ontology, load_ontology
from kg.notes.summary import Card
from kg.notes.vault import Files, Vault
from kg.rdf.iris import Names
from kg.store.file_digests import digests
from kg.store.generations import stamp
from kg.store.ingest_state import IngestState
from kg.store.note_entries import Bad, Notes
from kg.store.store import Published, published

if TYPE_CHECKING:  # an ingest of nothing maps and infers nothing
    from kg.ingestion.report import Report
    from kg.mapping.link_resolution import Index
    from kg.mapping.statements import Reader
    from kg.reasoning.inference import Reasoning


class Held(NamedTuple):
    """What a process that keeps running knows of a vault: its last ingest, and which files have been edited since."""

    report: "Report"
    edited: Collection[Path] | None = None
    """The paths on the disk of all that may have changed; None if that is unknown."""
    is_private: bool = False
    """Whether nobody else knows of the store, as of an overlay: then it is as the last ingest left it."""

    @property
    def scan(self) -> "Scan | None":
        """The files of the vault as that ingest saw them; None if others may be there now."""
        is_same = self.edited is not None and not self.edited
        return Scan(self.report.generation, self.report.files) if is_same and self.report.files else None

    def notes(self, generation: str) -> frozenset[str] | None:
        """The notes that may have changed; None if other changes are possible, so that the files must be listed."""
        files, known = self.report.files, self.report.ledger.digests
        if self.edited is None or files is None or files.unseen or not self.report.serves(generation):
            return None
        places = {place: path for group in files[:3] for path, place in group.items()} if self.edited else {}
        there = [file for file in map(str, self.edited) if not _is_transient(file, places)]
        notes = frozenset(places.get(file, "") for file in there if is_regular(Path(file)))
        is_all = len(notes) == len(there) and notes <= files.notes.keys()
        return notes if is_all and all(map(known.get, files.notes)) else None


def _is_transient(file: str, places: Collection[str]) -> bool:
    """Whether a path is that of a file that has come and gone, as editors make while they save."""
    if file in places or "/." in file or os.path.lexists(file):
        return False
    return not any(place.startswith(f"{file}{os.sep}") for place in places)


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
            tuple(before.entries[path].card for path in sorted(notes) if path in before.entries),
        )

    def bad(self, path: str) -> Bad:
        """The record of a note to read as soon as possible; it keeps the note's last findings."""
        return Bad("", self.findings[path])


class LastIngest(NamedTuple):
    """The published generation, and the state of the notes in it."""

    published: Published
    state: IngestState


def settings_digest(config: Config, ontology: Ontology, *, inference: bool) -> str:
    """A hash of all but the files that determines what notes state, a space, and a hash of what determines the rest."""
    triples, _, rules = ontology.digest.partition(" ")
    facts: list[object] = [__version__, config.base, config.default_class, config.max_bytes, config.id_property]
    facts += [triples, sorted(ontology.prefixes.items())]
    return " ".join(hashlib.sha256(json.dumps(part).encode()).hexdigest() for part in (facts, [inference, rules]))


@dataclass(frozen=True)
class Snapshot:
    """The state of a vault and its store at the start of an ingest. `Snapshot.of` reads it."""

    config: Config
    inference: bool
    since: str
    """The stamp of the published generation."""
    published: Published | None
    last: LastIngest | None
    """The last ingest; None if there is none, or its state is unreadable."""
    files: Files
    ontology: Ontology
    kept: Kept
    looked_again: bool
    """Whether the files were listed again, because the caller's list was out of date."""
    edited: frozenset[str] | None = None
    """The only notes that may have changed; None if each may have."""

    @classmethod
    def of(
        cls,
        vault: Vault,
        scan: Scan | None = None,
        *,
        inference: bool,
        again: bool = False,
        held: Held | None = None,
    ) -> "Snapshot":
        """Read the state; `scan` and `held` replace what they have if it is up to date.

        Raises KgError if the vault cannot be listed and has never been ingested.
        """
        config = vault.config
        # Read the published state before the notes, so that no note that another writer ingests meanwhile seems gone.
        since = stamp(config.store)
        generation = published(config.store)
        since = generation.stamp if generation else since
        report = held.report if held and held.report.serves(since) else None
        state = report.ledger if report else IngestState.read(generation.folder) if generation else None
        edited = held.notes(since) if held else None
        outdated = scan is not None and scan.since != since
        known = scan.files if scan and not outdated else report.files if report and edited is not None else None
        files = known or vault.files()
        ontology = load_ontology(config)
        files = files.without(state.ignored) if state else files
        last = LastIngest(generation, state) if generation and state else None
        snapshot = cls(
            config,
            inference,
            since,
            generation,
            last,
            files,
            ontology,
            Kept.of(state, files),
            again or outdated,
            edited,
        )
        if snapshot._is_unlisted and last is None:
            raise KgError(f"the vault {config.vault} cannot be listed, and the store has no notes of it yet")
        return snapshot

    @property
    def _is_unlisted(self) -> bool:
        return any(not entry.path for entry in self.files.unseen)

    def is_out_of_sight(self, *, full: bool) -> bool:
        """Whether a vault that had notes is invisible: it cannot be listed, or its drive is not mounted."""
        return self._is_unlisted or (not full and bool(self.vanished))

    @cached_property
    def vanished(self) -> tuple[Finding, ...]:
        """The finding that all notes are gone with everything beside them, as when a drive is not mounted.

        A folder with kg.toml or the store counts as mounted; so does one with other files on its former file system.
        """
        if self.last is None:
            return ()
        root, config, before = self.files.root, self.config, self.last.state
        is_new_drive = before.device and before.device != root.device
        is_marked = is_there(config.vault / CONFIG) or config.store.is_relative_to(config.vault)
        if not (root.empty or is_new_drive) or is_marked or not before.entries:
            return ()
        if any(path in self.files.notes for path in before.entries):
            return ()
        number = len(before.entries)
        state = "nothing is here" if root.empty else "another drive is here"
        were = "was 1 note" if number == 1 else f"were {number:,} notes"
        return (of_file(".", "F07", f"{state}, and there {were}; the last good state stays"),)

    def digests(self, *, keep: bool = False) -> dict[str, str]:
        """The current digests of the notes by path; `keep` saves the cache of digests."""
        files, config = self.files.notes, self.config
        if self.edited is None or self.last is None:
            return digests(files, config.store, config.max_bytes, keep=keep)
        return {**self.last.state.digests, **{path: digest(files[path], config.max_bytes) for path in self.edited}}

    def different(self, now: Mapping[str, str]) -> list[str]:
        """Return the files that have changed since they were read, or could not be read. `now` has their digests."""
        then = self.last.state.digests if self.last else {}
        paths = now if self.edited is None else sorted(self.edited)
        return [path for path in paths if not now[path] or then.get(path) != now[path]]

    def listing_differs(self, now: Mapping[str, str]) -> bool:
        """Whether notes are gone, or other files than notes have come or gone."""
        before, kept = self.last and self.last.state, self.kept
        if before is None or (kept.attachments, kept.ignored) != (before.attachments, before.ignored):
            return True
        return not before.digests.keys() <= now.keys() | kept.notes

    @property
    def _is_held(self) -> bool:
        """Whether this process has ingested, or opened, just this generation, and no note has changed since."""
        return self.edited is not None and not self.edited

    def reason_to_rebuild(self) -> str:
        """Return why the store must be rebuilt; empty if it need not be."""
        if self.published is None:
            return "there is no store yet"
        if self.last is None or not (self._is_held or self.published.opens()):
            return "the store cannot be read"
        return "" if self.last.state.settings == self.settings else "the ontology, a rule or a setting has changed"

    @cached_property
    def settings(self) -> str:
        """A digest of everything that determines the quads, except the files."""
        return settings_digest(self.config, self.ontology, inference=self.inference)

    @cached_property
    def reasoning(self) -> "Reasoning":
        """The reasoning, with the compiled rules of the last ingest."""
        from kg.reasoning.inference import Reasoning
        from kg.reasoning.rule_cache import cached_rules

        return Reasoning(self.ontology, cached_rules(self.published), self.config.limits, self.config.max_inferred)

    @cached_property
    def names(self) -> Names:
        """The IRIs of the vault."""
        return Names(self.config.base)

    def graph(self, path: str) -> str:
        """Return the named graph of a note."""
        return f"<{self.names.path(path)}>"

    def index(self, state: IngestState) -> "Index":
        """Return the index of the notes in a state."""
        from kg.ingestion.keyed_index import index_of

        return index_of(state, self.names)

    def reader(self, index: "Index") -> "Reader":
        """Return what maps the notes."""
        from kg.mapping.statements import Reader

        return Reader(index, self.ontology, self.config.default_class)

    def state(self, entries: Notes, bad: Mapping[str, Bad]) -> IngestState:
        """Return the new state of the notes."""
        before = self.last.state if self.last and self.last.state.entries.table is entries.table else None
        kept, device = self.kept, self.files.root.device
        return IngestState(self.settings, entries, bad, kept.attachments, kept.ignored, device, before=before)
