"""Competency questions as people write them: a query with the answer that it is expected to give.

A question is a fence of SPARQL in a note, or in a Markdown file of `queries/tests/`, directly followed by its answer: a
table, a fence of csv, tsv, json or turtle, or one of the words yes, no, empty. Or it is a file NAME.rq with the answer
in a file of that name beside it. Comments at its top can name a query of the library and give its parameters:

    # query: single-source
    # param steps = 2
    # expect: empty
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal as Choice
from typing import NamedTuple

import pyoxigraph as ox

from kg.config import Config
from kg.errors import KgError
from kg.guard import Limits, guarded
from kg.note import Block, Note
from kg.questions import Header, comments, named_query
from kg.source import files_below, read_bytes, read_text
from kg.syntax import tokens
from kg.vault import Vault, read_note

Kind = Choice["texts", "terms", "graph", "boolean", "empty"]

FOLDER = "tests"
_FENCE = re.compile(r"(?P<ticks>`{3,}|~{3,})[ \t]*(?P<language>[\w.+-]*)[ \t]*(?P<info>[^\n]*)(?:\n|\Z)")
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\Z")
_LINK = re.compile(r"\[\[([^\]|]+)(?:\|[^\]]*)?\]\]\Z")
_QUERY = re.compile(r"query:\s*(\S+)\Z")
_EXPECT = re.compile(r"expect:\s*(yes|no|empty)\Z", re.I)
_GIVEN = re.compile(r"param\s+[?$]?(\w+)\s*=\s*(.*)")
_WORDS = {"yes", "no", "empty"}


class Expected(NamedTuple):
    """An answer that is expected. Texts are what people read, terms are RDF as N-Triples writes it."""

    kind: Kind
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    yes: bool = False
    triples: tuple[ox.Triple, ...] = ()


@dataclass(frozen=True)
class Case:
    """A question at a place in a file. What cannot be made of it is its `problem`; the question is not asked then."""

    place: Path
    line: int
    column: int
    name: str
    text: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    """Whose text it is: empty for the case's own, else the name of a query of the library."""
    expected: Expected | None = None
    problem: str = ""

    def failing(self, problem: str) -> "Case":
        """The same, of which nothing can be made."""
        return replace(self, problem=problem)


def find_cases(config: Config, paths: Iterable[Path]) -> list[Case]:
    """The questions in some files and folders; with none given those of `queries/tests/` and of the vault's notes.

    Raises KgError for a path that is not there.
    """
    given = tuple(paths)
    if not given:
        tests = config.queries / FOLDER if config.queries else None
        found = list(_of_folder(config, tests)) if tests and tests.is_dir() else []
        done = {case.place.resolve() for case in found}
        return [*found, *(case for case in _of_vault(config) if case.place.resolve() not in done)]
    found = []
    for path in given:
        if not path.exists():
            raise KgError(f"there is no file or folder {path}")
        found += _of_folder(config, path) if path.is_dir() else _of_file(config, path, named=True)
    return found


def _of_folder(config: Config, folder: Path) -> Iterator[Case]:
    try:
        files = files_below(folder, ".rq", ".md")
    except OSError as error:
        raise KgError(f"{error.filename} cannot be read: {error.strerror}") from error
    for file in files:
        yield from _of_file(config, file, named=False)


def _of_file(config: Config, file: Path, *, named: bool) -> Iterator[Case]:
    """The questions of a file. In a folder of tests each has an answer; elsewhere a query need not be a test."""
    strict = file.parent.name == FOLDER
    if file.suffix == ".rq":
        case = _of_query(config, file)
        if case.expected or case.problem or named or strict:
            yield _answered(case)
        return
    note, wrong = read_note(file.name, file, config.max_bytes)
    for finding in wrong if note is None else ():
        yield Case(file, finding.line, finding.column, file.name, problem=finding.message)
    for case in _of_note(config, file, note) if note else ():
        yield _answered(case) if strict else case


def _answered(case: Case) -> Case:
    """The case, which must have an answer."""
    if case.expected or case.problem:
        return case
    where = (
        f"write {case.place.stem}.csv (.tsv, .json, .ttl) beside it" if case.place.suffix == ".rq" else "write it below"
    )
    return case.failing(f"the answer is missing: {where}, or a line `# expect: empty`")


def _of_vault(config: Config) -> Iterator[Case]:
    """The questions in notes; a file that cannot be read is for `kg ingest` to tell of."""
    for path, place in Vault(config=config).files().notes.items():
        if path.lower().endswith(".md") and b"sparql" in _start(place, config.max_bytes):
            note, _ = read_note(path, place, config.max_bytes)
            yield from _of_note(config, place, note) if note else ()


def _start(place: Path, limit: int) -> bytes:
    try:
        return read_bytes(place, limit)
    except OSError:
        return b""


# ---- A file of its own ------------------------------------------------------------------------------------------


def _of_query(config: Config, file: Path) -> Case:
    case = Case(file, 1, 1, file.stem)
    try:
        case = _asking(config, case, _text(file))
        beside = next((file.with_suffix(suffix) for suffix in _ANSWERS if file.with_suffix(suffix).is_file()), None)
        return replace(case, expected=_expected(_text(beside), beside.suffix, config.limits)) if beside else case
    except (KgError, ValueError, SyntaxError) as error:
        return case.failing(str(error))


def _text(file: Path) -> str:
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        raise KgError(f"{file.name} cannot be read as text in UTF-8") from error


def _asking(config: Config, case: Case, text: str) -> Case:
    """The case with its question: the text itself, or the query of the library that it names. Raises KgError."""
    lines = [line for _, line in comments(text)]
    given = {found[1]: found[2].strip() for line in lines if (found := _GIVEN.match(line))}
    word = next((found[1].lower() for line in lines if (found := _EXPECT.match(line))), "")
    case = replace(case, given=given, text=text, expected=_of_word(word) if word else None)
    named = next((found[1] for line in lines if (found := _QUERY.match(line))), "")
    if not named:
        return case
    if any(True for _ in tokens(text)):
        raise KgError(f"it names the query {named} and has a query of its own: one of the two")
    return replace(case, name=named, source=named, text=named_query(config, named).text)


def _of_word(word: str) -> Expected:
    return Expected("empty") if word == "empty" else Expected("boolean", yes=word == "yes")


# ---- In Markdown ------------------------------------------------------------------------------------------------


def _of_note(config: Config, place: Path, note: Note) -> Iterator[Case]:
    """The questions of a note, each with its answer; a fence marked `no-test` is none."""
    for section in note.root.walk():
        for block, behind in _pairs(section.blocks):
            fence = _fence(note, block)
            if fence and fence.language.lower() == "sparql" and "no-test" not in fence.info.split():
                line, column = note.source.position(block.span.start)
                case = Case(place, line, column, section.heading or note.name)
                yield _in_note(config, case, fence.body, note, behind)


def _in_note(config: Config, case: Case, text: str, note: Note, behind: Block | None) -> Case:
    try:
        case = _asking(config, case, text)
        answer = _answer(note, behind, config.limits) if behind else None
        if answer and case.expected:
            raise KgError("it has two answers, `# expect:` and what stands below it: one of the two")
        return replace(case, expected=answer or case.expected)
    except (KgError, ValueError, SyntaxError) as error:
        return case.failing(str(error))


def _pairs(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, Block | None]]:
    """Each block with the one behind it, in lists and quotes too."""
    stack = [blocks]
    while stack:
        row = stack.pop()
        yield from zip(row, [*row[1:], None][: len(row)], strict=True)
        stack += [block.children for block in reversed(row) if block.children]


class _Fence(NamedTuple):
    language: str
    info: str
    body: str


def _fence(note: Note, block: Block) -> _Fence | None:
    """A fenced block of code, less what a list or quote puts before its lines."""
    if block.kind != "code":
        return None
    text = note.source.slice(*block.span)
    found = _FENCE.match(text)
    if not found:
        return None
    _, column = note.source.position(block.span.start)
    begins = note.source.slice(block.span.start - (column - 1), block.span.start) if column > 1 else ""
    lines = [_less(line, begins) for line in text[found.end() :].split("\n")]
    if lines and lines[-1].strip().startswith(found["ticks"]):
        lines.pop()
    return _Fence(found["language"], found["info"], "\n".join(lines))


def _less(line: str, begins: str) -> str:
    """A line less what stands before the fence: spaces, or the marks of a quote."""
    line = line.rstrip("\r")
    for start in (begins, begins.rstrip()):
        if start and line.startswith(start):
            return line.removeprefix(start)
    return line.lstrip() if begins and not begins.strip() else line


def _answer(note: Note, block: Block, limits: Limits) -> Expected | None:
    """What stands behind a question, where that is an answer."""
    if block.kind == "table":
        return _table(note.source.slice(*block.span))
    fence = _fence(note, block)
    if fence:
        suffix = f".{fence.language.lower()}"
        is_answer = suffix in {*_ANSWERS, *_SUFFIXES}
        return _expected(fence.body, _SUFFIXES.get(suffix, suffix), limits) if is_answer else None
    word = block.text.strip(" .*_`\n").lower() if block.kind == "paragraph" else ""
    return _of_word(word) if word in _WORDS else None


# ---- Answers ----------------------------------------------------------------------------------------------------


def _expected(text: str, suffix: str, limits: Limits) -> Expected:
    """An answer in a format. Raises ValueError, SyntaxError, KgError.

    Oxigraph's parsers, which recurse, are asked in a process of their own: so one answer is one question that fails.
    """
    read = _ANSWERS[suffix]
    if read is _csv:
        return read(text)
    return guarded(lambda: read(text), seconds=limits.seconds, memory=limits.memory, what="the answer")


def _table(text: str) -> Expected:
    """A table of Markdown: its cells as they are read."""
    lines = [re.sub(r"^[\s>]+", "", line) for line in text.split("\n") if line.strip(" \t>\r")]
    rows = [
        [_cell(cell) for cell in _CELL.split(line.strip().removeprefix("|"))]
        for line in lines
        if not _RULE.match(line.strip())
    ]
    width = len(rows[0]) - (rows[0][-1] == "")
    return _texts([(row + [""] * width)[:width] for row in rows])


def _cell(text: str) -> str:
    text = text.replace("\\|", "|").strip()
    if len(text) > 1 and text[0] == text[-1] == "`":
        return text[1:-1]
    link = _LINK.match(text)
    return link[1] if link else text


def _csv(text: str) -> Expected:
    try:
        return _texts([row for row in csv.reader(io.StringIO(text.strip("\r\n"))) if row])
    except csv.Error as error:  # a cell of more than 128 kB, say
        raise ValueError(f"the answer is not CSV: {error}") from error


def _texts(rows: list[list[str]]) -> Expected:
    if not rows:
        raise ValueError("the answer has no row with the names of the columns")
    columns = tuple(name.strip().lstrip("?") for name in rows[0])
    for row in rows[1:]:
        if len(row) != len(columns):
            raise ValueError(f"a row of the answer has {len(row)} cells, not {len(columns)}: {', '.join(row)}")
    return Expected("texts", columns, tuple(tuple(row) for row in rows[1:]))


def _terms(format_: ox.QueryResultsFormat) -> Callable[[str], Expected]:
    def read(text: str) -> Expected:
        found = ox.parse_query_results(text.encode(), format=format_)
        if isinstance(found, ox.QueryBoolean):
            return Expected("boolean", yes=bool(found))
        columns = tuple(variable.value for variable in found.variables)
        return Expected("terms", columns, tuple(tuple(None if t is None else str(t) for t in row) for row in found))

    return read


def _turtle(text: str) -> Expected:
    return Expected("graph", triples=tuple(quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE)))


_ANSWERS: Mapping[str, Callable[[str], Expected]] = {
    ".csv": _csv,
    ".tsv": _terms(ox.QueryResultsFormat.TSV),
    ".srj": _terms(ox.QueryResultsFormat.JSON),
    ".json": _terms(ox.QueryResultsFormat.JSON),
    ".ttl": _turtle,
}
_SUFFIXES = {".turtle": ".ttl"}


def header(case: Case) -> Header:
    """What the question's own header declares. Raises KgError."""
    return Header.of(case.text, f"{case.source}.rq" if case.source else case.place.name)
