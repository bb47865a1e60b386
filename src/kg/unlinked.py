"""Unlinked mentions: where the text of a note has the name of a thing and does not link to it.

Names are those of notes' things and of what links name and no note answers: titles and aliases. A text is taken apart
into words and signs; names are looked up in a tree of these, so that one pass over the notes finds all names, whatever
their number, and a name begins and ends where words do in any script. The longest name wins. What is no text does not
count: code, math, HTML, comments, links, tags, fields in brackets, front matter, and all of the thing's own note.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category

import pyoxigraph as ox

from kg import inline
from kg.config import Config
from kg.fulltext import ALONE
from kg.networks import LINKS, Network, whole
from kg.note import Block, Field, Line, Note
from kg.prose import CODE, Known
from kg.source import Span
from kg.store import Store
from kg.terms import SKOS, nfc
from kg.vault import Progress

if TYPE_CHECKING:
    import regex

LEAST = 3
"""A name of fewer letters is none to look for; of characters that are words of their own, two will do."""
COMMON = 0.1
"""A name of one word that more of the notes have is taken for a plain word, and left out unless it is asked for."""
FEW = 4
_ACRONYM = 4
"""A name of up to so many capitals is found only as it is written: `WHO` is not who."""
_SHOWN = 160
_NAMES = tuple(ox.NamedNode(SKOS + name) for name in ("prefLabel", "altLabel"))
_DEFAULT = ox.DefaultGraph()
_ASCII = re.compile(r"[a-z0-9]+(?:_+[a-z0-9]+)*|[^\sa-z0-9]")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”»)*_]*\s+|(?<=[。！？])|\n(?=\s*(?:[-*+]|\d+[.)])\s)")
_BLOCK_ID = re.compile(r"(?:^|\s)\^[A-Za-z0-9-]+\s*$")
_MASK = "\0"
_OWN_NAMES = {"title", "alias", "aliases"}
_END = ""
"""In a tree of words: here a name ends."""
_Tree = dict[str, object]


@cache
def _of_all_scripts() -> "regex.Pattern[str]":
    import regex

    letter = rf"[[\p{{L}}\p{{N}}\p{{M}}]--{ALONE.pattern}]"
    return regex.compile(rf"(?V1){letter}+(?:_+{letter}+)*|\S")


_Token = tuple[str, int, int]


def _tokens(text: str) -> list[_Token]:
    """The words and signs of a text, whatever their case, each with its place."""
    if text.isascii():
        return [(match.group(), match.start(), match.end()) for match in _ASCII.finditer(text.lower())]
    found = _of_all_scripts().finditer(text)
    return [(nfc(match.group()).casefold(), match.start(), match.end()) for match in found]


class Found(NamedTuple):
    """A place of a note where a name stands."""

    name: int
    path: str
    line: int
    column: int
    sentence: str


@dataclass(frozen=True)
class Matcher:
    """Names to be looked for."""

    names: tuple[str, ...]

    @cached_property
    def _tree(self) -> _Tree:
        root: _Tree = {}
        for number, name in enumerate(self.names):
            at = root
            for word, _, _ in _tokens(name):
                at = at.setdefault(word, {})  # type: ignore[assignment]
            at.setdefault(_END, []).append(number)  # type: ignore[attr-defined]
        return root

    def find(self, note: Note) -> list[Found]:
        """The names that stand in a note's text: a method that is sent to other processes."""
        return [one for text in _texts(note) for one in self._in(text)]

    def _in(self, text: "_Text") -> Iterator[Found]:
        tokens = _tokens(text.masked)
        at = 0
        while at < len(tokens):
            end, numbers = self._longest(text, tokens, at) if tokens[at][0] in self._tree else (at, [])
            is_all = text.is_heading and end - at == len(tokens)
            for number in () if is_all else numbers:
                yield text.found(number, tokens[at][1])
            at = max(end, at + 1)

    def _longest(self, text: "_Text", tokens: list[_Token], at: int) -> tuple[int, list[int]]:
        """The longest name that begins at a token: where it ends, and which names are so."""
        tree: _Tree = self._tree
        best: tuple[int, list[int]] = (at, [])
        for end in range(at, len(tokens)):
            if tokens[end][0] not in tree:
                break
            tree = tree[tokens[end][0]]  # type: ignore[assignment]
            if _END in tree:
                written = text.masked[tokens[at][1] : tokens[end][2]]
                fitting = [number for number in tree[_END] if self._fits(number, written)]  # type: ignore[attr-defined]
                best = (end + 1, fitting) if fitting else best
        return best

    def _fits(self, number: int, written: str) -> bool:
        name = self.names[number]
        return len(name) > _ACRONYM or not name.isupper() or written == name


# ---- what is text ----------------------------------------------------------------------------------------------------


class _Text(NamedTuple):
    """A run of lines, and the same with all that is no text masked."""

    note: Note
    lines: tuple[Line, ...]
    starts: tuple[int, ...]
    """Where each line begins in what follows."""
    written: str
    masked: str
    is_heading: bool

    def found(self, name: int, at: int) -> Found:
        """A name that stands at an index, with its place in the file."""
        number = bisect_right(self.starts, at) - 1
        before = self.written[self.starts[number] : at]
        offset = self.lines[number].span.start + len(before.encode("utf-8"))
        line, column = self.note.source.position(offset)
        return Found(name, self.note.path, line, column, _sentence(self.written, at))


def _texts(note: Note) -> Iterator[_Text]:
    for section in note.root.walk():
        if section.title:
            yield _text(note, (section.title,), is_heading=True)
        for top in section.blocks:
            for block in top.walk() if top.children else (top,):
                yield from (_text(note, lines) for lines in _runs(block))


def _runs(block: Block) -> Iterable[tuple[Line, ...]]:
    """The lines of a block that are one text; the cells of a table are each their own."""
    if block.kind in CODE or not block.lines:
        return ()
    return [(line,) for line in block.lines] if block.kind == "table" else [block.lines]


def _text(note: Note, lines: tuple[Line, ...], *, is_heading: bool = False) -> _Text:
    written = [note.source.slice(*line.span) for line in lines]
    masked = [_masked(line, raw) for line, raw in zip(lines, written, strict=True)]
    starts, at = [], 0
    for raw in written:
        starts.append(at)
        at += len(raw) + 1
    return _Text(note, lines, tuple(starts), "\n".join(written), "\n".join(masked), is_heading)


def _masked(line: Line, raw: str) -> str:
    """A line with all that is no text masked, as long as it was."""
    spans = [*line.opaque, *(link.span for link in line.links), *(tag.span for tag in line.tags)]
    spans += [_of_field(field) for field in line.fields]
    if not spans and "%%" not in raw and "^" not in raw:
        return raw
    data = raw.encode("utf-8")
    masked = raw
    for span in spans:
        start, end = max(span.start - line.span.start, 0), min(span.end, line.span.end) - line.span.start
        masked = _cut(masked, *(len(data[:at].decode("utf-8", "replace")) for at in (start, end)))
    for start, end in [*inline.comments(masked), *(match.span() for match in _BLOCK_ID.finditer(masked))]:
        masked = _cut(masked, start, end)
    return masked


def _of_field(field: Field) -> Span:
    """What of a field is no text: its key, where it is a line that says something else than what its note is called."""
    named = field.form == "line" and field.key.lower() not in _OWN_NAMES
    return Span(field.span.start, field.text_span.start) if named else field.span


def _cut(text: str, start: int, end: int) -> str:
    return f"{text[:start]}{_MASK}{' ' * (end - start - 1)}{text[end:]}" if end > start else text


def _sentence(text: str, at: int) -> str:
    """The sentence around an index, or of a long one what stands around it."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    number = bisect_right(ends, at)
    start, end = (ends[number - 1] if number else 0), (ends[number] if number < len(ends) else len(text))
    first = start if end - start <= _SHOWN else max(start, at - _SHOWN // 3)
    last = min(end, first + _SHOWN)
    shown = " ".join(text[first:last].split())
    return f"{'…' if first > start else ''}{shown}{'…' if last < end else ''}"


# ---- in a vault ------------------------------------------------------------------------------------------------------


class Mention(NamedTuple):
    """A thing whose name stands in a note that does not link to it."""

    thing: int
    place: Found


class Unlinked(NamedTuple):
    """Mentions, those of names of several words first; and plain words, with how many notes have each."""

    mentions: tuple[Mention, ...]
    common: Mapping[str, int]


def unlinked(
    config: Config, store: Store, network: Network, thing: int | None = None, progress: Progress | None = None
) -> Unlinked:
    """The unlinked mentions of a network's things, or of one; a note that links to a thing elsewhere does link to it.

    A plain word is looked for only where its thing is asked for.
    """
    known = Known.of(config, store)
    names = _names(store, network, {node for some in known.entities.values() for node in some})
    matcher = Matcher(tuple(names))
    found = [one for some in known.each(matcher.find, progress) for one in some]
    plain = _plain(matcher.names, found, len(known.entities))
    own = {path: known.about(path) for path in {one.path for one in found}}
    ties = _ties(store, network)
    rows = [
        Mention(number, one)
        for one in found
        for number in names[matcher.names[one.name]]
        if (number == thing if thing is not None else one.name not in plain)
        and not any((node.value, number) in ties for node in own[one.path])
    ]
    lengths = [len(_tokens(name)) for name in matcher.names]
    rows.sort(key=lambda row: (-lengths[row.place.name], network.labels[row.thing], row.thing, row.place[1:]))
    return Unlinked(tuple(rows), {matcher.names[number]: times for number, times in plain.items()})


def _names(store: Store, network: Network, described: set[ox.NamedNode]) -> dict[str, list[int]]:
    """The things of each name that is looked for."""
    found: dict[str, list[int]] = {}
    for number, node in enumerate(network.nodes):
        if node in described or number in network.missing:
            labels = {getattr(q.object, "value", "") for name in _NAMES for q in store.find(node, name, None, _DEFAULT)}
            for label in sorted(filter(_is_name, labels)):
                found.setdefault(label, []).append(number)
    return dict(sorted(found.items()))


def _is_name(label: str) -> bool:
    """Whether a label is worth looking for: no number, and long enough."""
    letters = [ch for ch in nfc(label) if category(ch)[0] in "LNM"]
    alone = sum(bool(ALONE.match(ch)) for ch in letters)
    return not label.strip().isdecimal() and (len(letters) >= LEAST or alone >= LEAST - 1)


def _plain(names: tuple[str, ...], found: Iterable[Found], notes: int) -> dict[int, int]:
    """The names that are taken for plain words, with how many notes have them."""
    having: dict[int, set[str]] = defaultdict(set)
    for one in found:
        having[one.name].add(one.path)
    most = max(COMMON * notes, FEW)
    return {n: len(having[n]) for n in sorted(having) if len(having[n]) > most and len(_tokens(names[n])) == 1}


def _ties(store: Store, network: Network) -> set[tuple[str, int]]:
    """What the note of each thing links to, though the network may not have all links, and what lies in it."""
    owners = whole(network)
    inside = {(owner, number) for number, owner in enumerate(owners)}
    tied = {(owners[source], target) for source, target in network.pairs}
    linking = ((q.subject, n) for n, node in enumerate(network.nodes) for q in store.find(None, LINKS, node, _DEFAULT))
    return inside | tied | {(subject.value, n) for subject, n in linking if isinstance(subject, ox.NamedNode)}
