"""Mistakes in a query that Oxigraph refuses without their true reason, each with its place."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from kg.core.spelling import did_you_mean, nearest
from kg.rdf.sparql_syntax import Token, line_and_column
from kg.sparql.scopes import VariableScope, Word, keyword, words

AGGREGATES = frozenset(("COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"))
_CLAUSES = ("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES")
_AFTER = {"GROUP": 1, "HAVING": 2, "ORDER": 3, "LIMIT": 4, "OFFSET": 4, "VALUES": 5}
"""The order of the clauses after the pattern (SPARQL 1.1, rule 18)."""
_CLOSING = {"{": "}", "(": ")", "[": "]"}
_BRACES = {"OPTIONAL", "MINUS", "UNION", "EXISTS"}
_CONSTANTS = {"TRUE", "FALSE", "UNDEF"}
_FORBIDDEN = {"==": "compare with “=”", "<>": "write “!=”", "“": 'write " for quotes', "”": 'write " for quotes'}
_OPERATORS = {"AND": "&&", "OR": "||"}
_NOT_TRIPLES = {"FILTER", "BIND", "OPTIONAL", "MINUS", "UNION", "GRAPH", "VALUES", "SERVICE"}
_CALLED = AGGREGATES | frozenset(
    re.findall(
        r"\w+",
        """IN NOT EXISTS AS DISTINCT STR LANG LANGMATCHES DATATYPE BOUND IRI URI BNODE RAND ABS CEIL FLOOR ROUND CONCAT
        STRLEN UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES
        SECONDS TIMEZONE TZ NOW UUID STRUUID MD5 SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRDT SAMETERM ISIRI
        ISURI ISBLANK ISLITERAL ISNUMERIC REGEX SUBSTR REPLACE TRIPLE SUBJECT PREDICATE OBJECT ISTRIPLE LANGDIR
        STRLANGDIR HASLANG HASLANGDIR ADJUST""",
    )
)
"""The words before brackets: functions of SPARQL 1.1 (rule 121), those of 1.2 that Oxigraph knows, and operators."""
_IN_GROUPS = frozenset(
    re.findall(
        r"\w+",
        """FILTER OPTIONAL MINUS UNION EXISTS NOT GRAPH BIND VALUES SERVICE SILENT UNDEF TRUE FALSE A IN AS SELECT
        DISTINCT REDUCED WHERE ASK CONSTRUCT DESCRIBE FROM NAMED GROUP BY HAVING ORDER ASC DESC LIMIT OFFSET SEPARATOR
        BASE PREFIX""",
    )
)
"""The words that a pattern may have outside expressions, and those of clauses, which another check reports there."""
_STRAY = re.compile("|".join(_FORBIDDEN))


class Mistake(NamedTuple):
    """A mistake, and the index in the text where it begins."""

    start: int
    message: str


@dataclass(frozen=True, eq=False)
class _Query:
    """A SELECT query or subquery, by its clauses."""

    scope: VariableScope
    own: tuple[Word, ...]
    """The words outside its pattern."""

    @cached_property
    def clauses(self) -> dict[str, list[Word]]:
        """The words of each clause, without the pattern's brackets."""
        clauses: dict[str, list[Word]] = {}
        current = ""
        for word in self.own:
            if word.scope is self.scope and word.keyword in _CLAUSES:
                current = word.keyword
                clauses.setdefault(current, [])
            elif word.scope is self.scope and word.token.text == "{":
                current = ""
            elif current:
                clauses[current].append(word)
        return clauses

    def named(self, clause: str) -> list[Word]:
        """The variables that a clause names or gives a value, outside expressions."""
        return [w for w in self.clauses.get(clause, []) if w.name and (w.scope is self.scope or w.is_assigned)]

    @property
    def is_star(self) -> bool:
        """Whether it selects all variables."""
        return any(word.token.text == "*" and word.scope is self.scope for word in self.clauses.get("SELECT", []))

    @property
    def aggregation(self) -> str:
        """What makes groups of its rows: GROUP BY, HAVING or an aggregate; empty without any."""
        used = [w.keyword for name in ("SELECT", "ORDER") for w in self.clauses.get(name, []) if _is_aggregate(w)]
        return next((f"{'GROUP BY' if c == 'GROUP' else c}" for c in ("GROUP", "HAVING") if c in self.clauses), "") or (
            used[0] if used else ""
        )


@dataclass(frozen=True, eq=False)
class _Text:
    """The text of a query with its words and its SELECT queries."""

    text: str
    words: list[Word]

    @cached_property
    def queries(self) -> list[_Query]:
        """The SELECT queries, from the outermost inward."""
        scopes = {id(word.scope): word.scope for word in self.words if word.keyword == "SELECT"}
        return [_Query(s, tuple(w for w in self.words if w.scope.home is s)) for s in scopes.values()]

    @cached_property
    def inside(self) -> dict[int, list[Word]]:
        """The words directly inside each pair of brackets, by the index of the opening bracket."""
        inside: dict[int, list[Word]] = defaultdict(list)
        for word in self.words:
            if word.scope.parent and word.token.end > word.scope.opening.end:
                inside[word.scope.opening.start].append(word)
        return inside

    @cached_property
    def by_scope(self) -> dict[int, _Query]:
        """The queries by the identity of their scopes."""
        return {id(query.scope): query for query in self.queries}

    def visible(self, group: VariableScope, end: int) -> set[str]:
        """The variables that may have a value in a group before an index (SPARQL 1.1, section 18.2.1)."""
        inside = (word for word in self.words if word.name and group.opening.end <= word.token.start < end)
        return {word.name for word in inside if self._reaches(word, group)}

    def _reaches(self, word: Word, group: VariableScope) -> bool:
        if word.scope.kind == "expression" and not word.is_assigned:
            return False
        home: VariableScope | None = word.scope.home
        while home is not group:
            if home is None or home.introduced in {"EXISTS", "MINUS"}:
                return False
            query = self.by_scope.get(id(home))
            if query and not query.is_star and word.name not in {w.name for w in query.named("SELECT")}:
                return False
            home = home.outer
        return True


def first_mistake(text: str) -> tuple[str, int, int] | None:
    """The message, line and column of the first mistake in a text that is no SPARQL; None if no check knows it."""
    read = _Text(text, words(text))
    for check in _CHECKS:
        if mistake := min(check(read), default=None):
            return mistake.message, *line_and_column(text, mistake.start)
    return None


def _open_strings(read: _Text) -> Iterator[Mistake]:
    for word in read.words:
        token = word.token
        quotes = re.match("\"{3}|'{3}|[\"']", token.text) if token.kind == "string" else None
        if quotes and (len(token.text) < 2 * len(quotes[0]) or not token.text.endswith(quotes[0])):
            yield Mistake(token.start, f"the text that begins here has no closing {quotes[0]}")


def _brackets(read: _Text) -> Iterator[Mistake]:
    opened: list[Token] = []
    for word in read.words:
        token = word.token
        if token.kind == "open":
            opened.append(token)
        elif token.kind == "close" and not opened:
            yield Mistake(token.start, f"no bracket is open that “{token.text}” can close")
            return
        elif token.kind == "close" and _CLOSING[(last := opened.pop()).text] != token.text:
            place = "{}:{}".format(*line_and_column(read.text, last.start))
            yield Mistake(
                token.start, f"“{_CLOSING[last.text]}” is missing before this: “{last.text}” at {place} is open"
            )
            return
    if opened:
        yield Mistake(
            opened[-1].start, f"this “{opened[-1].text}” is never closed: “{_CLOSING[opened[-1].text]}” is missing"
        )


def _stray_signs(read: _Text) -> Iterator[Mistake]:
    at = 0
    for start, end in [
        *((w.token.start, w.token.end) for w in read.words if w.token.text != "<>"),
        (len(read.text),) * 2,
    ]:
        for match in _STRAY.finditer(re.sub("#.*", lambda m: " " * len(m[0]), read.text[at:start])):
            yield Mistake(at + match.start(), f"{match[0]} is no sign of SPARQL: {_FORBIDDEN[match[0]]}")
        at = max(at, end)


def _conditions(read: _Text) -> Iterator[Mistake]:
    """Words that brackets must follow."""
    for word, after in pairwise(read.words):
        if word.keyword in {"FILTER", "HAVING"} and after.token.kind in {"variable", "string", "number", "operator"}:
            yield Mistake(after.token.start, f"the condition of {word.keyword} needs brackets: {word.keyword}(…)")
        elif word.keyword == "BIND" and after.token.text != "(":
            yield Mistake(after.token.start, "BIND needs brackets: BIND(… AS ?name)")
        elif word.keyword in _BRACES and after.token.text != "{":
            yield Mistake(after.token.start, f"{word.keyword} needs a group in braces: {word.keyword} {{ … }}")
        elif word.keyword in {"LIMIT", "OFFSET"} and not re.match(r"\s*\d", read.text[word.token.end :]):
            yield Mistake(after.token.start, f"{word.keyword} needs a whole number")
        elif after.keyword == "UNION" and word.token.text != "}":
            yield Mistake(after.token.start, "UNION needs a group in braces on both sides: { … } UNION { … }")


def _paths(read: _Text) -> Iterator[Mistake]:
    for word, after in pairwise(read.words):
        adjacent = word.name and after.token.start == word.token.end and after.scope is word.scope
        if adjacent and word.scope.kind == "group" and read.text[after.token.start] in "*+/|":
            yield Mistake(word.token.start, f"a property path cannot contain a variable: ?{word.name}")


def _selections(read: _Text) -> Iterator[Mistake]:
    """Mistakes in the list of a SELECT."""
    for query in read.queries:
        listed = [w for w in query.clauses["SELECT"] if w.keyword not in {"DISTINCT", "REDUCED"}]
        select = next(word for word in query.own if word.keyword == "SELECT")
        if not listed:
            yield Mistake(select.token.start, "SELECT names no variable: name some, or write * for all")
        for word in listed:
            if word.scope is query.scope and word.token.kind in {"word", "name", "iri"} and _is_call(read, word):
                call = f"({word.token.text}(…) AS ?name)"
                yield Mistake(word.token.start, f"an expression in SELECT needs brackets and a name: {call}")
            elif word.scope is query.scope and "," in (gap := read.text[word.before.end : word.token.start]):
                yield Mistake(word.before.end + gap.index(","), "SELECT lists variables without commas")
            elif word.token.text == "(" and word.scope is query.scope and not _has_name(query, word.token):
                yield Mistake(word.token.start, "an expression in SELECT needs a name: (… AS ?name)")


def _is_call(read: _Text, word: Word) -> bool:
    return read.text[word.token.end :].lstrip().startswith("(")


def _has_name(query: _Query, opening: Token) -> bool:
    return any(word.is_assigned and word.scope.opening is opening for word in query.own)


def _bindings(read: _Text) -> Iterator[Mistake]:
    for word in read.words:
        is_bind = word.token.text == "(" and keyword(word.before) == "BIND"
        if is_bind and not any(inner.is_assigned for inner in read.inside[word.token.start]):
            yield Mistake(word.before.start, "BIND needs a name: BIND(… AS ?name)")


def _functions(read: _Text) -> Iterator[Mistake]:
    for word in (word for word in read.words if word.scope.kind == "expression" and word.keyword):
        token = word.token
        if word.keyword in _OPERATORS:
            yield Mistake(token.start, f"{token.text} is no operator of SPARQL: write {_OPERATORS[word.keyword]}")
        elif word.keyword not in _CALLED and _is_call(read, word):
            yield Mistake(
                token.start, f"SPARQL has no function {token.text}{did_you_mean(nearest(word.keyword, _CALLED))}"
            )


def _bare_words(read: _Text) -> Iterator[Mistake]:
    """Words in a pattern that are neither keywords nor variables: `?a a Outcome`."""
    for word, after in pairwise(read.words):
        is_term = word.scope.kind == "group" and word.keyword and after.token.text != "("
        if is_term and word.keyword not in _IN_GROUPS and keyword(word.before) != "SERVICE":
            name = word.token.text
            remedy = f"write it with its prefix, as in kg:{name}; a variable is ?{name}, and a text '{name}'"
            yield Mistake(word.token.start, f"{name} is no term of SPARQL: {remedy}")


def _templates(read: _Text) -> Iterator[Mistake]:
    is_short = not any(word.scope.kind == "template" for word in read.words)
    for word in read.words if any(w.keyword == "CONSTRUCT" for w in read.words) else []:
        if word.keyword in _NOT_TRIPLES and (
            word.scope.kind == "template" or (is_short and word.scope.kind == "group")
        ):
            remedy = "; write the template before WHERE" if is_short else ""
            yield Mistake(word.token.start, f"the template of a CONSTRUCT has only triples, no {word.keyword}{remedy}")


def _order_of_clauses(read: _Text) -> Iterator[Mistake]:
    for query in read.queries:
        clauses = [w for w in query.own if w.scope is query.scope and w.keyword in _AFTER]
        for word, after in pairwise(clauses):
            if _AFTER[after.keyword] < _AFTER[word.keyword]:
                yield Mistake(after.token.start, f"{_called(after.keyword)} must come before {_called(word.keyword)}")


def _called(clause: str) -> str:
    return f"{clause} BY" if clause in {"GROUP", "ORDER"} else clause


def _repeated_selections(read: _Text) -> Iterator[Mistake]:
    for query in read.queries:
        yield from (Mistake(w.token.start, f"SELECT has ?{w.name} twice") for w in _repeated(query.named("SELECT")))


def _repeated(variables: Iterable[Word]) -> Iterator[Word]:
    """The variables that an earlier one equals."""
    seen: set[str] = set()
    for word in variables:
        if word.name in seen:
            yield word
        seen.add(word.name)


def _stars(read: _Text) -> Iterator[Mistake]:
    for query in read.queries:
        if query.is_star and query.aggregation:
            star = next(word for word in query.clauses["SELECT"] if word.token.text == "*")
            yield Mistake(star.token.start, f"SELECT * is not possible with {query.aggregation}: name the variables")


def _bound_again(read: _Text) -> Iterator[Mistake]:
    """Values for variables that have one: by BIND, by SELECT and by GROUP BY."""
    for word in read.words:
        home = word.scope.home
        if not word.is_assigned:
            continue
        if home.kind == "group" and word.name in read.visible(home, word.scope.opening.start):
            start = next(w.before.start for w in read.words if w.token is word.scope.opening)
            yield Mistake(start, f"?{word.name} is bound already; BIND needs another variable")
        elif query := read.by_scope.get(id(home)):
            named = {w.name for w in [*query.named("GROUP"), *query.named("VALUES")] if w is not word}
            if word in query.clauses["SELECT"] and word.name in _visible_in(read, query) | named:
                yield Mistake(word.token.start, f"?{word.name} is bound already; (… AS …) needs another variable")


def _visible_in(read: _Text, query: _Query) -> set[str]:
    """The variables of a query's pattern."""
    patterns = {
        id(w.scope): w.scope for w in read.words if w.scope.parent is query.scope and w.scope.opening.text == "{"
    }
    names: set[str] = set()
    for pattern in patterns.values():
        if not (inner := read.by_scope.get(id(pattern))):
            names |= read.visible(pattern, len(read.text))
        else:
            names |= _visible_in(read, inner) if inner.is_star else {word.name for word in inner.named("SELECT")}
    return names


def _rows_of_values(read: _Text) -> Iterator[Mistake]:
    for word, after, data in zip(read.words, read.words[1:], read.words[2:], strict=False):
        if word.keyword != "VALUES":
            continue
        names = [w for w in read.inside[after.token.start] if w.name] if after.token.text == "(" else []
        if not names:
            yield from _bracketed_values(read, after, data)
            continue
        yield from (Mistake(w.token.start, f"VALUES has ?{w.name} twice") for w in _repeated(names))
        following = (w for w in read.words if w.token.start > after.token.start)
        opening = next((w.token.start for w in following if w.token.text == "{"), -1)
        for row in (w for w in read.inside[opening] if w.token.text == "("):
            size = sum(map(_is_value, read.inside[row.token.start]))
            if size != len(names):
                counts = f"{size} {_plural('value', size)} for {len(names)} {_plural('variable', len(names))}"
                yield Mistake(row.token.start, f"this row of VALUES has {counts} (UNDEF leaves one free)")


def _bracketed_values(read: _Text, variable: Word, data: Word) -> Iterator[Mistake]:
    """A row in brackets for a variable without."""
    row = next((w.token.start for w in read.inside[data.token.start] if w.token.text == "("), None)
    if variable.name and row is not None:
        yield Mistake(row, f"rows in brackets need the variable in brackets: VALUES (?{variable.name}) {{ … }}")


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"


def _is_value(word: Word) -> bool:
    if word.token.kind in {"iri", "name"}:
        return word.before.text != "^"  # otherwise it is the datatype of the text before it
    return word.token.kind in {"string", "number"} or word.keyword in _CONSTANTS


def _blank_nodes(read: _Text) -> Iterator[Mistake]:
    """Blank node labels in two basic graph patterns (SPARQL 1.1, section 5.1.1)."""
    ended: dict[int, int] = defaultdict(int)  # how many inner groups have interrupted the pattern of a group
    patterns: dict[str, tuple[int, int]] = {}
    for word in read.words:
        home = id(word.scope.home)
        ended[home] += word.token.text == "{" and keyword(word.before) != "EXISTS"
        if word.token.text.startswith("_:") and word.scope.home.kind == "group":
            pattern = (home, ended[home])
            if patterns.setdefault(word.token.text, pattern) != pattern:
                yield Mistake(word.token.start, f"{word.token.text} is used in two groups; a variable can be")


def _is_aggregate(word: Word) -> bool:
    return word.keyword in AGGREGATES and word.scope.kind in {"expression", "query"}


def _misplaced_aggregates(read: _Text) -> Iterator[Mistake]:
    for word in read.words:
        if word.keyword in AGGREGATES and word.scope.home.kind == "group" and word.scope.kind == "expression":
            yield Mistake(word.token.start, f"{word.keyword} is only possible in SELECT, HAVING and ORDER BY")
    for query in read.queries:
        for word in query.clauses.get("GROUP", []):
            if word.keyword in AGGREGATES:
                yield Mistake(word.token.start, f"{word.keyword} is only possible in SELECT, HAVING and ORDER BY")


def _ungrouped(read: _Text) -> Iterator[Mistake]:
    """Variables that an aggregating query selects, but neither groups nor aggregates (SPARQL 1.1, section 11.4)."""
    for query in read.queries:
        known = {word.name for word in query.named("GROUP")}
        for word in query.clauses["SELECT"] if query.aggregation else []:
            if word.name and not word.is_assigned and word.name not in known and not _is_aggregated(word):
                reason = f"{query.aggregation} makes groups of the rows"
                yield Mistake(
                    word.token.start, f"?{word.name} is neither in GROUP BY nor in an aggregate, but {reason}"
                )


def _is_aggregated(word: Word) -> bool:
    scope: VariableScope | None = word.scope
    while scope and scope.kind == "expression":
        if scope.introduced in AGGREGATES:
            return True
        scope = scope.parent
    return False


_CHECKS: tuple[Callable[[_Text], Iterator[Mistake]], ...] = (
    _open_strings,
    _brackets,
    _stray_signs,
    _conditions,
    _bindings,
    _functions,
    _bare_words,
    _templates,
    _paths,
    _selections,
    _order_of_clauses,
    _repeated_selections,
    _stars,
    _rows_of_values,
    _blank_nodes,
    _misplaced_aggregates,
    _bound_again,
    _ungrouped,
)
"""From the signs of a text to its meaning: a later check relies on what the earlier ones establish."""
