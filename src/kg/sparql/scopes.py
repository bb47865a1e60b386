"""The scopes of a query's text: its subqueries, groups, expressions and templates, and the tokens in each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kg.rdf.sparql_syntax import Token, pattern_span, tokens

Kind = Literal["query", "group", "expression", "list", "template"]
_NO_TOKEN = Token("none", "", 0, 0)
_OPERANDS = {"variable", "number", "string", "close", "name", "iri"}
_VARIABLE = re.compile(r"[?$](\w+)")


@dataclass(eq=False)
class VariableScope:
    """The text between two brackets, or the whole text.

    A *query* is the text of a query outside its pattern. A *list* is a part of a pattern: `[…]`, a collection, a path.
    """

    kind: Kind
    opening: Token
    """The opening bracket; an empty token for the whole text."""
    parent: "VariableScope | None" = None
    introduced: str = ""
    """The word before the bracket, in upper case: EXISTS, MINUS, COUNT …"""
    assigned: set[str] = field(default_factory=set)
    """The variables that the scope itself gives a value, by AS."""
    home: "VariableScope" = field(init=False)
    """The innermost query, group or template that contains the scope."""

    def __post_init__(self) -> None:
        """Set the home, which does not change: a group can become a query, and both are homes."""
        is_inner = self.parent is not None and self.kind in {"expression", "list"}
        self.home = self.parent.home if self.parent and is_inner else self

    @property
    def outer(self) -> "VariableScope | None":
        """The query, group or template around the scope's home."""
        parent = self.home.parent
        return parent.home if parent else None

    def assigns(self, name: str) -> bool:
        """Whether a variable gets its value by AS here, or around the group of an EXISTS."""
        home: VariableScope | None = self.home
        while home is not None and name not in home.assigned:
            home = home.outer if home.introduced == "EXISTS" else None
        return home is not None


class Word(NamedTuple):
    """A token of a query, in its scope."""

    token: Token
    scope: VariableScope
    before: Token
    before_that: Token

    @property
    def keyword(self) -> str:
        """The word in upper case; empty for other tokens."""
        return keyword(self.token)

    @property
    def name(self) -> str:
        """The name of a variable; empty for other tokens."""
        return self.token.text[1:] if self.token.kind == "variable" else ""

    @property
    def is_assigned(self) -> bool:
        """Whether AS gives this variable its value."""
        return bool(self.name) and keyword(self.before) == "AS"


def keyword(token: Token) -> str:
    """The word of a token in upper case; empty for other tokens."""
    return token.text.upper() if token.kind == "word" else ""


def words(text: str) -> list[Word]:
    """The tokens of a query with their scopes. A closing bracket belongs to the scope that it ends."""
    pattern = (pattern_span(text) or (len(text), 0))[0]
    stack, listed = (
        [VariableScope("query", _NO_TOKEN)],
        [Word(_NO_TOKEN, VariableScope("query", _NO_TOKEN), _NO_TOKEN, _NO_TOKEN)],
    )
    for read in tokens(text):
        for token in _compared(text, listed[-1].token, read) if stack[-1].kind == "expression" else (read,):
            scope, last = stack[-1], listed[-1]
            word = Word(token, scope, last.token, last.before)
            listed.append(word)
            if word.keyword == "SELECT" and scope.opening is last.token and scope.kind == "group":
                scope.kind = "query"
            if word.is_assigned:
                scope.home.assigned.add(word.name)
            if token.kind == "open":
                stack.append(VariableScope(_kind(word, pattern), token, scope, keyword(last.token)))
            elif token.kind == "close" and len(stack) > 1:
                stack.pop()
    return listed[1:]


def _kind(opening: Word, pattern: int) -> Kind:
    """The kind of the scope that a bracket opens."""
    scope = opening.scope
    if opening.token.text == "{":
        is_template = scope.kind == "template" or (scope.parent is None and opening.token.end < pattern)
        return "template" if is_template else "group"
    if opening.token.text == "(" and scope.kind != "template":
        condition = keyword(opening.before) in {"FILTER", "BIND"} or keyword(opening.before_that) == "FILTER"
        is_clause = scope.kind == "query" and keyword(opening.before) != "VALUES"
        return "expression" if condition or is_clause or scope.kind == "expression" else "list"
    return scope.kind if scope.kind in {"expression", "template"} else "list"


def _compared(text: str, last: Token, token: Token) -> Iterator[Token]:
    """The token, or the variables of comparisons in an expression that have the form of an IRI: `?a<?b&&?c>?d`."""
    is_comparison = token.kind == "iri" and last.kind in _OPERANDS and not text[last.end : token.start].strip()
    variables = list(_VARIABLE.finditer(token.text)) if is_comparison else []
    if not variables:
        yield token
    for match in variables:
        yield Token("variable", match.group(), token.start + match.start(), token.start + match.end())
