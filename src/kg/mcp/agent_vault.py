"""An open vault as the tools read it. What one call reads is kept for the next, as long as the vault is the same."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pyoxigraph as ox

from kg.core.errors import KgError, NotFound
from kg.core.files import read_bytes
from kg.core.findings import Finding
from kg.core.text import text_of
from kg.mcp.visible_text import excerpt, visible
from kg.rdf.vocabulary import DESCRIBES, PATH
from kg.reasoning.source_lines import SourceLine
from kg.views.catalogue import class_counts
from kg.views.open_vault import OpenVault, Shown
from kg.views.vocabulary import Vocabulary, vocabulary

if TYPE_CHECKING:
    from kg.analysis.network import Network
    from kg.analysis.similarity import Texts
    from kg.analysis.tables import Table

_NOTES_KEPT = 200
Made = TypeVar("Made")


class CheckedNotes(NamedTuple):
    """The findings of a vault, by path; and a sentence if they are not those of its latest state."""

    findings: Mapping[str, tuple[Finding, ...]]
    remark: str = ""


class DraftFindings(NamedTuple):
    """What a validation would say if a draft were saved: of the draft itself, and anew of other files."""

    own: tuple[Finding, ...]
    elsewhere: tuple[Finding, ...]
    resolved: int = 0
    """The findings that other files would have no longer."""


class Checks(NamedTuple):
    """How findings are come by, which depends on the process that answers."""

    notes: Callable[[OpenVault], CheckedNotes]
    draft: Callable[[OpenVault, str, str], DraftFindings]


@dataclass(eq=False)
class AgentVault:
    """An open vault, and what the tools read of it."""

    open: OpenVault
    checks: Checks
    remark: str = ""
    """A sentence, if the notes may be newer than what is known of them."""
    _made: dict[str, Any] = field(default_factory=dict, repr=False)
    _notes: "OrderedDict[str, list[str]]" = field(default_factory=OrderedDict, repr=False, compare=False)

    @property
    def is_redacted(self) -> bool:
        """Whether private notes are left out, so that no file of the vault may be read."""
        return self.open.is_redacted

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What a function makes, which is called once as long as the vault is the same."""
        if name not in self._made:
            self._made[name] = make()
        made: Made = self._made[name]
        return made

    @cached_property
    def classes(self) -> "list[tuple[Shown, int]]":
        """The classes that have things, with their numbers."""
        return class_counts(self.open)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words of queries."""
        return vocabulary(self.open)

    @cached_property
    def network(self) -> "Network":
        """The network of things."""
        from kg.analysis.network_reader import read

        return read(self.open.store)

    @cached_property
    def texts(self) -> "Texts":
        """The words of the things of the network. Not for a vault that hides notes."""
        from kg.analysis.similarity import texts

        return texts(self.open.config, self.open.store, self.network)

    @cached_property
    def suggestions(self) -> "Table":
        """Links worth making in the whole vault. Not for a vault that hides notes."""
        from kg.analysis.tables import suggest

        return suggest(self.network, self.texts)

    @cached_property
    def checked(self) -> CheckedNotes:
        """The findings of the vault. Raises KgError."""
        return self.checks.notes(self.open)

    # ---- notes -------------------------------------------------------------------------------------------------------

    @cached_property
    def notes(self) -> Mapping[str, ox.NamedNode]:
        """The things that notes describe, by the paths of the notes; without hidden notes."""
        rows = self.open.store.solutions(f"SELECT ?path ?thing {{ ?document {PATH} ?path ; {DESCRIBES} ?thing }}")
        pairs = sorted((row[0].value, row[1].value) for row in rows if isinstance(row[1], ox.NamedNode))
        return {path: ox.NamedNode(thing) for path, thing in reversed(pairs)}

    @cached_property
    def paths(self) -> list[str]:
        """The paths of all notes that may be shown."""
        return sorted(self.notes)

    def lines(self, path: str) -> list[str]:
        """The visible lines of a note or another text file of the project; none if it cannot be read, or may not be."""
        if self.is_redacted:
            return []
        if path not in self._notes:
            self._notes[path] = self._read(path)
            if len(self._notes) > _NOTES_KEPT:
                self._notes.popitem(last=False)
        return self._notes[path]

    def _read(self, path: str) -> list[str]:
        config = self.open.config
        for place in (config.place(path), config.root / path):
            try:
                return visible(text_of(read_bytes(place, config.max_bytes, follow=False))).split("\n")
            except (OSError, ValueError):
                continue
        return []

    def line(self, place: SourceLine | tuple[str, int, int]) -> str:
        """The visible part of a line around a column."""
        path, number, column = place[:3]
        lines = self.lines(path)
        return excerpt(lines[number - 1].strip(), column) if 0 < number <= len(lines) else ""

    def thing(self, name: str) -> ox.NamedNode:
        """The thing that a name, an IRI or the path of a note means. Raises NotFound, KgError."""
        if not name.strip():
            raise NotFound("give the name, the IRI or the path of a thing")
        try:
            return self.open.naming.thing(name)
        except KgError:
            if name in self.notes:
                return self.notes[name]
            raise

    def called(self, name: str) -> str:
        """A name for kg's look-ups: that of the thing, if it is the path of a note."""
        return f"<{self.notes[name].value}>" if name in self.notes else name

    def named(self, name: str) -> str:
        """A name that means the same to all look-ups."""
        return f"<{self.thing(name).value}>"
