"""Why a query has no answer: the pattern that excludes the last rows, or the conditions after the patterns."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyoxigraph as ox

from kg.rdf.rdflib_terms import rdflib_silent
from kg.store.store import Store

_MOST, _COUNTED = 12, 10_000
_REQUIRED = {
    "SelectQuery": ("p",), "ConstructQuery": ("p",), "AskQuery": ("p",), "Project": ("p",), "Distinct": ("p",),
    "Reduced": ("p",), "OrderBy": ("p",), "Slice": ("p",), "Filter": ("p",), "Extend": ("p",), "AggregateJoin": ("p",),
    "Group": ("p",), "Join": ("p1", "p2"), "LeftJoin": ("p1",), "Minus": ("p1",),
}  # fmt: skip
"""The operators of the algebra whose parts must match for a row, with these parts."""
_EXCLUDES = re.compile(r"\b(FILTER|MINUS|HAVING)\b", re.I)
_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


@dataclass(frozen=True)
class NoAnswer:
    """A query without an answer; `terms` are its parameters in SPARQL, by their variables."""

    store: Store
    text: str
    terms: Mapping[str, str]
    graphs: Sequence[ox.NamedNode] = ()

    def reason(self) -> str:
        """The sentence; empty if the query is not simple enough to say."""
        patterns = self._patterns
        if not patterns or len(patterns) > _MOST:
            return ""
        for number in range(1, len(patterns) + 1):
            if not self._count(patterns[:number], 1):
                return self._stopped(patterns[: number - 1], patterns[number - 1])
        excludes = sorted({match.upper() for match in _EXCLUDES.findall(self.text)})
        rows = self._rows(self._count(patterns, _COUNTED))
        return f"{rows} the patterns of the query, and {' or '.join(excludes)} excludes all" if excludes else ""

    def _stopped(self, before: Sequence[str], pattern: str) -> str:
        if not before:
            return f"nothing matches {self._short(pattern)}"
        rows = self._rows(self._count(before, _COUNTED))
        return f"{rows} {' . '.join(map(self._short, before))}, but none of them {self._short(pattern)}"

    @staticmethod
    def _rows(number: int) -> str:
        return f"{'over ' if number == _COUNTED else ''}{number:,} {'row matches' if number == 1 else 'rows match'}"

    @cached_property
    def _patterns(self) -> list[str]:
        """The triple patterns that each row must match: those with a parameter first, then classes, paths last."""
        from rdflib.plugins.sparql.algebra import translateQuery
        from rdflib.plugins.sparql.parser import parseQuery

        try:
            with rdflib_silent():
                tree = translateQuery(parseQuery(self.text), initNs=self.store.prefixes)
        except Exception:  # noqa: BLE001 - rdflib does not read all that Oxigraph reads; a hint is no place to fail
            return []
        return sorted((" ".join(map(self._part, triple)) for triple in _required(tree.algebra)), key=self._rank)

    def _rank(self, pattern: str) -> tuple[bool, bool, bool]:
        has_term = any(term in pattern for term in self.terms.values())
        return not has_term, any(sign in pattern for sign in "|+*^("), _TYPE not in pattern

    def _part(self, part: Any) -> str:
        text = str(part.n3())
        return self.terms.get(text[1:], text) if text.startswith("?") else text

    def _count(self, patterns: Sequence[str], most: int) -> int:
        """The number of rows that match patterns, up to a number."""
        query = f"SELECT (COUNT(*) AS ?kg_rows) {{ SELECT * {{ {' . '.join(patterns)} }} LIMIT {most} }}"
        options: dict[str, Any] = {"default_graph": list(self.graphs)} if self.graphs else {}
        (row,) = self.store.select(query, **options)
        return int(row[0].value)

    def _short(self, pattern: str) -> str:
        """A pattern with prefixes, as a query is written."""
        pattern = pattern.replace(_TYPE, "a")
        for name, space in self.store.prefixes.items():
            pattern = re.sub(rf"<{re.escape(space)}([\w.-]+)>", rf"{name}:\1", pattern)
        return pattern


def _required(node: Any) -> Iterator[tuple[Any, ...]]:
    """The triple patterns that must match for a row."""
    if getattr(node, "name", "") == "BGP":
        yield from (tuple(triple) for triple in node["triples"])
    for key in _REQUIRED.get(getattr(node, "name", ""), ()):
        yield from _required(node[key])
