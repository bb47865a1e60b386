"""The link checks of a validation, by which the next one finds the notes that a change concerns."""

from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

from kg.store.note_entries import Notes
from kg.validation.link_checks import NEAR_FILE, NEAR_NOTE, Checked, SimilarNames
from kg.validation.vault_names import NameChanges, Named
from kg.validation.whole_vault_checks import WholeVault


@dataclass(frozen=True)
class LinkMemory:
    """The link checks of a vault's notes."""

    entries: Notes
    """The notes that were checked."""
    named: Mapping[str, Named]
    """The names by which links were resolved."""
    others: tuple[object, ...]
    """The files that are no notes, and the names on the disk, by which links were resolved too."""
    whole: WholeVault
    similar: SimilarNames = field(default_factory=SimilarNames, repr=False, compare=False)

    @property
    def checked(self) -> Mapping[str, Checked]:
        """The checks of the single notes, by path."""
        return self.whole.checked

    def tells_of(self, entries: Notes) -> bool:
        """Whether `differing` can compare these notes: otherwise only a look at all would tell."""
        return entries.table is self.entries.table

    def differing(self, entries: Notes) -> set[str]:
        """The notes with another text, and those added or gone."""
        stated = entries.differing(self.entries)  # again, some of them with the same text
        return {path for path in stated if _digest(entries, path) != _digest(self.entries, path)}

    def named_after(self, notes: Mapping[str, Named], gone: Set[str], on_disk: Mapping[str, str]) -> dict[str, Named]:
        """The names after changes of notes alone."""
        named = {**self.named, **{path: name._replace(on_disk=on_disk.get(path, "")) for path, name in notes.items()}}
        for path in gone:
            named.pop(path, None)
        return named

    def concerned(self, changed: Set[str], names: NameChanges) -> set[str]:
        """The notes whose checks may be others after changes of notes and of names."""
        concerned = {path for path, note in self.checked.items() if not changed.isdisjoint(note.leads)} | changed
        if names.paths:
            questions = names.questions
            concerned |= {path for path, note in self.checked.items() if not questions.isdisjoint(note.questions)}
            concerned.update(*(paths for question, paths in self._near.items() if names.concern([question])))
        return concerned

    @cached_property
    def _near(self) -> Mapping[str, list[str]]:
        """The notes that ask for similar names, by question."""
        near: dict[str, list[str]] = defaultdict(list)
        for path, note in self.checked.items():
            for question in note.questions:
                if question[:1] in _NEAR:
                    near[question].append(path)
        return near


def _digest(entries: Notes, path: str) -> str:
    entry = entries.get(path)
    return entry.digest if entry else ""


_NEAR = frozenset((NEAR_NOTE, NEAR_FILE))
