"""The growth of the graph: what the notes state at each commit of the vault's git repository.

The readers are those of an ingest, with today's settings and ontology. The content of each file is parsed once. From
commit to commit, only notes that changed, or whose links may resolve differently, are mapped again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg.analysis.periods import PERIODS
from kg.analysis.tables import Table, Value
from kg.config import Config
from kg.core.text import UndecodableError, nfc
from kg.mapping.link_resolution import Index, differences
from kg.mapping.ontology import Ontology, load_ontology
from kg.mapping.statements import Reader, Statements
from kg.mapping.structural_terms import MISSING
from kg.notes.canvas import CanvasError
from kg.notes.ignore_rules import IgnoreRules, repository
from kg.notes.model import Note
from kg.notes.obsidian_settings import Settings
from kg.notes.summary import Card
from kg.notes.vault import Progress, is_note, note_of, without_collection
from kg.rdf.iris import Names
from kg.rdf.terms import RDF_TYPE
from kg.revisions.git_repository import Change, Commit, Repository

_TICKS = "▁▂▃▄▅▆▇█"
_WIDEST = 60
_KEPT = 2_000
"""How many parsed files are cached, in case a later commit restores their content."""
_MEASURED = ("notes", "links", "missing", "things")


class Counted(NamedTuple):
    """The counts at a commit."""

    notes: int
    """Canvases are read, too, but not counted."""
    links: int
    """Every place that links, as `kg ingest` counts them."""
    missing: int
    things: int
    """The nodes of the network: instances of the domain's classes, and missing notes."""


def history(config: Config, by: str = "commit", progress: Progress | None = None) -> Table:
    """Return a row for each commit that changed the vault, or for the last commit of each day, week, month or year.

    Commits are those of the current branch, with their commit time in UTC. Raises KgError; NotFound if the vault is in
    no repository.
    """
    rows: list[tuple[Value, ...]] = []
    with Repository.of(config.vault) as repo, without_collection():
        vault = _VaultState(repo, config)
        chosen = _chosen(repo.commits(), PERIODS[by])
        for number, (commit, label) in enumerate(chosen):
            if progress:
                progress("reading", number, len(chosen))
            counts = vault.at(commit)
            if counts:
                entity = ox.NamedNode(f"swh:1:rev:{commit.hash}")
                rows.append((entity, label, f"{commit.time:%Y-%m-%d}", *counts))
    return Table(("entity", "label", "date", *_MEASURED), rows, bar="notes", says=_growth(rows))


def _chosen(commits: Sequence[Commit], form: str) -> list[tuple[Commit, str]]:
    """The commits of the rows, with their labels: all commits, or the last of each period."""
    if not form:
        return [(commit, f"{commit.hash[:7]} {commit.subject}") for commit in commits]
    last = {f"{commit.time:{form}}": commit for commit in commits}
    order = {commit.hash: at for at, commit in enumerate(commits)}
    return sorted(((commit, label) for label, commit in last.items()), key=lambda row: order[row[0].hash])


def _growth(rows: Sequence[tuple[Value, ...]]) -> str:
    """A line for each measure: its sparkline, first value and last value."""
    if len(rows) < 2:
        return ""
    columns = {name: [int(str(row[at])) for row in rows] for at, name in enumerate(_MEASURED, 3)}
    return "\n".join(
        f"{name:<8} {sparkline(values)} {values[0]:,} → {values[-1]:,}" for name, values in columns.items()
    )


def sparkline(values: Sequence[int]) -> str:
    """Numbers as a row of bars, scaled to the greatest; long rows are sampled at equal distances (Tufte, 2006)."""
    count = min(len(values), _WIDEST)
    samples = [values[round(n * (len(values) - 1) / max(count - 1, 1))] for n in range(count)]
    greatest = max(samples, default=0)
    return "".join(_TICKS[round(value / greatest * (len(_TICKS) - 1))] if greatest else _TICKS[0] for value in samples)


class _Made(NamedTuple):
    """The contribution of a note to the counts."""

    links: int
    missing: frozenset[str]
    things: frozenset[str]
    questions: frozenset[str]


@dataclass
class _VaultState:
    """The vault as of the commit read last."""

    repository: Repository
    config: Config
    tree: str | None = None
    notes: dict[str, Note] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    attachments: set[str] = field(default_factory=set)
    made: dict[str, _Made] = field(default_factory=dict)
    missing: "Counter[str]" = field(default_factory=Counter)
    things: "Counter[str]" = field(default_factory=Counter)
    links: int = 0
    _parsed: dict[tuple[str, bool], Note | None] = field(default_factory=dict)

    def at(self, commit: Commit) -> Counted | None:
        """The counts at a commit; None if the vault did not change."""
        tree = self.repository.tree(commit.hash)
        if tree == (self.tree or ""):
            return None
        changes = [change for change in self.repository.changes(self.tree or "", tree) if self._is_read(change.path)]
        self.tree = tree
        before = self.index
        self._state(self._take(changes), before)
        if not changes:
            return None
        notes = sum(note.kind != "canvas" for note in self.notes.values())
        return Counted(notes, self.links, len(+self.missing), len(+self.things))

    @cached_property
    def names(self) -> Names:
        return Names(self.config.base)

    @cached_property
    def ontology(self) -> Ontology:
        return load_ontology(self.config)

    @cached_property
    def index(self) -> Index:
        """The index of notes and files; rebuilt when names, headings or files change."""
        return Index.of(self.cards.values(), self.attachments, self.names)

    # ---- files ---------------------------------------------------------------------------------------------------

    @cached_property
    def _rules(self) -> IgnoreRules:
        """The ignore rules, by today's settings."""
        rules = IgnoreRules.of(Settings.of(self.config.vault), self.config.ignore)
        for folder, inside in repository(self.config.vault) if self.config.gitignore else ():
            outer = rules.above(folder, inside)
            rules = rules if outer.ignores("") else outer
        return rules

    def _is_read(self, path: str) -> bool:
        return not any(part.startswith(".") for part in path.split("/")) and not self._ignored(nfc(path))

    def _ignored(self, path: str) -> bool:
        rules = self._rules
        for at in (at for at, ch in enumerate(path) if ch == "/"):
            rules = rules.inside(path[:at])
        return rules.ignores(path)

    def _take(self, changes: Iterable[Change]) -> set[str]:
        """Apply changes to files and return the paths of the notes that changed."""
        touched, moved = set(), False
        for change in changes:
            path = nfc(change.path)
            note = self._note(path, change.after) if change.after and is_note(path) else None
            old = self.cards.pop(path, None)
            self.notes.pop(path, None)
            was_attachment = path in self.attachments
            self.attachments.discard(path)
            if note:
                self.notes[path], self.cards[path] = note, Card.of(note)
            elif change.after and not is_note(path):
                self.attachments.add(path)
            touched |= {path} if old or note else set()
            moved |= self.cards.get(path) != old or was_attachment != (path in self.attachments)
        if moved:
            self.__dict__.pop("index", None)
        return touched

    def _note(self, path: str, blob: str) -> Note | None:
        """The note with this content, parsed once, whatever its path and however often it returns."""
        key = blob, path.lower().endswith(".canvas")
        if key not in self._parsed:
            if len(self._parsed) >= _KEPT:
                self._parsed.pop(next(iter(self._parsed)))
            self._parsed[key] = self._read(path, self.repository.content(blob, self.config.max_bytes))
        note = self._parsed[key]
        return replace(note, path=path) if note and note.path != path else note

    def _read(self, path: str, raw: bytes | None) -> Note | None:
        """Parse a note from its bytes; return None if they are missing or unreadable."""
        try:
            return None if raw is None else note_of(path, raw, self.config)
        except (CanvasError, UndecodableError):
            return None

    # ---- statements ----------------------------------------------------------------------------------------------

    def _state(self, touched: set[str], before: Index) -> None:
        """Map the notes that changed, and those whose links may now resolve differently."""
        if self.index is not before:
            differ = differences(before, self.index)
            affected = {path for path, made in self.made.items() if made.questions & differ.questions}
            touched |= differ.notes | affected
        reader = Reader(self.index, self.ontology, self.config.default_class)
        for path in sorted(touched):
            self._count(self.made.pop(path, None), -1)
            note = self.notes.get(path)
            if note:
                self.made[path] = self._made(reader.statements(note))
                self._count(self.made[path], 1)

    def _made(self, stated: Statements) -> _Made:
        typed = [(row.subject, row.object) for row in stated.rows if row.predicate == RDF_TYPE]
        missing = frozenset(subject for subject, class_ in typed if class_ == MISSING)
        things = frozenset(subject for subject, class_ in typed if not self._is_structural(class_))
        return _Made(sum(stated.links.values()), missing, things | missing, stated.questions)

    @cached_property
    def _structural(self) -> dict[str, bool]:
        return {}

    def _is_structural(self, class_: str) -> bool:
        if class_ not in self._structural:
            self._structural[class_] = self.ontology.is_structural(class_[1:-1])
        return self._structural[class_]

    def _count(self, made: _Made | None, sign: int) -> None:
        if made:
            self.links += sign * made.links
            for counter, names in ((self.missing, made.missing), (self.things, made.things)):
                _add(counter, names, sign)


def _add(counter: "Counter[str]", names: Iterable[str], sign: int) -> None:
    for name in names:
        counter[name] += sign
        if not counter[name]:
            del counter[name]
