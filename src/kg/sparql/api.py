"""`kg.query`: run a query from Python as `kg query` does, with the query library and typed parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyoxigraph as ox

from kg.sparql import query as sparql
from kg.sparql.answer import Answer, Term
from kg.sparql.library import Header, find_query
from kg.sparql.parameters import Binder
from kg.store.project import Project
from kg.store.store import Store


def query(
    store: Store | str | Path,
    question: str,
    params: Mapping[str, object] | None = None,
    *,
    graphs: Sequence[ox.NamedNode] = (),
    services: bool = False,
) -> Answer:
    """Query a store: with SPARQL 1.1 text, a file that ends in `.rq`, or the name of a query in the vault's library.

    The vault's prefixes need no declaration. `params` binds variables: `{"title": "Lean"}`. If the query's header
    declares parameters, their values mean what they mean on the command line, and required ones must be present;
    `kg.sparql.binding.term` reads the text of any other. `graphs` form the default graph of the query; without them,
    it holds all known triples. With `services`, the query may call other servers by SERVICE. Raises QuerySyntaxError,
    NotFound, KgError.
    """
    store = store if isinstance(store, Store) else Store(store)
    text, name = (question, "query") if _is_text(question) else find_query(Project.of(store).config, question)
    header = Header.of(text, name)
    bound = {key: value if isinstance(value, Term) else written(value) for key, value in (params or {}).items()}
    if header.params:
        bound = Binder(Project.of(store).config).bind(header.params, bound)
    return sparql.query(store, text, bound, graphs=graphs, services=services)


def _is_text(question: str) -> bool:
    """Whether a question is SPARQL text, not the name of a query or a file."""
    return "{" in question or (len(question.split()) > 1 and not question.endswith(".rq"))


def written(value: object) -> str:
    """A Python value as the user would type it: a date as 2026-01-31, True as true."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
