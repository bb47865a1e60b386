"""Tokenise the SPARQL text of a query or an ontology rule, and refuse unsafe text before it runs.

Oxigraph's parser has no limit of its own on nested brackets, and deep nesting would crash the process. It also calls
another server wherever a text says so, which `kg` does only on request. A refusal names the line and column; a call
that this check misses meets a closed network (`sandbox`).
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from kg.core.errors import KgError, QuerySyntaxError, ServiceRefused
from kg.rdf.iris import prefixed

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 200
MAX_OPERATORS = 2_000

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
    |(?P<iri><[^<>"{}|^`\\\s]{0,10000}>)
    |(?P<string>\"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:\"{3}|\\?\Z)
        |'{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'{3}|\\?\Z)
        |"[^"\\\n\r]*(?:\\.[^"\\\n\r]*)*(?:"|\\?(?=[\n\r]|\Z))|'[^'\\\n\r]*(?:\\.[^'\\\n\r]*)*(?:'|\\?(?=[\n\r]|\Z)))
    |(?P<variable>[?$]\w+)
    |(?P<name>(?:\w[\w.-]{0,100})?:(?:[\w.%:-]|\\.)*)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<operator>&&|\|\||[!+*/^|]|(?<=[\w)])-)
    |(?P<open>[{(\[])|(?P<close>[})\]])""",
    re.X | re.S,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_STAR = re.compile(r"\s*(?:DISTINCT|REDUCED)?\s*\*", re.I)
_HIDDEN = re.compile("service", re.I)
_LOCAL_ESCAPE = re.compile(r"\\([-_~.!$&'()*+,;=/?#@%])")
_TO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[~!$&'()*+,;=/?#@]|\A[-.]|\.\Z")
_LOCAL = re.compile(r"(?:[^\W_]|[_:·‿⁀-]|\.|%[0-9A-Fa-f]{2}|\\.)*\Z")
_TRIPLE_TERM = re.compile("<<|>>")
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD", "WITH"}
_PROLOGUE = 2_000
_CHAINING = {"UNION", "MINUS", "OPTIONAL"}


class Token(NamedTuple):
    """A token of a query; white space and punctuation are not tokens."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The relevant tokens of a SPARQL text, without comments."""
    for match in _TOKEN.finditer(text):
        if match.lastgroup and match.lastgroup != "comment":
            yield Token(match.lastgroup, match.group(), match.start(), match.end())


def check(text: str, *, services: bool = False) -> None:
    """Refuse a text that harms the process, changes data or, unless `services`, calls a server. Raises KgError."""
    if len(text) > MAX_CHARACTERS:
        raise KgError(f"the query has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}")
    if _ESCAPE.search(text):  # SPARQL 1.1, section 19.2: escapes are replaced before parsing
        _check_tokens(_ESCAPE.sub(_unescaped, text), services=services)
    _check_tokens(text, services=services)
    _check_form(text)


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code < 0x110000 else match[0]


def _check_tokens(text: str, *, services: bool) -> None:
    depth = chained = 0
    for token in tokens(text):
        chained += token.kind == "operator" or token.text.upper() in _CHAINING
        if chained > MAX_OPERATORS:
            place = line_and_column(text, token.start)
            raise QuerySyntaxError(f"more than {MAX_OPERATORS:,} operators in one query", *place)
        if token.kind in {"open", "close", "iri"}:
            depth += _opened(token)
            if depth > MAX_DEPTH:
                line, column = line_and_column(text, token.start)
                raise QuerySyntaxError(f"more than {MAX_DEPTH} nested brackets", line, column)
        elif token.kind in {"word", "number"} and _HIDDEN.fullmatch(token.text) and not services:
            raise _calls_out(text, token.start)
    rest = _unread(text)
    _check_triple_terms(text, rest)
    if not services and (hidden := _HIDDEN.search(rest)):
        raise _calls_out(text, hidden.start())


def _check_triple_terms(text: str, rest: str) -> None:
    """Refuse triple terms too deep inside each other: `<< << …`, over which Oxigraph recurses, too."""
    depth = 0
    for mark in _TRIPLE_TERM.finditer(rest):
        depth = depth + 1 if mark.group() == "<<" else max(0, depth - 1)
        if depth > MAX_DEPTH:
            place = line_and_column(text, mark.start())
            raise QuerySyntaxError(f"more than {MAX_DEPTH} nested brackets", *place)


def _opened(token: Token) -> int:
    """The change in nesting depth at a token. An apparent IRI may be comparisons with brackets: `?a<((?b>0`."""
    if token.kind == "iri":
        return max(0, token.text.count("(") - token.text.count(")"))
    return 1 if token.kind == "open" else -1


def _unread(text: str) -> str:
    """The text with blanks for all tokens that may contain any word: strings, comments, IRIs, names and variables.

    Words are blank, too, since `_check_tokens` checks each of them.
    """
    pieces, at = [], 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup in {"string", "comment", "iri", "name", "variable", "word"}:
            pieces += [text[at : match.start()], " " * (match.end() - match.start())]
            at = match.end()
    return "".join([*pieces, text[at:]])


def _calls_out(text: str, index: int) -> KgError:
    line, column = line_and_column(text, index)
    return ServiceRefused(f"line {line}, column {column}: ")


def _check_form(text: str) -> None:
    """Refuse a text that is empty or an update."""
    leading = list(islice((token for token in tokens(text) if token.kind not in {"iri", "name"}), _PROLOGUE))
    first = next((token for token in leading if token.text.upper() not in {"PREFIX", "BASE"}), None)
    if first is None:
        raise QuerySyntaxError("the query is empty", 1, 1)
    if first.kind == "word" and first.text.upper() in _UPDATES:
        place = line_and_column(text, first.start)
        raise QuerySyntaxError(f"{first.text.upper()} would change the graph: change the notes instead", *place)


def without_escapes(iri: str) -> str:
    """An IRI that rdflib has made of a prefixed name, with the backslashes of the name taken out."""
    return _LOCAL_ESCAPE.sub(r"\1", iri)


def in_query(iri: str, prefixes: Mapping[str, str]) -> str:
    """An IRI as a query writes it: with a prefix, if there is one that fits."""
    prefix, local = prefixed(iri, prefixes)
    escaped = _TO_ESCAPE.sub(lambda match: f"\\{match[0]}", local)
    return f"{prefix}:{escaped}" if prefix is not None and _LOCAL.match(escaped) else f"<{iri}>"


def star_end(text: str) -> int | None:
    """The index after the `*` of a query's outermost `SELECT *`; None without one."""
    select = next((token for token in tokens(text) if token.kind == "word" and token.text.upper() == "SELECT"), None)
    opening = next((token.start for token in tokens(text) if token.kind == "open"), -1)
    match = _STAR.match(text, select.end) if select and select.start < opening else None
    return match.end() if match else None


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """The line and column, from 1, of a character of a text."""
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def pattern_span(text: str) -> tuple[int, int] | None:
    """The bounds of a query's graph pattern, inside its braces; None if it has none."""
    depth, start = 0, -1
    where = construct = template_seen = False
    for token in tokens(text):
        if token.kind == "word" and depth == 0:
            construct = construct or token.text.upper() == "CONSTRUCT"
            where = where or token.text.upper() == "WHERE"
        if token.kind == "open":
            if depth == 0 and token.text == "{" and start < 0:
                start = token.end if where or not construct or template_seen else -1
                template_seen = True
            depth += 1
        elif token.kind == "close":
            depth -= 1
            if depth == 0 and start >= 0:
                return start, token.start
    return None
