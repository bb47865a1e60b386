"""Check a vault as a whole: names that collide, orphans, wanted notes, circles of embeds, types of properties.

The checks combine those of the single notes (`link_checks`), and read no note.
"""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from kg.core.findings import Finding, key_of
from kg.mapping.link_resolution import LINK_CLASSES, LinkClass
from kg.notes.instructions import Instruction
from kg.notes.obsidian_settings import Settings
from kg.validation.link_checks import Checked, Typed

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


class WholeVault(NamedTuple):
    """The checks of a vault as a whole, from which the next ones can take what is the same."""

    notes: Set[str]
    files: Set[str]
    """All files, the notes among them."""
    of_names: tuple[Finding, ...]
    """The findings on names, which follow from the files alone."""
    findings: Mapping[tuple[object, ...], Finding]
    """The other findings, by their keys."""

    @classmethod
    def of(
        cls, checked: Sequence[Checked], notes: Set[str], files: Set[str], settings: Settings, before: "WholeVault"
    ) -> "WholeVault":
        """Check a vault. A finding that is as before is the very same object."""
        findings = [*_unlinked(checked), *_hubs(checked), *_circles(checked), *_type_conflicts(checked, settings)]
        of_names = before.of_names if (before.notes, before.files) == (notes, files) else tuple(_names(notes, files))
        keyed = {key_of(finding): finding for finding in findings}
        return cls(notes, files, of_names, {key: before.findings.get(key, row) for key, row in keyed.items()})


NOT_CHECKED = WholeVault(frozenset(), frozenset(), (), {})
"""A vault that has not been checked."""


class Links(NamedTuple):
    """The links of a vault: findings, and the number of links of each class."""

    findings: tuple[Finding, ...]
    classes: Mapping[LinkClass, int]
    instructions: Mapping[str, tuple[Instruction, ...]]
    """The instructions of each note that has any, by path."""
    whole: WholeVault


def combine(
    checked: Iterable[Checked], notes: Set[str], files: Set[str], settings: Settings, before: WholeVault = NOT_CHECKED
) -> Links:
    """Combine the checks of all notes, and check the vault as a whole: its notes, and all its files with them.

    `before` are the checks of the vault as it was.
    """
    checked = sorted(checked, key=lambda note: note.path)
    whole = WholeVault.of(checked, notes, files, settings, before)
    findings = [finding for note in checked for finding in note.findings]
    totals: dict[LinkClass, int] = dict.fromkeys(LINK_CLASSES, 0)
    for note in checked:
        for kind, number in note.classes.items():
            totals[kind] += number
    instructed = {note.path: note.instructions for note in checked if note.instructions}
    return Links((*findings, *whole.of_names, *whole.findings.values()), totals, instructed, whole)


def _type_conflicts(checked: Iterable[Checked], settings: Settings) -> Iterator[Finding]:
    """Values whose type differs from Obsidian's settings for the property or, without any, from most notes."""
    rows: dict[str, list[Typed]] = defaultdict(list)
    for note in checked:
        for typed in note.types:
            rows[typed.key].append(typed)
    for key, types in rows.items():
        declared = settings.types.get(key, "")
        if declared in _DECLARED:
            name = _NAMES.get(declared, declared)
            misfits = (typed for typed in types if typed.type not in _DECLARED[declared])
            yield from (_conflict(typed, f"Obsidian's settings say it is a {name}") for typed in misfits)
        elif not declared and key not in _TEXTS:
            yield from _minority(types)


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


def _unlinked(checked: Sequence[Checked]) -> Iterator[Finding]:
    """Notes without incoming links, and notes without outgoing links."""
    linked = frozenset().union(*(note.leads for note in checked))
    for note in checked:
        orphan, dead_end = note.path not in linked, not note.leads and not note.classes.get("missing")
        if orphan or dead_end:
            ways = [*(["no note links here"] if orphan else []), *(["it links to no note"] if dead_end else [])]
            yield Finding(note.path, 1, 1, 1, 1, "L22", ", and ".join(ways))


def _hubs(checked: Iterable[Checked]) -> Iterator[Finding]:
    """Missing notes with several links, at the first link."""
    wanted: dict[str, list[tuple[str, Finding]]] = defaultdict(list)
    for note in checked:
        for iri, name, place in note.wants:
            wanted[iri].append((name, place))
    for links in wanted.values():
        if len(links) >= HUB:
            name, place = links[0]
            notes = len({link.path for _, link in links})
            inside = "one note" if notes == 1 else f"{notes} notes"
            yield _replaced(place, f"{len(links)} links in {inside} lead to the missing note “{name}”")


def _circles(checked: Sequence[Checked]) -> Iterator[Finding]:
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
