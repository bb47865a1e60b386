"""Functions that a query may call beside those of SPARQL, by their IRIs, as `ontology/kg.ttl` describes them.

    SELECT ?note ?score { ?note a kg:Concept BIND (kg:textScore(?note, "learning cycle") AS ?score)
                          FILTER (BOUND(?score)) } ORDER BY DESC(?score)

What a function raises would be lost in Oxigraph, which takes it for no value. So whatever can go wrong with the
index goes wrong before the query is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import KgError
from kg.store import Store
from kg.terms import KG

if TYPE_CHECKING:
    from kg.retrieval import Query, Row, Searcher

SCORE, CONTEXT = KG + "textScore", KG + "textContext"
_CONTEXT = 160
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
    _found: dict[str, tuple["Query", dict[str, "Row"]] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from kg.retrieval import Searcher, index_of, vault_of

        config = vault_of(self.store)
        self.searcher = Searcher(index_of(self.store, config), config)

    def score(self, *given: Any) -> ox.Literal | None:
        """How well a thing answers a search; no value where it does not."""
        found = self._row(given)
        return ox.Literal(round(found[1].score, 6)) if found else None

    def context(self, *given: Any) -> ox.Literal | None:
        """The line of a thing with the words that were found; no value where there is none."""
        from kg.retrieval import excerpt

        found = self._row(given)
        if found is None:
            return None
        (hit,) = self.searcher.hits([found[1]], found[0])
        return ox.Literal(excerpt(hit.text, hit.marks, _CONTEXT)[0])

    def _row(self, given: tuple[Any, ...]) -> "tuple[Query, Row] | None":
        match given:
            case (ox.NamedNode() as thing, ox.Literal() as words):
                if words.value not in self._found:
                    self._found[words.value] = self._search(words.value)
                query, rows = self._found[words.value] or (None, {})
                row = rows.get(thing.value)
                return (query, row) if query and row else None
        return None

    def _search(self, text: str) -> "tuple[Query, dict[str, Row]] | None":
        from kg.fulltext import Damaged
        from kg.retrieval import Query, Searcher, index_of

        try:
            query = Query.parse(text)
        except KgError:
            return None
        try:
            return query, self.searcher.things(query)
        except Damaged:
            config = self.searcher.config
            self.searcher = Searcher(index_of(self.store, config, anew=True), config)
            return query, self.searcher.things(query)
