"""What a SPARQL text is made of, and what of it is refused before it is run: a query, or a rule of the ontology.

Oxigraph's parser has no limit of its own on how deep brackets go, and would take the process with it; and it asks
another server wherever a text says so, which `kg` does not do unasked.
"""

import re
from collections.abc import Iterator
from itertools import islice
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
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD", "WITH"}
_PROLOGUE = 2_000
_CHAINING = {"UNION", "MINUS", "OPTIONAL"}


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


def check(text: str, *, services: bool = False) -> None:
    """Refuse what would harm the process, change something or, but with `services`, call out. Raises KgError."""
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
        elif token.kind == "word" and token.text.upper() == "SERVICE" and not services:
            line, column = line_and_column(text, token.start)
            raise KgError(
                f"line {line}, column {column}: SERVICE asks another server, which kg does only with --allow-service"
            )
    _check_form(text)


def _check_form(text: str) -> None:
    """Refuse what is no question."""
    found = list(islice((token for token in tokens(text) if token.kind not in {"iri", "name"}), _PROLOGUE))
    first = next((token for token in found if token.text.upper() not in {"PREFIX", "BASE"}), None)
    if first is None:
        raise QuerySyntaxError("the query is empty", 1, 1)
    if first.kind == "word" and first.text.upper() in _UPDATES:
        place = line_and_column(text, first.start)
        raise QuerySyntaxError(f"{first.text.upper()} would change the graph; kg only asks, notes are changed", *place)


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Line and column, counted from 1, of a character of a text."""
    before = text[:index]
    return before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1
