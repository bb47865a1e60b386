"""Search: parse a query and return the matching sections of notes, best match first.

    learning cycle          both words, anywhere in a note: in its title, aliases, tags or text
    "learning cycle"        exactly these words in this order
    learn*   cycl           prefixes; a word of four letters or more also matches longer words that begin with it
    -waste   waste OR lead  not this word; either word; brackets group
    tag:#lean  path:folder  file:name    only notes that have the tag, or the text in their path or file name

Prefix matching replaces a stemmer, which would have to know the language: it finds plurals and German compounds, and
exact matches rank higher. Case, width and accents do not count.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.config import Config
from kg.core.errors import StoreError
from kg.core.files import digest
from kg.core.spelling import nearest
from kg.core.text import letters_and_digits, nfc
from kg.fulltext.database import BEGIN, END, SECTIONS, Damaged, FullText, indexable, is_nfc, open_if_current, readable
from kg.fulltext.excerpt import LINE_END, best_line, column_of, front_matter_length, unmarked
from kg.fulltext.folding import folded, unfolded
from kg.fulltext.search_query import Condition, Filter, Group, Not, Phrase, Query, is_plain
from kg.rdf.iris import Names
from kg.store.project import Project
from kg.store.store import Store

if TYPE_CHECKING:
    from kg.notes.vault import Progress


LIMIT, EACH = 20, 3
"""The default number of hits, and of hits per note."""
WEIGHTS = (10.0, 6.0, 3.0, 4.0, 1.0)
"""The weight of a word in the title, an alias, a tag, a heading and the text."""
_CHECKED = 200
_FEW = 1_000
"""Below this number of notes SQLite filters by note; from it on, filtering SQLite's rows afterwards is faster."""


# ---- results ---------------------------------------------------------------------------------------------------------


class Hit(NamedTuple):
    """A match: `text` is its line, and `marks` are the spans of the query's words in that line."""

    path: str
    line: int
    column: int
    title: str
    heading: tuple[str, ...]
    thing: str
    """The IRI of the section, or of the note's entity for text before any heading."""
    score: float
    text: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SearchResults:
    """The results of a search."""

    hits: tuple[Hit, ...]
    notes: int
    """The number of all matching notes and, in `places`, of all matching sections, beyond the hits too."""
    places: int
    left_out: tuple[str, ...] = ()
    near: tuple[tuple[str, str], ...] = ()
    """If nothing matches: the words that are in no note, each with the most similar indexed word or an empty text."""
    stale: tuple[str, ...] = ()
    """Notes whose files no longer hold the ingested text."""
    looser: str = ""
    """What the hits have, if nothing matches the query as written; empty if something does."""


def search(
    store: Store | str | Path, text: str, *, config: Config | None = None, limit: int = LIMIT, each: int = EACH,
    progress: "Progress | None" = None, looser: bool = False,
) -> SearchResults:  # fmt: skip
    """Search the notes of a store; return at most `limit` hits, and at most `each` of a note.

    With `looser`, if nothing matches, the words of a phrase may be anywhere in a note, and then some of them suffice.
    `config` holds the settings of the vault, if the caller has them. Raises KgError, StoreError.
    """
    query = Query.parse(text)
    store = store if isinstance(store, Store) else Store(store)
    config = config or Project.of(store).config
    try:
        return Searcher(index_of(store, config, progress), config).results(query, limit, each, looser=looser)
    except Damaged:
        rebuilt = Searcher(index_of(store, config, progress, anew=True), config)
    try:
        return rebuilt.results(query, limit, each, looser=looser)
    except Damaged as error:
        raise StoreError(f"the search index is damaged, and so is a new one: {error}") from error


def index_of(store: Store, config: Config, progress: "Progress | None" = None, *, anew: bool = False) -> FullText:
    """Return the up-to-date index of a store. Raises StoreError."""
    index = None if anew else open_if_current(store, config)
    if index is None:
        from kg.fulltext.indexer import updated

        index = updated(store, config, progress, anew=anew)
    return index


class SectionRow(NamedTuple):
    """A matching section, by its number in the index."""

    number: int
    score: float

    @property
    def note(self) -> int:
        """The number of its note."""
        return self.number >> SECTIONS

    @property
    def is_first(self) -> bool:
        """Whether it is the first section of its note, which has the title."""
        return self.number & ((1 << SECTIONS) - 1) == 0


@dataclass(frozen=True)
class Searcher:
    """Searches an index that is up to date."""

    index: FullText
    config: Config

    def results(self, query: Query, limit: int, each: int, *, looser: bool = False) -> SearchResults:
        """Return the results, from one state of the index. Raises Damaged, StoreError."""
        with self.index.snapshot():
            results = self._results(query, limit, each)
            return self._looser(query, results, limit, each) if looser and not results.notes else results

    def _looser(self, query: Query, nothing: SearchResults, limit: int, each: int) -> SearchResults:
        """The results of the first looser query that has any, as long as each word occurs in a note."""
        words, some = query.in_words(), query.with_any_word()
        results = self._results(words, limit, each) if words != query else nothing
        if results.notes:
            return replace(results, looser="the words, but not next to each other")
        if results.near or some == words:
            return replace(nothing, near=results.near)
        results = self._results(some, limit, each)
        return replace(results, looser="some of the words") if results.notes else nothing

    def _results(self, query: Query, limit: int, each: int) -> SearchResults:
        ranked = self.ranked(query)
        chosen = [row for rows in ranked.values() for row in rows[:each]][:limit]
        hits = tuple(self.hits(chosen, query))
        places = sum(map(len, ranked.values()))
        stale = tuple(sorted({*self.index.stale, *self._changed(chosen)}))
        return SearchResults(hits, len(ranked), places, query.left_out, () if ranked else self._near(query), stale)

    # ---- matching and ranking ----------------------------------------------------------------------------------------

    def ranked(self, query: Query) -> dict[int, list[SectionRow]]:
        """Return the rows of each matching note; notes and rows are sorted by score."""
        notes = None if is_plain(query.condition) else self.notes(query.condition)
        rows = self._scored(query, notes) if query.phrases else self._unscored(notes or set())
        by_note: dict[int, list[SectionRow]] = {}
        for row in rows:
            by_note.setdefault(row.note, []).append(row)
        if not query.phrases:
            return by_note
        for sections in by_note.values():
            sections.sort(key=lambda row: (-row.score, row.number))
        paths: Any = dict(self.index.rows("SELECT id, path FROM note"))  # type: ignore[arg-type]
        return dict(sorted(by_note.items(), key=lambda item: (-note_score(item[1]), paths[item[0]])))

    def _scored(self, query: Query, notes: set[int] | None) -> Iterator[SectionRow]:
        """The rows with any of the phrases; all notes if `notes` is None."""
        match = " OR ".join(phrase.ranks for phrase in query.phrases)
        few = notes is not None and len(notes) < _FEW
        rows: Any = self.index.rows(
            "SELECT rowid, bm25(words, ?, ?, ?, ?, ?) FROM words WHERE words MATCH ? "
            "AND (? OR rowid >> ? IN (SELECT value FROM json_each(?)))",
            *(*WEIGHTS, match, not few, SECTIONS, json.dumps(sorted(notes or ())) if few else "[]"),
        )
        return (SectionRow(number, -score) for number, score in rows if notes is None or number >> SECTIONS in notes)

    def _unscored(self, notes: set[int]) -> Iterator[SectionRow]:
        """The first rows of notes, sorted by path."""
        rows: Any = self.index.rows(
            "SELECT id FROM note WHERE id IN (SELECT value FROM json_each(?)) ORDER BY path",
            json.dumps(sorted(notes)),
        )
        return (SectionRow(note << SECTIONS, 0.0) for (note,) in rows)

    def notes(self, condition: Condition) -> set[int]:
        """Return the numbers in the index of the notes that meet a condition."""
        match condition:
            case Phrase():
                sql = "SELECT DISTINCT rowid >> ? FROM words WHERE words MATCH ?"
                return self._ids(sql, SECTIONS, condition.finds)
            case Filter(key, text):
                return self._tagged(text) if key == "tag" else self._lying(key, text)
            case Not(part):
                return self._ids("SELECT id FROM note") - self.notes(part)
            case Group(every, parts):
                sets = [self.notes(part) for part in parts]
                return set.intersection(*sets) if every else set.union(*sets)

    def _ids(self, query: str, *values: object) -> set[int]:
        rows: Any = self.index.rows(query, *values)
        return {number for (number,) in rows}

    def _tagged(self, text: str) -> set[int]:
        """The notes with a tag, or with a tag nested in it."""
        name = nfc(text).lower().strip("#/").encode("utf-8", "replace").decode()  # invalid Unicode is in no tag
        return self._ids("SELECT note FROM tag WHERE name = ?1 OR substr(name, 1, length(?1) + 1) = ?1 || '/'", name)

    def _lying(self, key: str, text: str) -> set[int]:
        """The notes with a text in their path or file name."""
        wanted = folded(text).casefold()
        rows: Any = self.index.rows("SELECT id, path FROM note")
        named = ((number, path.rpartition("/")[2] if key == "file" else path) for number, path in rows)
        return {number for number, name in named if wanted in folded(name).casefold()}

    def things(self, query: Query) -> dict[str, SectionRow]:
        """Map IRIs to matches: documents and entities with the scores of their notes, sections with their own."""
        ranked = self.ranked(query)
        rows = {row.number: row for sections in ranked.values() for row in sections}
        places: Any = self.index.rows(
            "SELECT section.id, note.path, note.front_id, section.parts FROM section "
            "JOIN note ON note.id = section.id >> ? WHERE section.id IN (SELECT value FROM json_each(?))",
            SECTIONS,
            json.dumps(sorted(rows)),
        )
        names, matches = Names(self.config.base), dict[str, SectionRow]()
        entities: dict[int, str] = {}
        fragments: dict[str, str] = {}  # headings recur from note to note
        for number, path, front_id, parts in places:
            row = rows[number]
            entity = entities.get(row.note)
            if entity is None:
                entity = entities[row.note] = names.entity(path, front_id)
                best = ranked[row.note][0]._replace(score=note_score(ranked[row.note]))
                matches |= {names.path(path): best, entity: best}
            if parts not in fragments:
                fragments[parts] = names.fragment(json.loads(parts))
            if fragments[parts]:
                matches[names.inside(entity, fragments[parts])] = row
        return matches

    # ---- hits --------------------------------------------------------------------------------------------------------

    def hits(self, rows: Sequence[SectionRow], query: Query) -> Iterator[Hit]:
        """The hits of rows."""
        marked = self._marked(rows, query)
        return (self._hit(row, *marked[row.number]) for row in rows)

    def _hit(self, row: SectionRow, name: str, heading: str, text: str) -> Hit:
        """The hit of a row: the line with the most words, at the first of them. The texts are marked."""
        title, path, front_id, parts, first, start, raw = self._section(row.number)
        thing = self.thing(path, front_id, parts)
        plain, spans = unmarked(heading + text)
        if raw is not None:
            plain = readable(indexable(nfc(raw)))
            spans = unfolded(spans, plain)
        at, until = best_line(plain, spans, front_matter_length(plain) if row.is_first else 0)
        number = len(LINE_END.findall(plain[:at]))
        marks = tuple((max(a, at) - at, min(b, until) - at) for a, b in spans if a < until and b > at)
        if not spans and row.is_first:  # the title matched
            plain, marks = title, unfolded(unmarked(name)[1], title)
            if marks:
                return Hit(path, 1, 1, title, (), thing, row.score, plain, marks)
            at, until = 0, len(plain)
        line, column = first + number, (marks[0][0] if marks else 0) + 1
        if raw is not None and marks and not is_nfc(raw):
            column = column_of(LINE_END.split(raw)[number], marks[0][0])
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

    def _marked(self, rows: Sequence[SectionRow], query: Query) -> dict[int, tuple[str, str, str]]:
        """Return the title, heading and text of each row, with the matching words marked.

        SQLite looks a prefix up again for every row that it selects by number. So only a single row is selected by
        number; several rows are filtered out of all matches.
        """
        numbers = json.dumps([row.number for row in rows])
        if not query.phrases:
            select = "SELECT rowid, title, heading, text FROM words WHERE rowid IN (SELECT value FROM json_each(?))"
            texts: Any = self.index.rows(select, numbers)
        else:
            marks, match = (BEGIN, END) * 3, " OR ".join(phrase.ranks for phrase in query.phrases)
            select = "SELECT rowid, highlight(words, 0, ?, ?), highlight(words, 3, ?, ?), highlight(words, 4, ?, ?) "
            condition = "rowid = ?" if len(rows) == 1 else "+rowid IN (SELECT value FROM json_each(?))"
            value = rows[0].number if len(rows) == 1 else numbers
            texts = self.index.rows(f"{select} FROM words WHERE words MATCH ? AND {condition}", *marks, match, value)
        return {number: (readable(title), readable(heading), readable(text)) for number, title, heading, text in texts}

    def thing(self, path: str, front_id: str | None, parts: tuple[str, ...]) -> str:
        """Return the IRI of a section, or of the note's entity if `parts` is empty."""
        names = Names(self.config.base)
        entity = names.entity(path, front_id)
        return names.section(entity, parts) if parts else entity

    def _in_canvas(self, path: str, offset: int, line: int) -> tuple[int, int]:
        """Return the line and column in a canvas's file."""
        from kg.notes.vault import read_note

        note, _ = read_note(path, self.config.place(path), self.config)
        indexed = self.index.rows("SELECT digest FROM note WHERE path = ?", path)
        if note is None or (note.digest,) not in indexed:
            return line, 1
        return note.source.position(offset)

    def _changed(self, rows: Iterable[SectionRow]) -> Iterator[str]:
        """The notes of the shown rows whose files no longer hold the indexed text."""
        for number in list(dict.fromkeys(row.note for row in rows))[:_CHECKED]:
            ((path, indexed),) = self.index.rows("SELECT path, digest FROM note WHERE id = ?", number)
            assert isinstance(path, str)
            now = digest(self.config.place(path), self.config.max_bytes)
            if now != indexed and (now or path.isascii()):  # a name may have another Unicode form on disk
                yield path

    # ---- suggestions -------------------------------------------------------------------------------------------------

    def _near(self, query: Query) -> tuple[tuple[str, str], ...]:
        """Return the words that are in no note, each with the most similar indexed word."""
        absent = [phrase.text for phrase in query.phrases if not self.notes(phrase)]
        return tuple((text, self._nearest(text)) for text in absent)

    def _nearest(self, text: str) -> str:
        key = letters_and_digits(folded(text))
        self.index.rows("CREATE VIRTUAL TABLE IF NOT EXISTS temp.known USING fts5vocab(main, words, row)")
        terms: Any = self.index.rows(
            "SELECT term FROM temp.known WHERE length(term) BETWEEN ? AND ?", len(key) - 2, len(key) + 2
        )
        return readable(nearest(key, [term for (term,) in terms]) or "")


def note_score(rows: list[SectionRow]) -> float:
    """The score of a note: that of its best row, plus that of the row with its title, aliases and tags if another."""
    return rows[0].score + sum(row.score for row in rows[1:] if row.is_first)
