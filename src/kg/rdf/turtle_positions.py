"""The positions of triples in a Turtle text that Oxigraph has parsed, which gives triples without positions.

The text is valid, so a walk over its tokens is enough. The walk states the triples in the order of Oxigraph.
Grammar: RDF 1.1 Turtle, section 6.5.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyoxigraph as ox

_TOKEN = re.compile(
    r"""\#[^\n\r]*
    |(?P<iri><[^<>\s]*>)
    |(?P<string>\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    |(?P<type>\^\^)
    |(?P<mark>[.;,\[\]()])
    |(?P<name>(?:[^\s<>"'(){}\[\];,.#^@\\|]|\\.|\.+(?=[^\s<>"'(){}\[\];,.#^@|]))+)
    |(?P<other>\S)""",
    re.X | re.S,
)
_ESCAPE = re.compile(r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\.|.", re.S)
_DIRECTIVES = {"PREFIX": 2, "BASE": 1, "VERSION": 1}
"""The tokens after a directive of SPARQL's notation."""


class _Token(NamedTuple):
    kind: str
    start: int
    end: int
    text: str
    number: int


class TriplePosition(NamedTuple):
    """The offsets of a triple's subject and predicate, and the bounds of its object; `[` or `(` for a nameless node."""

    subject: int
    predicate: int
    start: int
    end: int


def positions(text: str, triples: Sequence[ox.Triple]) -> Mapping[ox.Triple, TriplePosition]:
    """The position of each triple; empty for notations that this walk does not read (RDF 1.2)."""
    try:
        rows = [row.position for row in sorted(_TurtleWalk(text).statements(), key=lambda row: row.order)]
    except RuntimeError:  # an unknown notation, or nested too deeply
        return {}
    if len(rows) != len(triples):
        return {}
    return dict(zip(reversed(triples), reversed(rows), strict=True))


def offset_in_literal(text: str, position: TriplePosition, index: int) -> int:
    """The offset in a Turtle text of a character of a literal, which may contain escapes."""
    quotes = 3 if text.startswith(('"' * 3, "'" * 3), position.start) else 1
    offset = position.start + quotes
    for _ in range(index):
        match = _ESCAPE.match(text, offset)
        offset = match.end() if match else offset
    return offset


class _Row(NamedTuple):
    position: TriplePosition
    order: tuple[int, bool]
    """The number of the token at which Oxigraph states the triple, and whether it comes last there."""


def _row(subject: int, predicate: int, obj: _Token, at: int, *, late: bool = False) -> _Row:
    return _Row(TriplePosition(subject, predicate, obj.start, obj.end), (at, late))


@dataclass
class _TurtleWalk:
    """A walk over the tokens of a text; `token` is the current one."""

    text: str
    token: _Token = field(init=False)

    def __post_init__(self) -> None:
        found = (match for match in _TOKEN.finditer(self.text) if match.lastgroup)
        self._tokens = (_Token(m.lastgroup or "", m.start(), m.end(), m.group(), n) for n, m in enumerate(found))
        self.token = _Token("", 0, 0, "", -1)
        self._next()

    def _next(self) -> _Token:
        """Go to the next token; return the one before it."""
        before, size = self.token, len(self.text)
        self.token = next(self._tokens, _Token("end", size, size, "", before.number + 1))
        return before

    def statements(self) -> Iterator[_Row]:
        """The positions, statement by statement. Raises RuntimeError for an unknown notation, or a depth of 300."""
        while self.token.kind != "end":
            if self.token.kind == "tag":
                while self._next().text != ".":
                    pass
            elif self.token.kind == "name" and self.token.text.upper() in _DIRECTIVES:
                for _ in range(_DIRECTIVES[self.token.text.upper()] + 1):
                    self._next()
            else:
                yield from self._statement()

    def _statement(self) -> Iterator[_Row]:
        subject = self.token.start
        if self.token.text == "(":
            yield from self._list(None)
        elif self.token.text == "[":
            self._next()
            yield from self._predicates(subject, "]")
        else:
            self._term()
        yield from self._predicates(subject, ".")

    def _term(self) -> _Token:
        """Pass a term that has no triples of its own. Raises RuntimeError if there is none."""
        term = self._next()
        if term.kind not in {"iri", "name", "string"}:
            raise RuntimeError(f"no term: {term.text}")
        if term.kind == "string" and self.token.kind in {"tag", "type"} and self._next().kind == "type":
            self._next()
        return term

    def _predicates(self, subject: int, end: str) -> Iterator[_Row]:
        while self.token.text != end:
            if self.token.text == ";":
                self._next()
                continue
            predicate = self._term().start
            yield from self._object(subject, predicate)
            while self.token.text == ",":
                self._next()
                yield from self._object(subject, predicate)
        self._next()

    def _object(self, subject: int, predicate: int) -> Iterator[_Row]:
        token = self.token
        if token.text == "(":
            yield from self._list((subject, predicate))
            return
        if token.text == "[":
            self._next()
            yield from self._predicates(token.start, "]")
        else:
            self._term()
        last = self.token.number - 1
        # After a text, Oxigraph waits for the next token, which could be a language or a datatype.
        late = token.kind == "string" and last == token.number
        yield _row(subject, predicate, token, last + late, late=late)

    def _list(self, link: tuple[int, int] | None) -> Iterator[_Row]:
        """A list: an object with the subject and predicate that lead to it, or a subject."""
        opening = self._next()
        while self.token.text != ")":
            cell = self.token
            yield from self._object(cell.start, cell.start)
            if link:
                yield _row(*link, opening, cell.number)
            link, opening = (cell.start, cell.start), self.token
        closing = self._next()
        if link:
            yield _row(*link, opening, closing.number)
