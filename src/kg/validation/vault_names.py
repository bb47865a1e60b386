"""The names by which the links of a vault are resolved, and the notes that a change of them concerns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from kg.mapping.link_resolution import file_name
from kg.notes.summary import Card
from kg.validation.link_checks import ALIAS, NEAR_FILE, NEAR_NOTE, closest


class Named(NamedTuple):
    """What links are resolved by, of a note or another file."""

    group: str
    """A note, an attachment or an ignored file."""
    on_disk: str
    """The path on the disk, if it has another Unicode form."""
    id: str = ""
    aliases: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    @classmethod
    def of(cls, card: Card) -> "Named":
        """The names of a note."""
        return cls("note", "", card.id or "", tuple(card.alias_keys), tuple(card.title_keys))


def names_of(
    notes: dict[str, Named], attachments: Iterable[str], ignored: Iterable[str], on_disk: Mapping[str, str]
) -> dict[str, Named]:
    """The names of a vault by path."""
    groups = {**dict.fromkeys(attachments, "attachment"), **dict.fromkeys(ignored, "ignored")}
    names = {path: Named(group, "") for path, group in groups.items()} | notes
    differing = {path for path, name in names.items() if name.on_disk} | on_disk.keys() & names.keys()
    return names | {path: names[path]._replace(on_disk=on_disk.get(path, "")) for path in differing}


@dataclass(frozen=True)
class NameChanges:
    """The changes of a vault's names since they were recorded."""

    before: Mapping[str, Named]
    after: Mapping[str, Named]
    only: frozenset[str] | None = None
    """The only files whose names may have changed, if they are known."""
    _near: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def paths(self) -> frozenset[str]:
        """The files whose names have changed, and the notes with the id of such a note: an id leads to the first."""
        both = (self.before, self.after)
        all_paths = self.before.keys() | self.after if self.only is None else self.only
        paths = {path for path in all_paths if self.before.get(path) != self.after.get(path)}
        ids = {names[path].id for names in both for path in paths if path in names} - {""}
        shared = {path for names in both for path, name in names.items() if name.id in ids} if ids else set()
        return frozenset(paths | shared)

    @cached_property
    def _rows(self) -> list[tuple[str, Named]]:
        return [(path, names[path]) for names in (self.before, self.after) for path in self.paths if path in names]

    @cached_property
    def questions(self) -> frozenset[str]:
        """The questions of notes that may have other answers."""
        files = {f"/{file_name(path)}" for path in self.paths}
        titles = {f"={title}" for _, name in self._rows for title in name.titles}
        aliases = {ALIAS + alias for _, name in self._rows for alias in name.aliases}
        return frozenset(files | {file.removesuffix(".md") for file in files} | titles | aliases)

    @cached_property
    def _names(self) -> Mapping[str, tuple[str, ...]]:
        """The changed names that a link may be similar to."""
        notes = {file_name(path).removesuffix(".md") for path, name in self._rows if name.group == "note"}
        return {NEAR_NOTE: tuple(notes), NEAR_FILE: tuple({file_name(path) for path, _ in self._rows})}

    def concern(self, questions: Iterable[str]) -> bool:
        """Whether a question may have another answer."""
        return any(question in self.questions or self._is_near(question) for question in questions)

    def _is_near(self, question: str) -> bool:
        if question[:1] not in self._names:
            return False
        if question not in self._near:
            self._near[question] = bool(closest(question[1:], self._names[question[0]]))
        return self._near[question]
