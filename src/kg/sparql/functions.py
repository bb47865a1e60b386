"""Functions that a query may call by their IRIs in addition to SPARQL's. `ontology/kg.ttl` describes them.

    SELECT ?note ?score { ?note a kg:Concept BIND (kg:textScore(?note, "learning cycle") AS ?score)
                          FILTER (BOUND(?score)) } ORDER BY DESC(?score)

Oxigraph swallows the exceptions of a function and takes them for no value. So everything that can fail in the index
must fail before the query runs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.rdf.terms import KG
from kg.store.store import Store

if TYPE_CHECKING:
    from kg.fulltext.search_query import Query
    from kg.fulltext.searcher import Searcher, SectionRow


SCORE, CONTEXT = KG + "textScore", KG + "textContext"
_CONTEXT = 160
_ATTEMPTS = 3
_T = TypeVar("_T")
Function = Callable[..., ox.Literal | None]


def functions(store: Store, text: str) -> dict[ox.NamedNode, Function]:
    """The functions for a query that names them; none, and no preparation, for any other query. Raises KgError."""
    if "textScore" not in text and "textContext" not in text:
        return {}
    search = FullTextFunctions(store)
    return {ox.NamedNode(SCORE): search.score, ox.NamedNode(CONTEXT): search.context}


@dataclass
class FullTextFunctions:
    """Full-text search for one query. Each text is searched for once."""

    store: Store
    searcher: "Searcher" = field(init=False)
    _searches: dict[str, "_Search | None"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from kg.fulltext.searcher import Searcher, index_of
        from kg.store.project import Project

        config = Project.of(self.store).config
        self.searcher = Searcher(index_of(self.store, config), config)

    def score(self, *arguments: Any) -> ox.Literal | None:
        """How well a thing matches a search; no value if it does not match."""
        match arguments:
            case (ox.NamedNode() as thing, ox.Literal() as words):
                search = self._search(words.value)
                row = search.rows.get(thing.value) if search else None
                return ox.Literal(round(row.score, 6)) if row else None
        return None

    def context(self, *arguments: Any) -> ox.Literal | None:
        """The line of a thing that matches the words; no value if no line does."""
        match arguments:
            case (ox.NamedNode() as thing, ox.Literal() as words):
                line = self._mended(lambda: self._line(thing.value, words.value))
                return ox.Literal(line) if line is not None else None
        return None

    def _search(self, text: str) -> "_Search | None":
        """The results of a search, cached even if the text is no valid search."""
        if text not in self._searches:
            self._searches[text] = self._mended(lambda: self._searched(text))
        return self._searches[text]

    def _searched(self, text: str) -> "_Search | None":
        from kg.fulltext.search_query import Query

        try:
            query = Query.parse(text)
        except KgError:
            return None
        with self.searcher.index.snapshot() as state:
            return _Search(query, self.searcher.things(query), state)

    def _line(self, thing: str, text: str) -> str | None:
        """The line of a thing, from the index state that the search saw. Searches again if the index has changed."""
        from kg.fulltext.excerpt import excerpt

        for _ in range(_ATTEMPTS):
            search = self._search(text)
            row = search.rows.get(thing) if search else None
            if search is None or row is None:
                return None
            with self.searcher.index.snapshot() as state:
                if state == search.state:
                    (hit,) = self.searcher.hits([row], search.query)
                    return excerpt(hit.text, hit.marks, _CONTEXT)[0]
            del self._searches[text]
        return None

    def _mended(self, work: "Callable[[], _T]") -> "_T":
        """Return the result of `work`; if the index is damaged, rebuild it and retry."""
        from kg.fulltext.database import Damaged
        from kg.fulltext.searcher import Searcher, index_of

        try:
            return work()
        except Damaged:
            config = self.searcher.config
            self.searcher = Searcher(index_of(self.store, config, anew=True), config)
            self._searches.clear()
            return work()


@dataclass(frozen=True)
class _Search:
    """A search, its results by IRI, and the state of the index that it saw."""

    query: "Query"
    rows: "dict[str, SectionRow]"
    state: int
