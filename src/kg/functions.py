"""Functions that a query may call beside those of SPARQL, by their IRIs, as `ontology/kg.ttl` describes them.

    SELECT ?note ?score { ?note a kg:Concept BIND (kg:textScore(?note, "learning cycle") AS ?score)
                          FILTER (BOUND(?score)) } ORDER BY DESC(?score)

What a function raises would be lost in Oxigraph, which takes it for no value. So whatever can go wrong with the
index goes wrong before the query is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pyoxigraph as ox

from kg.errors import KgError
from kg.store import Store
from kg.terms import KG

if TYPE_CHECKING:
    from kg.retrieval import Query, Row, Searcher

SCORE, CONTEXT = KG + "textScore", KG + "textContext"
_CONTEXT = 160
_ATTEMPTS = 3
_T = TypeVar("_T")
Function = Callable[..., ox.Literal | None]


def functions(store: Store, text: str) -> dict[ox.NamedNode, Function]:
    """The functions for a query that names them; for any other none, and nothing is made ready. Raises KgError."""
    if "textScore" not in text and "textContext" not in text:
        return {}
    found = FullTextFunctions(store)
    return {ox.NamedNode(SCORE): found.score, ox.NamedNode(CONTEXT): found.context}


@dataclass
class FullTextFunctions:
    """Full-text search for one query: each text that is asked for is searched for once."""

    store: Store
    searcher: "Searcher" = field(init=False)
    _found: dict[str, "_Search | None"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from kg.retrieval import Searcher, index_of, vault_of

        config = vault_of(self.store)
        self.searcher = Searcher(index_of(self.store, config), config)

    def score(self, *given: Any) -> ox.Literal | None:
        """How well a thing answers a search; no value where it does not."""
        match given:
            case (ox.NamedNode() as thing, ox.Literal() as words):
                search = self._search(words.value)
                row = search.rows.get(thing.value) if search else None
                return ox.Literal(round(row.score, 6)) if row else None
        return None

    def context(self, *given: Any) -> ox.Literal | None:
        """The line of a thing with the words that were found; no value where there is none."""
        match given:
            case (ox.NamedNode() as thing, ox.Literal() as words):
                line = self._mended(lambda: self._line(thing.value, words.value))
                return ox.Literal(line) if line is not None else None
        return None

    def _search(self, text: str) -> "_Search | None":
        """What a text finds; that it finds nothing is remembered too."""
        if text not in self._found:
            self._found[text] = self._mended(lambda: self._searched(text))
        return self._found[text]

    def _searched(self, text: str) -> "_Search | None":
        from kg.retrieval import Query

        try:
            query = Query.parse(text)
        except KgError:
            return None
        with self.searcher.index.snapshot() as state:
            return _Search(query, self.searcher.things(query), state)

    def _line(self, thing: str, text: str) -> str | None:
        """The line of a thing: of the index as it was when the text was searched for, or else it is searched again."""
        from kg.retrieval import excerpt

        for _ in range(_ATTEMPTS):
            search = self._search(text)
            row = search.rows.get(thing) if search else None
            if search is None or row is None:
                return None
            with self.searcher.index.snapshot() as state:
                if state == search.state:
                    (hit,) = self.searcher.hits([row], search.query)
                    return excerpt(hit.text, hit.marks, _CONTEXT)[0]
            del self._found[text]
        return None

    def _mended(self, work: "Callable[[], _T]") -> "_T":
        """What some work gives; where the index turns out to be damaged, with one made anew."""
        from kg.fulltext import Damaged
        from kg.retrieval import Searcher, index_of

        try:
            return work()
        except Damaged:
            config = self.searcher.config
            self.searcher = Searcher(index_of(self.store, config, anew=True), config)
            self._found.clear()
            return work()


@dataclass(frozen=True)
class _Search:
    """A text that was searched for, and what it found in which state of the index, by IRI."""

    query: "Query"
    rows: "dict[str, Row]"
    state: int
