"""A dataset in two parts that a script reads fast: the terms, and the triples of each graph as numbers of terms.

Each quad is held once. The default graph is not held: it has each triple of the named graphs once (`Store.quad_lines`).
"""

import sys
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

_NONE = b""


@dataclass(frozen=True)
class CompactDataset:
    """Quads as sorted terms and numbers."""

    quads: list[tuple[bytes, bytes, bytes, bytes]]
    """Graph, subject, predicate and object as N-Triples writes them, sorted; an empty graph is the default graph."""

    @classmethod
    def of(cls, lines: Iterable[bytes], *, named: bool) -> "CompactDataset":
        """The quads of lines of N-Quads: of the named graphs if `named` is set, else of the default graph."""
        rows = (row for row in map(_split, lines) if bool(row[0]) == named)
        return cls(sorted(rows))

    @cached_property
    def terms(self) -> list[bytes]:
        """The terms, sorted; a term's number is its place."""
        return sorted({term for quad in self.quads for term in quad if term})

    @cached_property
    def numbers(self) -> dict[bytes, int]:
        """The number of each term."""
        return {term: number for number, term in enumerate(self.terms)}

    def text(self) -> bytes:
        """The terms, one a line. A term has no line feed, since N-Triples escapes it."""
        return b"\n".join(self.terms)

    def columns(self) -> bytes:
        """Unsigned 32-bit numbers, little-endian.

        The number of graphs; of each graph its term, counted from 1 (0 is the default graph), and the number of its
        triples; then all subjects, all predicates and all objects.
        """
        graphs = [(name, sum(1 for _ in rows)) for name, rows in groupby(self.quads, key=lambda quad: quad[0])]
        numbers = array("I", [len(graphs)])
        for name, count in graphs:
            numbers.extend((self.numbers[name] + 1 if name else 0, count))
        for place in (1, 2, 3):
            numbers.extend(self._column(place))
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers.tobytes()

    def _column(self, place: int) -> Iterator[int]:
        return (self.numbers[quad[place]] for quad in self.quads)


def _split(line: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """The graph, subject, predicate and object of a line. Only a literal has spaces, and no graph is a literal."""
    subject, predicate, rest = line.rstrip(b"\n").removesuffix(b" .").split(b" ", 2)
    if rest.endswith(b">") and b" <" in rest:
        obj, _, graph = rest.rpartition(b" <")
        if b'"' not in graph:
            return b"<" + graph, subject, predicate, obj
    return _NONE, subject, predicate, rest
