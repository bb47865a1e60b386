"""What a SPARQL text is made of, and what of it is refused before it is run: a query, or a rule of the ontology.

Oxigraph's parser has no limit of its own on how deep brackets go, and would take the process with it; and it asks
another server wherever a text says so, which `kg` does not do unasked.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from kg.errors import KgError, QuerySyntaxError

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 200
MAX_OPERATORS = 2_000

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
    |(?P<iri><[^<>"{}|^`\\\s]{0,10000}>)
    |(?P<string>\"{3}(?:[^"\\]|\\.|"(?!""))*+(?:\"{3}|\\?\Z)|'{3}(?:[^'\\]|\\.|'(?!''))*+(?:'{3}|\\?\Z)
        |"(?:[^"\\\n\r]|\\.)*+(?:"|\\?(?=[\n\r]|\Z))|'(?:[^'\\\n\r]|\\.)*+(?:'|\\?(?=[\n\r]|\Z)))
    |(?P<variable>[?$]\w+)
    |(?P<name>(?:\w[\w.-]{0,100})?:(?:[\w.%:-]|\\.)*)
    |(?P<word>\w+)
    |(?P<operator>&&|\|\||[!+*/^|]|(?<=[\w)])-)
    |(?P<open>[{(\[])|(?P<close>[})\]])""",
    re.X | re.S,
)
_CHAINING = {"UNION", "MINUS", "OPTIONAL"}
_COMMENT = re.compile(r"#[^\n\r]*")
_BEYOND_PATHS = {"!", "[", "]", "-", "&&", "||"}
_STRAY = re.compile(r"\s*\?")
_OF_PATTERNS = {"PREFIX", "BASE", "CONSTRUCT", "WHERE", "A", "TRUE", "FALSE"}


class Token(NamedTuple):
    """A token of a query; white space and punctuation are none."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a SPARQL text that matter here, comments left out."""
    for match in _TOKEN.finditer(text):
        if match.lastgroup and match.lastgroup != "comment":
            yield Token(match.lastgroup, match.group(), match.start(), match.end())


def check(text: str) -> None:
    """Refuse what would harm the process or call out. Raises QuerySyntaxError, KgError."""
    if len(text) > MAX_CHARACTERS:
        raise KgError(f"the query has {len(text):,} characters; {MAX_CHARACTERS:,} are read")
    depth = chained = 0
    for token in tokens(text):
        chained += token.kind == "operator" or token.text.upper() in _CHAINING
        if chained > MAX_OPERATORS:
            place = line_and_column(text, token.start)
            raise QuerySyntaxError(f"more than {MAX_OPERATORS:,} operators in one query", *place)
        if token.kind in {"open", "close"}:
            depth += 1 if token.kind == "open" else -1
            if depth > MAX_DEPTH:
                line, column = line_and_column(text, token.start)
                raise QuerySyntaxError(f"more than {MAX_DEPTH} brackets inside each other", line, column)
        elif token.kind == "word" and token.text.upper() == "SERVICE":
            line, column = line_and_column(text, token.start)
            raise KgError(f"line {line}, column {column}: SERVICE asks another server, which kg does not do")
    if not any(token.kind == "word" for token in tokens(text)):
        raise QuerySyntaxError("the query is empty", 1, 1)


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Line and column, counted from 1, of a character of a text."""
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1


def is_of_constants(text: str) -> bool:
    """Whether a text is patterns of triples only, each with properties, and for `a` a class, that are no variables.

    What such a rule rests on and leads to can be told from the names in it; of any other it cannot. A path may be among
    them, as long as it cannot be of no length: then it would hold between any thing and itself.
    """
    found = list(tokens(text))
    if any(one.kind == "word" and one.text.upper() not in _OF_PATTERNS for one in found):
        return False
    if any(one.text in _BEYOND_PATHS for one in found) or any(map(_STRAY.match, _gaps(text, found))):
        return False
    for one, after in pairwise(found):
        beside = not _COMMENT.sub("", text[one.end : after.start]).strip()
        if beside and after.kind == "variable" and (one.kind == "variable" or one.text == "a" or _is_type(one)):
            return False
    return all(_has_length(run) for run in _runs(text, found))


def _gaps(text: str, found: list[Token]) -> Iterator[str]:
    """What stands between tokens."""
    return (_COMMENT.sub("", text[one.end : after.start]) for one, after in pairwise(found))


def _runs(text: str, found: list[Token]) -> Iterator[list[Token]]:
    """The tokens between variables, braces and punctuation: a path, or a name or two."""
    run: list[Token] = []
    for token, gap in zip(found, [*_gaps(text, found), ""], strict=True):
        if token.kind in {"iri", "name", "operator", "word"} or token.text in "()":
            run.append(token)
        else:
            yield run
            run = []
        if gap.strip():
            yield run
            run = []
    yield run


def _has_length(run: list[Token]) -> bool:
    """Whether a path has at least one step, and no class is named among several properties."""
    operators = [token.text for token in run if token.kind == "operator"]
    if operators and any(token.text == "a" or _is_type(token) for token in run):
        return False
    if "*" not in operators:
        return True
    depth, starts = 0, True
    for token, after in zip(run, [*run[1:], None], strict=True):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.text == "|":
            return False
        if depth == 0 and starts and token.kind in {"iri", "name"} and (after is None or after.text not in {"*", "|"}):
            return not any(one.text == "|" for one in _outside(run))
        starts = depth == 0 and (token.text == "/" or (starts and token.text == "^"))
    return False


def _outside(run: list[Token]) -> Iterator[Token]:
    """The tokens of a run that stand in no brackets."""
    depth = 0
    for token in run:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            yield token


def _is_type(token: Token) -> bool:
    return token.kind in {"iri", "name"} and re.split(r"[#:]", token.text.strip("<>"))[-1] == "type"
