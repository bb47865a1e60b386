"""Unlinked mentions: places where the text of a note has the name of a thing but does not link to it.

Names are the titles and aliases of the things of notes and of missing notes. A text is split into words and signs, and
names are looked up in a tree of these. So a single pass over the notes finds all names, whatever their number, and a
name begins and ends at word boundaries in any script. The longest name wins. The search skips code, math, HTML,
comments, links, tags, fields in brackets, front matter, and all of the thing's own note.
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

from kg.analysis.network import Network, owner_iris
from kg.config import Config
from kg.core.text import Span, nfc
from kg.fulltext.folding import ALONE
from kg.fulltext.words import KnownNotes
from kg.notes import inline
from kg.notes.model import NOT_PROSE, Block, Field, Line, Note
from kg.notes.vault import Progress
from kg.rdf.vocabulary import LABELS, LINKS_TO
from kg.store.store import Store

if TYPE_CHECKING:
    import regex


LEAST = 3
"""Names with fewer letters are not searched for; if each character is a word, two suffice."""
COMMON = 0.1
"""A name of a single word in a larger share of the notes is a plain word, and left out unless it is requested."""
FEW = 4
_ACRONYM = 4
"""A name of up to this many capitals matches only its exact spelling: `WHO` is not who."""
_SHOWN = 160
_ASCII = re.compile(r"[a-z0-9]+(?:_+[a-z0-9]+)*|[^\sa-z0-9]")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"”»)*_]*\s+|(?<=[。！？])|\n(?=\s*(?:[-*+]|\d+[.)])\s)")
_BLOCK_ID = re.compile(r"(?:^|\s)\^[A-Za-z0-9-]+\s*$")
_MASK = "\0"
_OWN_NAMES = {"title", "alias", "aliases"}
_END = ""
"""In a tree of words: the key of the names that end at this node."""
_Tree = dict[str, object]


@cache
def _of_all_scripts() -> "regex.Pattern[str]":
    import regex

    letter = rf"[[\p{{L}}\p{{N}}\p{{M}}]--{ALONE.pattern}]"
    return regex.compile(rf"(?V1){letter}+(?:_+{letter}+)*|\S")


_Token = tuple[str, int, int]


def _tokens(text: str) -> list[_Token]:
    """The words and signs of a text, case-folded, each with its start and end."""
    if text.isascii():
        return [(match.group(), match.start(), match.end()) for match in _ASCII.finditer(text.lower())]
    matches = _of_all_scripts().finditer(text)
    return [(nfc(match.group()).casefold(), match.start(), match.end()) for match in matches]


class NameMatch(NamedTuple):
    """A place in a note where a name occurs."""

    name: int
    path: str
    line: int
    column: int
    sentence: str


@dataclass(frozen=True)
class Matcher:
    """Finds names in the text of notes."""

    names: tuple[str, ...]

    @cached_property
    def _tree(self) -> _Tree:
        root: _Tree = {}
        for number, name in enumerate(self.names):
            node = root
            for word, _, _ in _tokens(name):
                node = node.setdefault(word, {})  # type: ignore[assignment]
            node.setdefault(_END, []).append(number)  # type: ignore[attr-defined]
        return root

    def find(self, note: Note) -> list[NameMatch]:
        """Return the names in a note's text. A method, so that it can be sent to other processes."""
        return [match for text in _texts(note) for match in self._in(text)]

    def _in(self, text: "_MaskedText") -> Iterator[NameMatch]:
        tokens = _tokens(text.masked)
        at = 0
        while at < len(tokens):
            end, numbers = self._longest(text, tokens, at) if tokens[at][0] in self._tree else (at, [])
            is_all = text.is_heading and end - at == len(tokens)
            for number in () if is_all else numbers:
                yield text.match(number, tokens[at][1])
            at = max(end, at + 1)

    def _longest(self, text: "_MaskedText", tokens: list[_Token], at: int) -> tuple[int, list[int]]:
        """The longest name that begins at a token: where it ends, and the numbers of the names that match."""
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


# ---- searchable text -------------------------------------------------------------------------------------------------


class _MaskedText(NamedTuple):
    """A run of lines, and a copy in which everything but text is masked."""

    note: Note
    lines: tuple[Line, ...]
    starts: tuple[int, ...]
    """Where each line begins in `written` and `masked`."""
    written: str
    masked: str
    is_heading: bool

    def match(self, name: int, at: int) -> NameMatch:
        """The match of a name at an index, with its place in the file."""
        index = bisect_right(self.starts, at) - 1
        before = self.written[self.starts[index] : at]
        offset = self.lines[index].span.start + len(before.encode("utf-8"))
        line, column = self.note.source.position(offset)
        return NameMatch(name, self.note.path, line, column, _sentence(self.written, at))


def _texts(note: Note) -> Iterator[_MaskedText]:
    for section in note.root.walk():
        if section.title:
            yield _text(note, (section.title,), is_heading=True)
        for top in section.blocks:
            for block in top.walk() if top.children else (top,):
                yield from (_text(note, lines) for lines in _runs(block))


def _runs(block: Block) -> Iterable[tuple[Line, ...]]:
    """The lines of a block that form a text; each cell of a table is a separate text."""
    if block.kind in NOT_PROSE or not block.lines:
        return ()
    return [(line,) for line in block.lines] if block.kind == "table" else [block.lines]


def _text(note: Note, lines: tuple[Line, ...], *, is_heading: bool = False) -> _MaskedText:
    written = [note.source.slice(*line.span) for line in lines]
    masked = [_masked(line, raw) for line, raw in zip(lines, written, strict=True)]
    starts, offset = [], 0
    for raw in written:
        starts.append(offset)
        offset += len(raw) + 1
    return _MaskedText(note, lines, tuple(starts), "\n".join(written), "\n".join(masked), is_heading)


def _masked(line: Line, raw: str) -> str:
    """A line of the same length in which everything but text is masked."""
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
    """The masked span of a field: its key, if it is a line field that does not name its note; else the whole field."""
    is_text = field.form == "line" and field.key.lower() not in _OWN_NAMES
    return Span(field.span.start, field.text_span.start) if is_text else field.span


def _cut(text: str, start: int, end: int) -> str:
    return f"{text[:start]}{_MASK}{' ' * (end - start - 1)}{text[end:]}" if end > start else text


def _sentence(text: str, at: int) -> str:
    """The sentence around an index, or an excerpt of it if it is long."""
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    number = bisect_right(ends, at)
    start, end = (ends[number - 1] if number else 0), (ends[number] if number < len(ends) else len(text))
    first = start if end - start <= _SHOWN else max(start, at - _SHOWN // 3)
    last = min(end, first + _SHOWN)
    excerpt = " ".join(text[first:last].split())
    return f"{'…' if first > start else ''}{excerpt}{'…' if last < end else ''}"


# ---- in a vault ------------------------------------------------------------------------------------------------------


class Mention(NamedTuple):
    """A thing, and a place of its name in a note that does not link to it."""

    thing: int
    place: NameMatch


class Unlinked(NamedTuple):
    """Mentions, names of the most words first; and plain words, with the number of notes that have each."""

    mentions: tuple[Mention, ...]
    common: Mapping[str, int]


def unlinked(
    config: Config, store: Store, network: Network, thing: int | None = None, progress: Progress | None = None
) -> Unlinked:
    """Return the unlinked mentions of a network's nodes, or of `thing`.

    A mention is not unlinked if its note links to the thing elsewhere. A plain word is reported only if its thing is
    requested.
    """
    notes = KnownNotes.of(config, store)
    names = _names(store, network, {node for group in notes.entities.values() for node in group})
    matcher = Matcher(tuple(names))
    matches = [match for group in notes.each(matcher.find, progress) for match in group]
    plain = _plain(matcher.names, matches, len(notes.entities))
    described = {path: notes.about(path) for path in {match.path for match in matches}}
    ties = _ties(store, network)
    rows = [
        Mention(number, match)
        for match in matches
        for number in names[matcher.names[match.name]]
        if (number == thing if thing is not None else match.name not in plain)
        and not any((node.value, number) in ties for node in described[match.path])
    ]
    lengths = [len(_tokens(name)) for name in matcher.names]
    rows.sort(key=lambda row: (-lengths[row.place.name], network.labels[row.thing], row.thing, row.place[1:]))
    return Unlinked(tuple(rows), {matcher.names[number]: times for number, times in plain.items()})


def _names(store: Store, network: Network, described: set[ox.NamedNode]) -> dict[str, list[int]]:
    """The nodes of each name to search for."""
    names: dict[str, list[int]] = {}
    for number, node in enumerate(network.nodes):
        if node in described or number in network.missing:
            labels = {getattr(q.object, "value", "") for name in LABELS for q in store.triples(node, name, None)}
            for label in sorted(filter(_is_name, labels)):
                names.setdefault(label, []).append(number)
    return dict(sorted(names.items()))


def _is_name(label: str) -> bool:
    """Whether a label is worth searching for: not a number, and long enough."""
    letters = [ch for ch in nfc(label) if category(ch)[0] in "LNM"]
    alone = sum(bool(ALONE.match(ch)) for ch in letters)
    return not label.strip().isdecimal() and (len(letters) >= LEAST or alone >= LEAST - 1)


def _plain(names: tuple[str, ...], matches: Iterable[NameMatch], notes: int) -> dict[int, int]:
    """The names that count as plain words, with the number of notes that have them."""
    paths: dict[int, set[str]] = defaultdict(set)
    for match in matches:
        paths[match.name].add(match.path)
    limit = max(COMMON * notes, FEW)
    return {n: len(paths[n]) for n in sorted(paths) if len(paths[n]) > limit and len(_tokens(names[n])) == 1}


def _ties(store: Store, network: Network) -> set[tuple[str, int]]:
    """Pairs of a note's thing and a node that it links to or contains; links that the network lacks count, too."""
    owners = owner_iris(network)
    inside = {(owner, number) for number, owner in enumerate(owners)}
    tied = {(owners[source], target) for source, target in network.pairs}
    linking = ((q.subject, n) for n, node in enumerate(network.nodes) for q in store.triples(None, LINKS_TO, node))
    return inside | tied | {(subject.value, n) for subject, n in linking if isinstance(subject, ox.NamedNode)}
