"""The link checks of a vault. The cache supplies those of notes that neither changed nor link to a changed note."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kg.core.version import __version__
from kg.validation.cache import Seen
from kg.validation.ingested_vault import IngestedVault
from kg.validation.link_checks import Checked, Checker, Links, combine


@dataclass(frozen=True)
class LinkReport:
    """The link checks of a vault's notes."""

    ingested: IngestedVault

    @cached_property
    def names(self) -> str:
        """A digest of the settings and of all that links are resolved by, except headings and blocks."""
        vault, ledger = self.ingested.vault, self.ingested.report.ledger
        rows = (entry.card for entry in ledger.entries.values())
        cards = [(c.path, c.name, c.id, c.title, c.aliases, c.kind, c.is_template) for c in rows]
        files = (*ledger.attachments, *ledger.ignored, *sorted(self.ingested.files.on_disk.items()))
        facts = (__version__, vault.config.base, vault.settings, sorted(cards), files)
        return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()

    @cached_property
    def unchanged(self) -> Mapping[str, Seen]:
        """The cached checks of notes that neither changed nor link to a changed note.

        The meaning of a link follows from the names of notes and files, none of which has changed, and from the
        headings and blocks of the note that it leads to.
        """
        if self.ingested.before.names != self.names:
            return {}
        entries = self.ingested.report.ledger.entries
        same = {path: seen for path, seen in self._cached.items() if entries[path].digest == seen.digest}
        changed = entries.keys() - same.keys()
        return {path: seen for path, seen in same.items() if seen.checked.leads.isdisjoint(changed)}

    @property
    def _cached(self) -> Mapping[str, Seen]:
        entries = self.ingested.report.ledger.entries
        return {path: seen for path, seen in self.ingested.before.notes.items() if path in entries}

    @cached_property
    def checked(self) -> Mapping[str, Checked]:
        """The checks of all valid notes by path."""
        files = self.ingested.files.notes
        valid = [path for path in files if path not in self.ingested.report.ledger.bad]
        checks = {path: self.unchanged[path].checked for path in valid if path in self.unchanged}
        outdated = {path: files[path] for path in valid if path not in checks}
        checker = Checker(self.ingested.index, self.ingested.vault.settings)
        checks |= {result.path: result for result in self.ingested.of_notes(outdated, checker.check, "checking")}
        return checks | self._unreadable()

    def _unreadable(self) -> dict[str, Checked]:
        """The cached checks of notes that cannot be read now."""
        entries = self.ingested.report.ledger.entries
        hidden = {path: seen for path, seen in self._cached.items() if self.ingested.files.hides(path)}
        return {path: seen.checked for path, seen in hidden.items() if entries[path].digest == seen.digest}

    @cached_property
    def combined(self) -> Links:
        """The findings on links and names in the whole vault, and the number of links of each class."""
        return combine(self.checked.values(), self.ingested.index, self.ingested.vault.settings)
