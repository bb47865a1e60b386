"""Competency questions: queries with their expected answers.

A question is a fenced block of SPARQL in a note, or in a Markdown file of `queries/tests/`, directly followed by its
answer: a table, a fenced block of csv, tsv, json or turtle, or the word yes, no or empty. A question can also be a file
NAME.rq, with the answer in a file of the same name beside it. Comments at the top of the query can name a query of the
library and set its parameters:

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
from kg.core.errors import KgError
from kg.core.files import files_below, is_file, read_bytes, read_text
from kg.core.guard import guarded
from kg.core.limits import Limits
from kg.notes.model import Block, Note
from kg.notes.vault import Vault, read_note
from kg.rdf.sparql_syntax import tokens
from kg.sparql.library import Header, comments, named_query

Kind = Choice["texts", "terms", "graph", "boolean", "empty"]

FOLDER = "tests"
_FENCE = re.compile(r"(?P<ticks>`{3,}|~{3,})[ \t]*(?P<language>[\w.+-]*)[ \t]*(?P<info>[^\n]*)(?:\n|\Z)")
_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\Z")
_LINK = re.compile(r"\[\[([^\]|]+)(?:\|[^\]]*)?\]\]\Z")
_QUERY = re.compile(r"query:\s*(\S+)\Z")
_EXPECT = re.compile(r"expect:\s*(yes|no|empty)\Z", re.I)
_PARAM = re.compile(r"param\s+[?$]?(\w+)\s*=\s*(.*)")
_WORDS = {"yes", "no", "empty"}


class Expected(NamedTuple):
    """An expected answer. Texts are what a reader sees; terms are RDF as N-Triples writes it."""

    kind: Kind
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    yes: bool = False
    triples: tuple[ox.Triple, ...] = ()


@dataclass(frozen=True)
class Case:
    """A question at a place in a file. A question with a `problem` is invalid and does not run."""

    place: Path
    line: int
    column: int
    name: str
    text: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    """The name of the library query that `text` comes from; empty if the text is the case's own."""
    expected: Expected | None = None
    problem: str = ""

    def failing(self, problem: str) -> "Case":
        """A copy with a problem."""
        return replace(self, problem=problem)


def find_cases(config: Config, paths: Iterable[Path], notes: Iterable[str] | None = None) -> list[Case]:
    """The questions in files and folders; without paths, those of `queries/tests/` and of the vault's notes.

    With `notes`, only these notes of the vault are looked at. Raises KgError for a path that does not exist.
    """
    chosen = tuple(paths)
    if not chosen:
        tests = config.queries / FOLDER if config.queries else None
        cases = list(_of_folder(config, tests)) if tests and tests.is_dir() else []
        covered = {case.place.resolve() for case in cases}
        return [*cases, *(case for case in _of_vault(config, notes) if case.place.resolve() not in covered)]
    cases = []
    for path in chosen:
        if not path.exists():
            raise KgError(f"there is no file or folder {path}")
        cases += _of_folder(config, path) if path.is_dir() else _of_file(config, path, named=True)
    return cases


def _of_folder(config: Config, folder: Path) -> Iterator[Case]:
    try:
        files = files_below(folder, ".rq", ".md")
    except OSError as error:
        raise KgError(f"{error.filename} cannot be read: {error.strerror}") from error
    for file in files:
        yield from _of_file(config, file, named=False)


def _of_file(config: Config, file: Path, *, named: bool) -> Iterator[Case]:
    """The questions of a file. In a folder `tests`, each needs an answer; elsewhere, a query need not be a test."""
    strict = file.parent.name == FOLDER
    if file.suffix == ".rq":
        case = _of_query(config, file)
        if case.expected or case.problem or named or strict:
            yield _answered(case)
        return
    note, findings = read_note(file.name, file, config)
    for finding in findings if note is None else ():
        yield Case(file, finding.line, finding.column, file.name, problem=finding.message)
    for case in _of_note(config, file, note) if note else ():
        yield _answered(case) if strict else case


def _answered(case: Case) -> Case:
    """The case; it fails if it has no answer."""
    if case.expected or case.problem:
        return case
    where = (
        f"write {case.place.stem}.csv (.tsv, .json, .ttl) beside it" if case.place.suffix == ".rq" else "write it below"
    )
    return case.failing(f"the answer is missing: {where}, or a line `# expect: empty`")


def _of_vault(config: Config, notes: Iterable[str] | None) -> Iterator[Case]:
    """The questions in notes. `kg ingest` reports the files that cannot be read."""
    files = Vault(config=config).files().notes if notes is None else {path: str(config.place(path)) for path in notes}
    for path, place in files.items():
        if may_ask(path, place, config.max_bytes):
            note, _ = read_note(path, place, config)
            yield from _of_note(config, Path(place), note) if note else ()


def may_ask(path: str, place: str, limit: int) -> bool:
    """Whether a note may have a question: it has the word that begins one."""
    return path.lower().endswith(".md") and b"sparql" in _start(place, limit)


def _start(place: str, limit: int) -> bytes:
    try:
        return read_bytes(place, limit)
    except OSError:
        return b""


# ---- In a query file --------------------------------------------------------------------------------------------


def _of_query(config: Config, file: Path) -> Case:
    case = Case(file, 1, 1, file.stem)
    try:
        case = _asking(config, case, _text(file))
        answer = next((file.with_suffix(suffix) for suffix in _ANSWERS if is_file(file.with_suffix(suffix))), None)
        return replace(case, expected=_expected(_text(answer), answer.suffix, config.limits)) if answer else case
    except (KgError, ValueError, SyntaxError) as error:
        return case.failing(str(error))


def _text(file: Path) -> str:
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError) as error:
        raise KgError(f"{file.name} cannot be read as text in UTF-8") from error


def _asking(config: Config, case: Case, text: str) -> Case:
    """Complete the case with its question: the text itself, or the library query that it names. Raises KgError."""
    lines = [line for _, line in comments(text)]
    params = {match[1]: match[2].strip() for line in lines if (match := _PARAM.match(line))}
    word = next((match[1].lower() for line in lines if (match := _EXPECT.match(line))), "")
    case = replace(case, params=params, text=text, expected=_of_word(word) if word else None)
    query_name = next((match[1] for line in lines if (match := _QUERY.match(line))), "")
    if not query_name:
        return case
    if any(True for _ in tokens(text)):
        raise KgError(f"the case names the query {query_name} and also contains a query; keep one of them")
    return replace(case, name=query_name, source=query_name, text=named_query(config, query_name).text)


def _of_word(word: str) -> Expected:
    return Expected("empty") if word == "empty" else Expected("boolean", yes=word == "yes")


# ---- In Markdown ------------------------------------------------------------------------------------------------


def _of_note(config: Config, place: Path, note: Note) -> Iterator[Case]:
    """The questions of a note, each with its answer. Skips fences marked `no-test`."""
    for section in note.root.walk():
        for block, following in _pairs(tuple([block for block in section.blocks if block.kind != "comment"])):
            fence = _fence(note, block)
            if fence and fence.language.lower() == "sparql" and "no-test" not in fence.info.split():
                line, column = note.source.position(block.span.start)
                case = Case(place, line, column, section.heading or note.name)
                yield _in_note(config, case, fence.body, note, following)


def _in_note(config: Config, case: Case, text: str, note: Note, behind: Block | None) -> Case:
    try:
        case = _asking(config, case, text)
        answer = _answer(note, behind, config.limits) if behind else None
        if answer and case.expected:
            raise KgError("the case has two answers, `# expect:` and the one below it; keep one of them")
        return replace(case, expected=answer or case.expected)
    except (KgError, ValueError, SyntaxError) as error:
        return case.failing(str(error))


def _pairs(blocks: tuple[Block, ...]) -> Iterator[tuple[Block, Block | None]]:
    """Each block with the next block, also inside lists and quotes."""
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
    """Parse a fenced code block, without the prefix that a list or quote adds to its lines."""
    if block.kind != "code":
        return None
    text = note.source.slice(*block.span)
    match = _FENCE.match(text)
    if not match:
        return None
    _, column = note.source.position(block.span.start)
    prefix = note.source.slice(block.span.start - (column - 1), block.span.start) if column > 1 else ""
    lines = [_less(line, prefix) for line in text[match.end() :].split("\n")]
    if lines and lines[-1].strip().startswith(match["ticks"]):
        lines.pop()
    return _Fence(match["language"], match["info"], "\n".join(lines))


def _less(line: str, begins: str) -> str:
    """A line without the prefix of the fence: spaces or quote marks."""
    line = line.rstrip("\r")
    for prefix in (begins, begins.rstrip()):
        if prefix and line.startswith(prefix):
            return line.removeprefix(prefix)
    return line.lstrip() if begins and not begins.strip() else line


def _answer(note: Note, block: Block, limits: Limits) -> Expected | None:
    """The answer in the block after a question; None if the block is no answer."""
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
    """Parse an answer in the format of a suffix. Raises ValueError, SyntaxError, KgError.

    Oxigraph's parsers recurse, so they run in a separate process: a crash then fails only its own question.
    """
    read = _ANSWERS[suffix]
    if read is _csv:
        return read(text)
    return guarded(lambda: read(text), seconds=limits.seconds, memory=limits.memory, what="the answer")


def _table(text: str) -> Expected:
    """Parse a Markdown table, its cells as a reader sees them."""
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
        results = ox.parse_query_results(text.encode(), format=format_)
        if isinstance(results, ox.QueryBoolean):
            return Expected("boolean", yes=bool(results))
        columns = tuple(variable.value for variable in results.variables)
        return Expected("terms", columns, tuple(tuple(None if t is None else str(t) for t in row) for row in results))

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
    """The header of the question's query. Raises KgError."""
    return Header.of(case.text, f"{case.source}.rq" if case.source else case.place.name)
