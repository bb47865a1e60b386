"""`kg.query`: asking from Python as the command asks, queries of the library and typed parameters with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyoxigraph as ox

from kg import sparql
from kg.config import Config, load
from kg.parameters import Binder
from kg.questions import Header, find_query
from kg.sparql import Answer, Term
from kg.store import Store


def query(
    store: Store | str | Path,
    question: str,
    params: Mapping[str, object] | None = None,
    *,
    graphs: Sequence[ox.NamedNode] = (),
    services: bool = False,
) -> Answer:
    """Ask a store: in SPARQL 1.1, in a file that ends in `.rq`, or by the name of a query of the vault's library.

    Prefixes of the vault need not be declared. `params` binds variables: `{"title": "Lean"}`. Where the query's header
    gives a parameter a type, a value means what it would on the command line, and what the header wants must be there;
    of any other a text is read as `kg.sparql.term` reads it. `graphs` are what the query takes for the default graph;
    without any, that is all that is known. With `services` it may call other servers by SERVICE. Raises
    QuerySyntaxError, NotFound, KgError.
    """
    store = store if isinstance(store, Store) else Store(store)
    text, name = (question, "query") if _is_text(question) else find_query(_config(store), question)
    header = Header.of(text, name)
    bound = {one: given if isinstance(given, Term) else _written(given) for one, given in (params or {}).items()}
    if header.params:
        bound = Binder(_config(store)).bind(header.params, bound)
    return sparql.query(store, text, bound, graphs=graphs, services=services)


def _is_text(question: str) -> bool:
    """Whether a question cannot be the name of a query or of a file."""
    return "{" in question or (len(question.split()) > 1 and not question.endswith(".rq"))


def _written(value: object) -> str:
    """A value of Python as it would be typed: a date as 2026-01-31, yes as true."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _config(store: Store) -> Config:
    """The settings of the vault that a store was made of, as they are now."""
    return load(Path(str(store.manifest.summary.get("vault", ""))), store=store.path)
