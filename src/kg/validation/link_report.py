"""The link checks of a vault. The cache supplies those of notes that no change concerns."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kg.core.version import __version__
from kg.validation.cache import Seen
from kg.validation.ingested_vault import IngestedVault
from kg.validation.link_checks import Checked, Checker, Links, combine
from kg.validation.vault_names import NameChanges, Named, names_of


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
        ledger = self.ingested.report.ledger
        known = self.ingested.before.named
        notes = {path: known[path] for path in self._same if path in known and known[path].group == "note"}
        others = self.ingested.entries_of(ledger.entries.paths - notes.keys())
        notes |= {path: Named.of(entry.card) for path, entry in others.items()}
        return names_of(notes, ledger.attachments, ledger.ignored, self.ingested.files.on_disk)

    @cached_property
    def unchanged(self) -> Mapping[str, Seen]:
        """The cached checks of notes that neither changed, nor link to a changed note, nor ask for a changed name.

        The meaning of a link follows from the names of notes and files, and from the headings and blocks of the note
        that it leads to.
        """
        entries, same = self.ingested.report.ledger.entries, self._same
        names, changed = NameChanges(self.ingested.before.named, self.named), entries.paths - same.keys()
        kept = {path: seen for path, seen in same.items() if seen.checked.leads.isdisjoint(changed)}
        if not names.paths:
            return kept
        asking = {path for question in names.questions for path in entries.under(question)}
        return {
            path: seen
            for path, seen in kept.items()
            if path not in asking and not names.concern(seen.checked.questions)
        }

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
        files = self.ingested.files.notes
        valid = [path for path in files if path not in self.ingested.report.ledger.bad]
        checks = {path: self.unchanged[path].checked for path in valid if path in self.unchanged}
        outdated = {path: files[path] for path in valid if path not in checks}
        checker = Checker(self.ingested.index_for(len(outdated)), self.ingested.vault.settings)
        checks |= {result.path: result for result in self.ingested.of_notes(outdated, checker.check, "checking")}
        return checks | self._unreadable()

    def _unreadable(self) -> dict[str, Checked]:
        """The cached checks of notes that cannot be read now."""
        before, digests = self.ingested.before, self.ingested.report.ledger.entries.digests
        hidden = {path: seen for path, seen in before.notes.items() if self.ingested.files.hides(path)}
        return {path: seen.checked for path, seen in hidden.items() if digests.get(path) == seen.digest}

    @cached_property
    def combined(self) -> Links:
        """The findings on links and names in the whole vault, and the number of links of each class."""
        ledger = self.ingested.report.ledger
        notes = ledger.entries.paths
        return combine(self.checked.values(), notes, notes.union(ledger.attachments), self.ingested.vault.settings)
