"""Search: what somebody types, and the places in the notes that it finds, the likeliest first.

    learning cycle          both words, anywhere in a note: in its title, aliases, tags or text
    "learning cycle"        these words in this order, exactly
    learn*   cycl           what begins so; a word of four letters and more finds what begins with it, too
    -waste   waste OR lead  without; one or the other; brackets hold together
    tag:#lean  path:folder  file:name    only notes that have the tag, or the words in their path or file name

That a word finds what begins with it stands in for a stemmer, whose language would have to be known: it finds plurals
and the compounds of German, and what is exactly the word ranks before. Case and accents do not count.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.config import Config, load
from kg.errors import KgError, StoreError
from kg.fulltext import BEGIN, END, SECTIONS, Damaged, FullText, indexable, opened, readable
from kg.source import digest
from kg.store import Store
from kg.terms import Names, letters_and_digits, nfc

if TYPE_CHECKING:
    from kg.vault import Progress

LIMIT, EACH = 20, 3
"""So many places are shown, and so many of one note."""
WEIGHTS = (10.0, 6.0, 3.0, 4.0, 1.0)
"""What a word counts in the title, an alias, a tag, a heading and the text."""
_LONG = 4
_DEEPEST = 50
_MOST_WORDS = 100
_CHECKED = 200
_FEW = 1_000
"""Of fewer notes than this SQLite is asked; of more, sorting out what it gives takes less."""
_QUOTES = str.maketrans("“”„«»", '"""""')
_TOKEN = re.compile(
    r"""(?P<without>-)?(?:(?P<open>\()|(?:(?P<key>tag|path|file):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s()"]+)))"""
    r"|(?P<close>\))",
    re.I,
)
_LINE_END = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r"^---[ 	]*$", re.M)
_MARK = re.compile(f"[{BEGIN}{END}]")


# ---- what is typed -----------------------------------------------------------------------------------------------


class Phrase(NamedTuple):
    """Words in their order; exactly these, or what begins so."""

    text: str
    exact: bool

    @property
    def finds(self) -> str:
        """It in FTS5's query syntax."""
        quoted = '"{}"'.format(indexable(nfc(self.text)).replace('"', '""'))
        return quoted if self.exact else f"{quoted} *"

    @property
    def ranks(self) -> str:
        """The same, where what is exactly so counts once more."""
        return self.finds if self.exact else f"({self.finds} OR {self.finds[:-2]})"


class Filter(NamedTuple):
    """Notes with a tag, or with words in their path or file name."""

    key: str
    text: str


class Group(NamedTuple):
    """All of some conditions, or any."""

    every: bool
    parts: tuple["Condition", ...]


class Without(NamedTuple):
    """Notes that do not meet a condition."""

    part: "Condition"


Condition = Phrase | Filter | Group | Without


@dataclass(frozen=True)
class Query:
    """What was typed, understood; whatever it is, it means something."""

    condition: Condition
    left_out: tuple[str, ...]
    """Words without a letter or digit, for which nothing can be found."""

    @classmethod
    def parse(cls, text: str) -> "Query":
        """Read what was typed. Raises KgError where nothing of it can be searched for."""
        parser = _Parser(text)
        condition = parser.any_of(0)
        if not condition.parts:
            raise KgError(f"nothing to search for in “{text.strip()}”: give a word with letters or digits")
        return cls(condition, tuple(parser.left_out))

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """What is to be found, less what is to be absent."""
        return tuple(dict.fromkeys(_phrases(self.condition)))


def _phrases(condition: Condition) -> Iterator[Phrase]:
    match condition:
        case Phrase():
            yield condition
        case Group():
            for part in condition.parts:
                yield from _phrases(part)


class _Parser:
    """Reads a query word by word; a bracket that is not closed is closed at the end."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_TOKEN.finditer(text.translate(_QUOTES)))[:_MOST_WORDS]
        self.at = 0
        self.left_out: list[str] = []

    def any_of(self, depth: int) -> Group:
        """Conditions with OR between them, up to the bracket that closes them."""
        groups: list[Group] = []
        parts: list[Condition] = []
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token["close"]:
                if depth:
                    break
            elif token["word"] == "OR" and not token["key"]:
                groups.append(Group(True, tuple(parts)))
                parts = []
            elif condition := self._one(token, depth):
                parts.append(Without(condition) if token["without"] else condition)
        groups.append(Group(True, tuple(parts)))
        return Group(False, tuple(group for group in groups if group.parts))

    def _one(self, token: re.Match[str], depth: int) -> Condition | None:
        if token["open"]:
            group = self.any_of(depth + 1) if depth < _DEEPEST else None
            return group if group and group.parts else None
        text = token["phrase"] if token["phrase"] is not None else token["word"]
        if token["key"]:
            return Filter(token["key"].lower(), text) if text else None
        if token["word"] == "AND":
            return None
        if not _has_words(text):
            self.left_out += [token[0]] if text else []
            return None
        begins = token["phrase"] is None and (text.endswith("*") or len(text) >= _LONG)
        return Phrase(text.rstrip("*"), not begins)


def _has_words(text: str) -> bool:
    """Whether there is anything in a text that the index knows: a letter, a digit, an emoji."""
    return any(ch.isalnum() for ch in text) or indexable(text) != text


# ---- what is found -----------------------------------------------------------------------------------------------


class Hit(NamedTuple):
    """A place that was found; `text` is its line, and `marks` are the words in it, from where to where."""

    path: str
    line: int
    column: int
    title: str
    heading: tuple[str, ...]
    thing: str
    """The IRI of the section, or of the note's entity for what stands before any heading."""
    score: float
    text: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Found:
    """The answer to a search."""

    hits: tuple[Hit, ...]
    notes: int
    """How many notes were found, and places in them: all, not only the hits."""
    places: int
    left_out: tuple[str, ...] = ()
    near: tuple[tuple[str, str], ...] = ()
    """Where nothing was found: words that are in no note, each with one like it that is; empty where there is none."""
    stale: tuple[str, ...] = ()
    """Notes whose files hold another text now than was ingested."""


def search(
    store: Store | str | Path, text: str, *, config: Config | None = None, limit: int = LIMIT, each: int = EACH,
    progress: "Progress | None" = None,
) -> Found:  # fmt: skip
    """Search the notes of a store for words: at most so many places, of each note at most so many.

    `config` are the settings of the vault, where they are known. Raises KgError, StoreError.
    """
    query = Query.parse(text)
    store = store if isinstance(store, Store) else Store(store)
    config = config or vault_of(store)
    try:
        return Searcher(index_of(store, config, progress), config).found(query, limit, each)
    except Damaged:
        anew = Searcher(index_of(store, config, progress, anew=True), config)
    try:
        return anew.found(query, limit, each)
    except Damaged as error:
        raise StoreError(f"the search index is damaged, and so is one made anew: {error}") from error


def index_of(store: Store, config: Config, progress: "Progress | None" = None, *, anew: bool = False) -> FullText:
    """The index of a store, up to date. Raises StoreError."""
    found = None if anew else opened(store, config)
    if found is None:
        from kg.indexing import updated

        found = updated(store, config, progress, anew=anew)
    return found


def vault_of(store: Store) -> Config:
    """The settings of the vault that a store was made of, as they are now. Raises ConfigError."""
    return replace(load(Path(str(store.manifest.summary.get("vault", "")))), store=store.path)


class Row(NamedTuple):
    """A section that was found, by its number in the index."""

    number: int
    score: float

    @property
    def note(self) -> int:
        """The number of its note."""
        return self.number >> SECTIONS

    @property
    def is_first(self) -> bool:
        """Whether it is the first of its note, with the title."""
        return self.number & ((1 << SECTIONS) - 1) == 0


@dataclass(frozen=True)
class Searcher:
    """Searches an index that is up to date."""

    index: FullText
    config: Config

    def found(self, query: Query, limit: int, each: int) -> Found:
        """The answer, of one state of the index. Raises Damaged, StoreError."""
        with self.index.snapshot():
            return self._found(query, limit, each)

    def _found(self, query: Query, limit: int, each: int) -> Found:
        ranked = self.ranked(query)
        chosen = [row for rows in ranked.values() for row in rows[:each]][:limit]
        hits = tuple(self.hits(chosen, query))
        places = sum(map(len, ranked.values()))
        stale = tuple(sorted({*self.index.stale, *self._changed(chosen)}))
        return Found(hits, len(ranked), places, query.left_out, () if ranked else self._near(query), stale)

    # ---- which notes, and in which order --------------------------------------------------------------------------

    def ranked(self, query: Query) -> dict[int, list[Row]]:
        """The rows of each note that was found: notes and rows by their scores."""
        notes = None if _is_plain(query.condition) else self.notes(query.condition)
        rows = self._scored(query, notes) if query.phrases else self._unscored(notes or set())
        found: dict[int, list[Row]] = {}
        for row in rows:
            found.setdefault(row.note, []).append(row)
        if not query.phrases:
            return found
        for some in found.values():
            some.sort(key=lambda row: (-row.score, row.number))
        paths: Any = dict(self.index.rows("SELECT id, path FROM note"))  # type: ignore[arg-type]
        return dict(sorted(found.items(), key=lambda one: (-note_score(one[1]), paths[one[0]])))

    def _scored(self, query: Query, notes: set[int] | None) -> Iterator[Row]:
        """The rows with any of the phrases, of all notes or of some."""
        match = " OR ".join(phrase.ranks for phrase in query.phrases)
        few = notes is not None and len(notes) < _FEW
        rows: Any = self.index.rows(
            "SELECT rowid, bm25(words, ?, ?, ?, ?, ?) FROM words WHERE words MATCH ? "
            "AND (? OR rowid >> ? IN (SELECT value FROM json_each(?)))",
            *(*WEIGHTS, match, not few, SECTIONS, json.dumps(sorted(notes or ())) if few else "[]"),
        )
        return (Row(number, -score) for number, score in rows if notes is None or number >> SECTIONS in notes)

    def _unscored(self, notes: set[int]) -> Iterator[Row]:
        """The beginnings of notes, by their paths."""
        rows: Any = self.index.rows(
            "SELECT id FROM note WHERE id IN (SELECT value FROM json_each(?)) ORDER BY path",
            json.dumps(sorted(notes)),
        )
        return (Row(note << SECTIONS, 0.0) for (note,) in rows)

    def notes(self, condition: Condition) -> set[int]:
        """The notes that meet a condition, by their numbers in the index."""
        match condition:
            case Phrase():
                found = "SELECT DISTINCT rowid >> ? FROM words WHERE words MATCH ?"
                return self._ids(found, SECTIONS, condition.finds)
            case Filter(key, text):
                return self._tagged(text) if key == "tag" else self._lying(key, text)
            case Without(part):
                return self._ids("SELECT id FROM note") - self.notes(part)
            case Group(every, parts):
                sets = [self.notes(part) for part in parts]
                return set.intersection(*sets) if every else set.union(*sets)

    def _ids(self, query: str, *values: object) -> set[int]:
        rows: Any = self.index.rows(query, *values)
        return {number for (number,) in rows}

    def _tagged(self, text: str) -> set[int]:
        """Notes with a tag, or with one nested in it."""
        name = nfc(text).lower().strip("#/").encode("utf-8", "replace").decode()  # bytes that are no text are in no tag
        return self._ids("SELECT note FROM tag WHERE name = ?1 OR substr(name, 1, length(?1) + 1) = ?1 || '/'", name)

    def _lying(self, key: str, text: str) -> set[int]:
        """Notes with a text in their path, or file name."""
        wanted = nfc(text).casefold()
        rows: Any = self.index.rows("SELECT id, path FROM note")
        named = ((number, path.rpartition("/")[2] if key == "file" else path) for number, path in rows)
        return {number for number, name in named if wanted in name.casefold()}

    def things(self, query: Query) -> dict[str, Row]:
        """What is found, by its IRI: documents and entities with the scores of their notes, sections with their own."""
        ranked = self.ranked(query)
        rows = {row.number: row for some in ranked.values() for row in some}
        places: Any = self.index.rows(
            "SELECT section.id, note.path, note.front_id, section.parts FROM section "
            "JOIN note ON note.id = section.id >> ? WHERE section.id IN (SELECT value FROM json_each(?))",
            SECTIONS,
            json.dumps(sorted(rows)),
        )
        names, found = Names(self.config.base), dict[str, Row]()
        entities: dict[int, str] = {}
        fragments: dict[str, str] = {}  # headings recur from note to note
        for number, path, front_id, parts in places:
            row = rows[number]
            entity = entities.get(row.note)
            if entity is None:
                entity = entities[row.note] = names.entity(path, front_id)
                best = ranked[row.note][0]._replace(score=note_score(ranked[row.note]))
                found |= {names.path(path): best, entity: best}
            if parts not in fragments:
                fragments[parts] = names.fragment(json.loads(parts))
            if fragments[parts]:
                found[names.inside(entity, fragments[parts])] = row
        return found

    # ---- where ----------------------------------------------------------------------------------------------------

    def hits(self, rows: Sequence[Row], query: Query) -> Iterator[Hit]:
        """The places of rows."""
        marked = self._marked(rows, query)
        return (self._hit(row, *marked[row.number]) for row in rows)

    def _hit(self, row: Row, name: str, heading: str, text: str) -> Hit:
        """The line of a row that has most of the words, and the first of them in it; its texts are marked."""
        title, path, front_id, parts, first, start, raw = self._section(row.number)
        thing = self.thing(path, front_id, parts)
        plain, spans = unmarked(heading + text)
        at, until = _best_line(plain, spans, _front_matter(plain) if row.is_first else 0)
        number = len(_LINE_END.findall(plain[:at]))
        marks = tuple((max(a, at) - at, min(b, until) - at) for a, b in spans if a < until and b > at)
        if not spans and row.is_first:  # it was found by its title
            plain, marks = unmarked(name)
            if marks:
                return Hit(path, 1, 1, title, (), thing, row.score, plain, marks)
            at, until = 0, len(plain)
        line, column = first + number, (marks[0][0] if marks else 0) + 1
        if raw is not None and marks:
            column = _column(_LINE_END.split(raw)[number], marks[0][0])
        if path.lower().endswith(".canvas"):
            line, column = self._in_canvas(path, start + len(plain[: at + column - 1].encode()), line)
        return Hit(path, line, column, title, parts, thing, row.score, plain[at:until], marks)

    def _section(self, number: int) -> tuple[str, str, str | None, tuple[str, ...], int, int, str | None]:
        rows: Any = self.index.rows(
            "SELECT note.title, note.path, note.front_id, section.parts, section.line, section.start, section.raw "
            "FROM section JOIN note ON note.id = section.id >> ? WHERE section.id = ?",
            *(SECTIONS, number),
        )
        title, path, front_id, parts, line, start, raw = rows[0]
        return readable(title), path, front_id, tuple(json.loads(parts)), line, start, raw

    def _marked(self, rows: Sequence[Row], query: Query) -> dict[int, tuple[str, str, str]]:
        """Titles, headings and texts of rows with their words marked.

        What begins with a word is looked up anew for every row that is asked for by its number: several are asked for
        by none, and come out of all that match.
        """
        numbers = json.dumps([row.number for row in rows])
        if not query.phrases:
            what = "SELECT rowid, title, heading, text FROM words WHERE rowid IN (SELECT value FROM json_each(?))"
            found: Any = self.index.rows(what, numbers)
        else:
            marks, match = (BEGIN, END) * 3, " OR ".join(phrase.ranks for phrase in query.phrases)
            what = "SELECT rowid, highlight(words, 0, ?, ?), highlight(words, 3, ?, ?), highlight(words, 4, ?, ?) "
            which = "rowid = ?" if len(rows) == 1 else "+rowid IN (SELECT value FROM json_each(?))"
            given = rows[0].number if len(rows) == 1 else numbers
            found = self.index.rows(f"{what} FROM words WHERE words MATCH ? AND {which}", *marks, match, given)
        return {number: (readable(title), readable(heading), readable(text)) for number, title, heading, text in found}

    def thing(self, path: str, front_id: str | None, parts: tuple[str, ...]) -> str:
        """The IRI of a section, or of the note's entity."""
        names = Names(self.config.base)
        entity = names.entity(path, front_id)
        return names.section(entity, parts) if parts else entity

    def _in_canvas(self, path: str, offset: int, line: int) -> tuple[int, int]:
        """Line and column in a canvas's file."""
        from kg.vault import read_note

        note, _ = read_note(path, self.config.vault / path, self.config.max_bytes)
        known = self.index.rows("SELECT digest FROM note WHERE path = ?", path)
        if note is None or (note.digest,) not in known:
            return line, 1
        return note.source.position(offset)

    def _changed(self, rows: Iterable[Row]) -> Iterator[str]:
        """Of the notes that are shown, those whose files hold another text now."""
        for number in list(dict.fromkeys(row.note for row in rows))[:_CHECKED]:
            ((path, known),) = self.index.rows("SELECT path, digest FROM note WHERE id = ?", number)
            assert isinstance(path, str)
            now = digest(self.config.vault / path, self.config.max_bytes)
            if now != known and (now or path.isascii()):  # the disk may write another name in another Unicode form
                yield path

    # ---- what else might have been meant --------------------------------------------------------------------------

    def _near(self, query: Query) -> tuple[tuple[str, str], ...]:
        """The words that are in no note, each with the one most like it."""
        absent = [phrase.text for phrase in query.phrases if not self.notes(phrase)]
        return tuple((text, self._nearest(text)) for text in absent)

    def _nearest(self, text: str) -> str:
        from rapidfuzz import fuzz, process

        key = letters_and_digits(text)
        self.index.rows("CREATE VIRTUAL TABLE IF NOT EXISTS temp.known USING fts5vocab(main, words, row)")
        terms: Any = self.index.rows(
            "SELECT term FROM temp.known WHERE length(term) BETWEEN ? AND ?", len(key) - 2, len(key) + 2
        )
        near = process.extractOne(key, [term for (term,) in terms], scorer=fuzz.ratio, score_cutoff=70)
        return readable(near[0]) if near else ""


def _is_plain(condition: Condition) -> bool:
    """Whether a condition is met by every note that has any of its phrases."""
    match condition:
        case Phrase():
            return True
        case Group(every, parts):
            return (len(parts) == 1 or not every) and all(map(_is_plain, parts))
    return False


def note_score(rows: list[Row]) -> float:
    """The score of a note: that of its best row, and what its title, aliases and tags add where that is another."""
    return rows[0].score + sum(row.score for row in rows[1:] if row.is_first)


def unmarked(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text without its marks, and from where to where they went."""
    found, spans = [], []
    at = length = begun = 0
    for mark in _MARK.finditer(text):
        found.append(text[at : mark.start()])
        length += mark.start() - at
        at = mark.end()
        if mark.group() == BEGIN:
            begun = length
        else:
            spans.append((begun, length))
    return "".join([*found, text[at:]]), tuple(spans)


def excerpt(text: str, marks: tuple[tuple[int, int], ...], size: int) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Of a long line what stands around its first mark, at most so many characters, with the marks in it."""
    first = marks[0][0] if marks else 0
    start = 0 if first < size * 2 // 3 or len(text) <= size else first - size // 3
    start += len(text[start:]) - len(text[start:].lstrip())
    end = len(text.rstrip()) if len(text.rstrip()) - start <= size else start + size - 1
    before, after = "…" if text[:start].strip() else "", "…" if text[end:].strip() else ""
    shift = len(before) - start
    kept = tuple((max(a, start) + shift, min(b, end) + shift) for a, b in marks if a < end and b > start)
    return f"{before}{text[start:end]}{after}", kept


def _front_matter(text: str) -> int:
    """Where the front matter of a note ends, with which its text begins."""
    fences = list(islice(_FENCE.finditer(text.replace("\r", "\n")), 2)) if text.startswith("---") else []
    return fences[1].end() if len(fences) == 2 and fences[0].start() == 0 else 0


def _best_line(text: str, spans: tuple[tuple[int, int], ...], body: int) -> tuple[int, int]:
    """From where to where the line goes that has most of the words; of several the first, of the body if it may be."""
    ends = list(_LINE_END.finditer(text))
    starts = [0, *(end.end() for end in ends)]
    words: dict[int, set[str]] = {}
    for begin, end in spans:
        words.setdefault(bisect_right(starts, begin) - 1, set()).add(text[begin:end].casefold())
    number = max(words, key=lambda one: (len(words[one]), starts[one] >= body, -one), default=0)
    return starts[number], ends[number].start() if number < len(ends) else len(text)


def _column(raw: str, characters: int) -> int:
    """The column, from 1, in a line as it is in the file of what stands behind so many characters of form C."""
    known: Mapping[int, int] = {len(nfc(raw[:length])): length for length in range(min(len(raw), 2_000) + 1)}
    return known.get(characters, characters) + 1
