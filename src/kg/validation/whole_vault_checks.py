"""Check a vault as a whole: names that collide, orphans, wanted notes, circles of embeds, types of properties.

The checks combine those of the single notes (`link_checks`), and read no note.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple, Self, TypeVar

from kg.core.findings import Finding, key_of
from kg.mapping.link_resolution import LINK_CLASSES, LinkClass
from kg.notes.instructions import Instruction
from kg.notes.obsidian_settings import Settings
from kg.validation.link_checks import Checked, Typed

Row = TypeVar("Row")
Want = tuple[str, str, Finding]
"""A link to a missing note: the IRI of that, its name, and the place of the link."""
Grouped = Mapping[str, Mapping[str, Sequence[Row]]]
"""Rows of notes by key, and by path."""
HUB = 3
"""With this many links, a missing note is worth writing."""
_UNLINKABLE = re.compile(r"[#|]|%%|\[\[|\]\]|\](?=\.md\Z)", re.I)
_UNSAFE = re.compile(r"[\^:]")
"""The signs that Obsidian's help excludes from names, although a link with them leads to the file."""
_TEXTS = {"title", "id"}
"""The properties that kg reads as text, whatever they look like."""
_DECLARED: Mapping[str, frozenset[str]] = {
    "text": frozenset(("text", "number", "checkbox", "date")),
    "multitext": frozenset(("list", "text", "number", "checkbox", "date")),
    "number": frozenset(("number",)),
    "checkbox": frozenset(("checkbox",)),
    "date": frozenset(("date",)),
    "datetime": frozenset(("date",)),
}
"""The values that Obsidian's property types accept. Text accepts any single value; a list accepts single values too."""
_NAMES = {"multitext": "list", "datetime": "date and time", "map": "nested value"}


class Links(NamedTuple):
    """The links of a vault: findings, and the number of links of each class."""

    findings: tuple[Finding, ...]
    classes: Mapping[LinkClass, int]
    instructions: Mapping[str, tuple[Instruction, ...]]
    """The instructions of each note that has any, by path."""
    whole: "WholeVault"


def combine(
    checked: Mapping[str, Checked],
    notes: Set[str],
    files: Set[str],
    settings: Settings,
    before: "WholeVaultBefore | None" = None,
) -> Links:
    """Combine the checks of all notes, and check the vault as a whole: its notes, and all its files with them.

    `before` are the checks of the vault as it was, with the same settings; only what has changed since is looked at.
    """
    last, changed = before or (NOT_CHECKED, checked.keys())
    whole = last.after(checked, changed, notes, files, settings)
    findings = (finding for note in checked.values() for finding in note.findings)
    return Links((*findings, *whole.findings()), whole.classes, whole.instructions, whole)


@dataclass(frozen=True)
class WholeVault:
    """The checks of a vault as a whole, and what they follow from."""

    checked: Mapping[str, Checked]
    notes: Set[str]
    files: Set[str]
    """All files, the notes among them."""
    classes: Mapping[LinkClass, int]
    """The number of links of each class."""
    instructions: Mapping[str, tuple[Instruction, ...]]
    of_names: tuple[Finding, ...]
    """The findings on names, which follow from the files alone."""
    inbound: Mapping[str, int]
    """How many notes link to a note."""
    unlinked: Mapping[str, Finding]
    wanted: Grouped[Want]
    """The links to each missing note."""
    hubs: Mapping[str, Finding]
    typed: Grouped[Typed]
    """The values of each property."""
    conflicts: Mapping[str, tuple[Finding, ...]]
    circles: tuple[Finding, ...]

    def findings(self) -> Iterator[Finding]:
        """The findings, in no particular order."""
        yield from self.of_names
        yield from self.unlinked.values()
        yield from self.hubs.values()
        yield from chain.from_iterable(self.conflicts.values())
        yield from self.circles

    def after(
        self,
        checked: Mapping[str, Checked],
        changed: Set[str],
        notes: Set[str],
        files: Set[str],
        settings: Settings,
    ) -> Self:
        """The checks of the vault now, with other checks of the `changed` notes alone.

        A finding that nothing concerns is the very same object.
        """
        paths = {path for path in changed if self.checked.get(path) is not checked.get(path)}
        gone = [self.checked[path] for path in sorted(paths) if path in self.checked]
        come = [checked[path] for path in sorted(paths) if path in checked]
        classes = Counter(self.classes)
        for note in gone:
            classes.subtract(note.classes)
        for note in come:
            classes.update(note.classes)
        same_files = (self.notes, self.files) == (notes, files)
        instructions = {path: rows for path, rows in self.instructions.items() if path not in paths}
        instructions |= {note.path: note.instructions for note in come if note.instructions}
        inbound, unlinked = self._unlinked_after(checked, gone, come)
        wanted, hubs = self._hubs_after(gone, come)
        typed, conflicts = self._conflicts_after(gone, come, settings)
        has_embeds = any(note.embeds for note in (*gone, *come))
        return replace(
            self,
            checked=checked,
            notes=notes,
            files=files,
            classes={kind: classes[kind] for kind in LINK_CLASSES},
            instructions=dict(sorted(instructions.items())),
            of_names=self.of_names if same_files else tuple(_names(notes, files)),
            inbound=inbound,
            unlinked=unlinked,
            wanted=wanted,
            hubs=hubs,
            typed=typed,
            conflicts=conflicts,
            circles=tuple(_circles(checked.values())) if has_embeds else self.circles,
        )

    def _unlinked_after(
        self, checked: Mapping[str, Checked], gone: Sequence[Checked], come: Sequence[Checked]
    ) -> tuple[Mapping[str, int], Mapping[str, Finding]]:
        """The numbers of links to notes, and the notes without links to them or from them."""
        inbound = Counter(self.inbound)
        inbound.subtract(target for note in gone for target in note.leads)
        inbound.update(target for note in come for target in note.leads)
        unlinked = dict(self.unlinked)
        for path in {path for note in (*gone, *come) for path in (note.path, *note.leads)}:
            unlinked.pop(path, None)
            if path in checked and (finding := _unlinked(checked[path], inbound[path])):
                unlinked[path] = finding
        return inbound, unlinked

    def _hubs_after(
        self, gone: Sequence[Checked], come: Sequence[Checked]
    ) -> tuple[Grouped[Want], Mapping[str, Finding]]:
        """The links to missing notes, and the missing notes with several."""
        wanted, touched = _regrouped(self.wanted, *(_by_key(_wants(notes)) for notes in (gone, come)))
        hubs = {iri: finding for iri, finding in self.hubs.items() if iri not in touched}
        return wanted, hubs | {iri: hub for iri in touched if (hub := _hub(wanted[iri]))}

    def _conflicts_after(
        self, gone: Sequence[Checked], come: Sequence[Checked], settings: Settings
    ) -> tuple[Grouped[Typed], Mapping[str, tuple[Finding, ...]]]:
        """The values of properties, and those whose types differ."""
        typed, touched = _regrouped(self.typed, *(_by_key(_values(notes)) for notes in (gone, come)))
        conflicts = {key: findings for key, findings in self.conflicts.items() if key not in touched}
        for key in touched:
            values = list(chain.from_iterable(typed[key].values()))
            known = {key_of(finding): finding for finding in self.conflicts.get(key, ())}
            now = tuple([known.get(key_of(row), row) for row in _type_conflicts(key, values, settings)])
            conflicts |= {key: now} if now else {}
        return typed, conflicts


class WholeVaultBefore(NamedTuple):
    """The checks of a vault as it was, and the notes whose checks may be others now."""

    whole: WholeVault
    changed: Set[str]


NOT_CHECKED = WholeVault({}, frozenset(), frozenset(), {}, {}, (), {}, {}, {}, {}, {}, {}, ())
"""A vault that has not been checked."""


def _wants(notes: Iterable[Checked]) -> Iterator[tuple[str, str, Want]]:
    """The links to missing notes, with the paths and the keys."""
    return ((note.path, want[0], want) for note in notes for want in note.wants)


def _values(notes: Iterable[Checked]) -> Iterator[tuple[str, str, Typed]]:
    """The values of properties, with the paths and the keys."""
    return ((note.path, value.key, value) for note in notes for value in note.types)


def _by_key(rows: Iterable[tuple[str, str, Row]]) -> dict[str, dict[str, list[Row]]]:
    """Group the rows of notes: each has a path and a key."""
    grouped: dict[str, dict[str, list[Row]]] = defaultdict(dict)
    for path, key, row in rows:
        grouped[key].setdefault(path, []).append(row)
    return grouped


def _regrouped(before: Grouped[Row], gone: Grouped[Row], come: Grouped[Row]) -> tuple[Grouped[Row], set[str]]:
    """The rows of notes after those of some notes have gone and others come, and the keys with other rows."""
    after, touched = dict(before), {*gone, *come}
    for key in touched:
        after[key] = {**before.get(key, {}), **dict.fromkeys(gone.get(key, {}), ()), **come.get(key, {})}
    return after, touched


def _type_conflicts(key: str, types: Sequence[Typed], settings: Settings) -> Iterable[Finding]:
    """Values whose type differs from Obsidian's settings for the property or, without any, from most notes."""
    declared = settings.types.get(key, "")
    if declared in _DECLARED:
        name = _NAMES.get(declared, declared)
        misfits = (typed for typed in types if typed.type not in _DECLARED[declared])
        return [_conflict(typed, f"Obsidian's settings say it is a {name}") for typed in misfits]
    return _minority(types) if not declared and key not in _TEXTS else ()


def _minority(typed: Sequence[Typed]) -> Iterator[Finding]:
    """Single values whose type differs from the most frequent one; on a tie, another type wins over text.

    There are none if the most frequent type is text: a text may look like anything.
    """
    counts = Counter(value.type for value in typed if value.type not in {"list", "map"})
    if len(counts) < 2:
        return
    most = max(counts, key=lambda type_: (counts[type_], type_ != "text", type_))
    accepted = _DECLARED[most]
    for value in typed:
        if value.type in counts and value.type not in accepted:
            number = counts[most]
            yield _conflict(value, f"in {number} other {'note' if number == 1 else 'notes'} it is a {most}")


def _conflict(value: Typed, otherwise: str) -> Finding:
    name = _NAMES.get(value.type, value.type)
    return _replaced(value.span, f"“{value.span.message}” is a {name} here; {otherwise}".replace("a text", "text"))


def _replaced(finding: Finding, message: str) -> Finding:
    return Finding(*_place(finding), finding.code, message)


def _place(finding: Finding) -> tuple[str, int, int, int, int]:
    return finding.path, finding.line, finding.column, finding.end_line, finding.end_column


def _names(notes: Set[str], files: Set[str]) -> Iterator[Finding]:
    """File names that collide, or that a link cannot write."""
    seen: dict[str, str] = {}
    for path in sorted(files):
        first = seen.setdefault(path.lower(), path)
        if first != path:
            yield Finding(path, 1, 1, 1, 1, "L16", f"{first} differs from it only by case")
        name = path.rpartition("/")[2] if path in notes else ""
        if _UNLINKABLE.search(name):
            yield Finding(path, 1, 1, 1, 1, "L13", "a link cannot write this name")
        elif sign := _UNSAFE.search(name):
            message = f"a link to this name may not work: Obsidian's help excludes `{sign.group()}`"
            yield Finding(path, 1, 1, 1, 1, "L13", message)


def _unlinked(note: Checked, inbound: int) -> Finding | None:
    """A note without incoming links, or without outgoing links."""
    dead_end = not note.leads and not note.classes.get("missing")
    if inbound and not dead_end:
        return None
    ways = [*([] if inbound else ["no note links here"]), *(["it links to no note"] if dead_end else [])]
    return Finding(note.path, 1, 1, 1, 1, "L22", ", and ".join(ways))


def _hub(wants: Mapping[str, Sequence[Want]]) -> Finding | None:
    """A missing note with several links, at the first link."""
    links = [want for _, rows in sorted(wants.items()) for want in rows]
    if len(links) < HUB:
        return None
    _, name, place = links[0]
    notes = len({link.path for *_, link in links})
    inside = "one note" if notes == 1 else f"{notes} notes"
    return _replaced(place, f"{len(links)} links in {inside} lead to the missing note “{name}”")


def _circles(checked: Iterable[Checked]) -> Iterator[Finding]:
    """Notes that embed each other, or themselves, in a circle; at the first embed of the first note by path."""
    from graphlib import CycleError, TopologicalSorter

    embeds = {note.path: note.embeds for note in checked if note.embeds}
    try:
        TopologicalSorter(embeds).prepare()
    except CycleError:
        import networkx  # takes 170 ms; only a vault with a circle needs it

        graph = networkx.DiGraph([(path, target) for path, targets in embeds.items() for target in targets])
        for circle in networkx.strongly_connected_components(graph):
            first = min(circle)
            around = sorted(set(embeds.get(first, {})) & circle)
            if around:
                names = " → ".join(posixpath.basename(path) for path in [*sorted(circle), first])
                yield _replaced(embeds[first][around[0]], f"notes that embed each other: {names}")
