"""How the graph grew: what the notes made at each commit of the vault's git repository, as they are read today.

The same readers as an ingest's, with today's settings and ontology: each file's content is parsed once, and from commit
to commit only those notes are stated anew that changed, or whose links may lead elsewhere.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox

from kg import canvas
from kg.analysis import Table, Value
from kg.commits import Change, Commit, Repository
from kg.config import Config
from kg.ignoring import Ignoring, repository
from kg.ingestion import load_ontology
from kg.note import Note
from kg.obsidian import Settings
from kg.ontology import Ontology
from kg.parse import parse
from kg.resolve import Card, Index, differences
from kg.source import UndecodableError
from kg.statements import MISSING, Reader, Statements
from kg.terms import RDF_TYPE, Names, nfc
from kg.vault import Progress, is_note, without_collection

PERIODS = {"commit": "", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}
"""What a row stands for, and how such a time is written."""
_TICKS = "▁▂▃▄▅▆▇█"
_WIDEST = 60
_KEPT = 2_000
"""So many parsed files are kept that no commit at hand has, for one that takes them back."""
_MEASURED = ("notes", "links", "missing", "things")


class Counted(NamedTuple):
    """What there was at a commit."""

    notes: int
    """Canvases are read too, and are none."""
    links: int
    """All places that link, as `kg ingest` counts them."""
    missing: int
    things: int
    """What the network has: things of the domain's classes, and what is missing."""


def history(config: Config, by: str = "commit", progress: Progress | None = None) -> Table:
    """A row for each commit that changed the vault, or for the last one of each day, week, month or year.

    Commits are those along the current branch, with the time at which they were made in UTC. Raises NotFound where the
    vault is in no repository, KgError.
    """
    rows: list[tuple[Value, ...]] = []
    with Repository.of(config.vault) as found, without_collection():
        growing = _Growing(found, config)
        chosen = _chosen(found.commits(), PERIODS[by])
        for number, (commit, label) in enumerate(chosen):
            if progress:
                progress("reading", number, len(chosen))
            counted = growing.at(commit)
            if counted:
                entity = ox.NamedNode(f"swh:1:rev:{commit.hash}")
                rows.append((entity, label, f"{commit.time:%Y-%m-%d}", *counted))
    return Table(("entity", "label", "date", *_MEASURED), rows, bar="notes", says=_growth(rows))


def _chosen(commits: Sequence[Commit], form: str) -> list[tuple[Commit, str]]:
    """The last commit of each period, with what that is called."""
    if not form:
        return [(commit, f"{commit.hash[:7]} {commit.subject}") for commit in commits]
    last = {f"{commit.time:{form}}": commit for commit in commits}
    order = {commit.hash: at for at, commit in enumerate(commits)}
    return sorted(((commit, label) for label, commit in last.items()), key=lambda row: order[row[0].hash])


def _growth(rows: Sequence[tuple[Value, ...]]) -> str:
    """How each measure went, as a line."""
    if len(rows) < 2:
        return ""
    columns = {name: [int(str(row[at])) for row in rows] for at, name in enumerate(_MEASURED, 3)}
    return "\n".join(
        f"{name:<8} {sparkline(values)} {values[0]:,} → {values[-1]:,}" for name, values in columns.items()
    )


def sparkline(values: Sequence[int]) -> str:
    """Numbers as a row of bars, the highest for the greatest; of many, some at equal distances (Tufte, 2006)."""
    count = min(len(values), _WIDEST)
    some = [values[round(n * (len(values) - 1) / max(count - 1, 1))] for n in range(count)]
    most = max(some, default=0)
    return "".join(_TICKS[round(value / most * (len(_TICKS) - 1))] if most else _TICKS[0] for value in some)


class _Made(NamedTuple):
    """What one note adds."""

    links: int
    missing: frozenset[str]
    things: frozenset[str]
    questions: frozenset[str]


@dataclass
class _Growing:
    """The vault as it was at the commit last looked at."""

    repository: Repository
    config: Config
    tree: str | None = None
    notes: dict[str, Note] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    made: dict[str, _Made] = field(default_factory=dict)
    missing: "Counter[str]" = field(default_factory=Counter)
    things: "Counter[str]" = field(default_factory=Counter)
    links: int = 0
    _parsed: dict[tuple[str, bool], Note | None] = field(default_factory=dict)

    def at(self, commit: Commit) -> Counted | None:
        """What there was at a commit; None where that is what there was before."""
        tree = self.repository.tree(commit.hash)
        if tree == (self.tree or ""):
            return None
        changes = [change for change in self.repository.changes(self.tree or "", tree) if self._is_read(change.path)]
        self.tree = tree
        before = self.index
        self._state(self._take(changes), before)
        if not changes:
            return None
        written = sum(note.kind != "canvas" for note in self.notes.values())
        return Counted(written, self.links, len(+self.missing), len(+self.things))

    @cached_property
    def names(self) -> Names:
        return Names(self.config.base)

    @cached_property
    def ontology(self) -> Ontology:
        return load_ontology(self.config)

    @cached_property
    def index(self) -> Index:
        """The index of what there is; made anew when names, headings or files changed."""
        return Index.of(self.cards.values(), self.others, self.names)

    # ---- files ---------------------------------------------------------------------------------------------------

    @cached_property
    def _rules(self) -> Ignoring:
        """What is not read, by today's settings."""
        rules = Ignoring.of(Settings.of(self.config.vault), self.config.ignore)
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
        """Take files over as they are now; the notes that are others than before."""
        touched, moved = set(), False
        for change in changes:
            path = nfc(change.path)
            note = self._note(path, change.after) if change.after and is_note(path) else None
            old = self.cards.pop(path, None)
            self.notes.pop(path, None)
            was_other = path in self.others
            self.others.discard(path)
            if note:
                self.notes[path], self.cards[path] = note, Card.of(note)
            elif change.after and not is_note(path):
                self.others.add(path)
            touched |= {path} if old or note else set()
            moved |= self.cards.get(path) != old or was_other != (path in self.others)
        if moved:
            self.__dict__.pop("index", None)
        return touched

    def _note(self, path: str, blob: str) -> Note | None:
        """The note of some content, parsed once wherever it stands and however often it comes back."""
        key = blob, path.lower().endswith(".canvas")
        if key not in self._parsed:
            if len(self._parsed) >= _KEPT:
                self._parsed.pop(next(iter(self._parsed)))
            self._parsed[key] = _read(path, self.repository.content(blob, self.config.max_bytes))
        note = self._parsed[key]
        return replace(note, path=path) if note and note.path != path else note

    # ---- what they say -------------------------------------------------------------------------------------------

    def _state(self, touched: set[str], before: Index) -> None:
        """State anew what changed, and what may be meant otherwise now."""
        if self.index is not before:
            differ = differences(before, self.index)
            asking = {path for path, made in self.made.items() if made.questions & differ.questions}
            touched |= differ.notes | asking
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


def _read(path: str, raw: bytes | None) -> Note | None:
    """A note from its bytes; none where they cannot be read as one."""
    try:
        if raw is None:
            return None
        return canvas.parse(path, raw) if path.lower().endswith(".canvas") else parse(path, raw)
    except (canvas.CanvasError, UndecodableError):
        return None
