"""The link checks of a vault. The cache supplies those of notes that no change concerns."""

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from kg.core.version import __version__
from kg.store.note_entries import NoteEntry
from kg.validation.cache import Seen
from kg.validation.ingested_vault import IngestedVault
from kg.validation.link_checks import Checked, Checker, SimilarNames
from kg.validation.link_memory import LinkMemory
from kg.validation.vault_names import NameChanges, Named, names_of
from kg.validation.whole_vault_checks import Links, WholeVaultBefore, combine

Row = TypeVar("Row")


@dataclass(frozen=True)
class LinkReport:
    """The link checks of a vault's notes."""

    ingested: IngestedVault

    @cached_property
    def names(self) -> str:
        """A digest of the settings by which links are resolved."""
        vault = self.ingested.vault
        facts = (__version__, vault.config.base, vault.config.id_property, vault.settings)
        return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()

    @cached_property
    def named(self) -> Mapping[str, Named]:
        """The names by which links are resolved, by path."""
        ledger, on_disk = self.ingested.report.ledger, self.ingested.on_disk
        if self._are_others_same and self._memory:
            gone = self._changed - ledger.entries.paths
            entries = self.ingested.entries_of(self._changed - gone)
            return self._memory.named_after(_named(entries), gone, on_disk)
        known = self.ingested.before.named
        notes = {path: known[path] for path in self._same if path in known and known[path].group == "note"}
        notes |= _named(self.ingested.entries_of(ledger.entries.paths - notes.keys()))
        return names_of(notes, ledger.attachments, ledger.ignored, on_disk)

    @cached_property
    def _changes(self) -> NameChanges:
        """The changes of names since the last validation."""
        only = frozenset(self._changed) if self._are_others_same else None
        return NameChanges(self.ingested.before.named, self.named, only)

    @cached_property
    def _are_others_same(self) -> bool:
        """Whether the files that are no notes are those that the process remembers."""
        return self._memory is not None and self._memory.others == self._others

    @property
    def _others(self) -> tuple[object, ...]:
        ledger = self.ingested.report.ledger
        return ledger.attachments, ledger.ignored, self.ingested.on_disk

    @cached_property
    def unchanged(self) -> Mapping[str, Seen]:
        """The cached checks of notes that neither changed, nor link to a changed note, nor ask for a changed name.

        The meaning of a link follows from the names of notes and files, and from the headings and blocks of the note
        that it leads to.
        """
        if self._memory:
            return _without(self.ingested.before.notes, self._concerned)
        names, entries = self._changes, self.ingested.report.ledger.entries
        kept = {path: seen for path, seen in self._same.items() if seen.checked.leads.isdisjoint(self._changed)}
        if not names.paths:
            return kept
        asking = {path for question in names.questions for path in entries.under(question)}
        return {
            path: seen
            for path, seen in kept.items()
            if path not in asking and not names.concern(seen.checked.questions)
        }

    @cached_property
    def _concerned(self) -> Set[str]:
        """The notes that a change since the remembered checks concerns."""
        assert self._memory
        return self._memory.concerned(self._changed, self._changes)

    @cached_property
    def _memory(self) -> LinkMemory | None:
        """What the process remembers of the last checks, if it tells what has changed since."""
        since, before = self.ingested.since, self.ingested.before
        known = since.last.links if since and before.names == self.names and not self.ingested.files.unseen else None
        return known if known and known.tells_of(self.ingested.report.ledger.entries) else None

    @cached_property
    def _changed(self) -> Set[str]:
        """The notes that were added or changed since, and those that are gone."""
        entries = self.ingested.report.ledger.entries
        return self._memory.differing(entries) if self._memory else entries.paths - self._same.keys()

    @cached_property
    def _same(self) -> Mapping[str, Seen]:
        """The cached checks of notes whose files are as they were, if links are resolved by the same settings."""
        before, digests = self.ingested.before, self.ingested.report.ledger.entries.digests
        if before.names != self.names:
            return {}
        return {path: seen for path, seen in before.notes.items() if digests.get(path) == seen.digest}

    @cached_property
    def checked(self) -> Mapping[str, Checked]:
        """The checks of all valid notes by path."""
        files, bad = self.ingested.files.notes, self.ingested.report.ledger.bad
        if self._memory:
            checks, paths = _without(self._memory.checked, self._concerned), self._concerned & files.keys()
        else:
            known = self.unchanged.items()
            checks = {path: seen.checked for path, seen in known if path in files and path not in bad}
            paths = files.keys() - checks.keys()
        outdated = {path: files[path] for path in sorted(paths) if path not in bad}
        checker = Checker(self.ingested.index_for(len(outdated)), self.ingested.vault.settings, self._similar)
        checks |= {result.path: result for result in self.ingested.of_notes(outdated, checker.check, "checking")}
        return checks | self._unreadable()

    @cached_property
    def _similar(self) -> SimilarNames:
        """The similar names that are known so far."""
        return self._memory.similar if self._memory and not self._changes.paths else SimilarNames()

    def _unreadable(self) -> dict[str, Checked]:
        """The cached checks of notes that cannot be read now."""
        if not self.ingested.files.unseen:
            return {}
        before, digests = self.ingested.before, self.ingested.report.ledger.entries.digests
        hidden = {path: seen for path, seen in before.notes.items() if self.ingested.files.hides(path)}
        return {path: seen.checked for path, seen in hidden.items() if digests.get(path) == seen.digest}

    @cached_property
    def combined(self) -> Links:
        """The findings on links and names in the whole vault, and the number of links of each class."""
        ledger = self.ingested.report.ledger
        notes, settings = ledger.entries.paths, self.ingested.vault.settings
        before = WholeVaultBefore(self._memory.whole, self._concerned) if self._memory else None
        return combine(self.checked, notes, notes.union(ledger.attachments), settings, before)

    @property
    def memory(self) -> LinkMemory:
        """What the next report can take from this one."""
        entries, whole = self.ingested.report.ledger.entries, self.combined.whole
        return LinkMemory(entries, self.named, self._others, whole, self._similar)


def _named(entries: Mapping[str, NoteEntry]) -> dict[str, Named]:
    return {path: Named.of(entry.card) for path, entry in entries.items()}


def _without(rows: Mapping[str, Row], paths: Set[str]) -> dict[str, Row]:
    """A copy of a mapping without some paths."""
    rest = dict(rows)
    for path in paths:
        rest.pop(path, None)
    return rest
