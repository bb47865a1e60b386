"""Run SPARQL 1.1 queries against a store and, if the caller allows SERVICE, other servers.

A query is checked before it runs: how deep its brackets nest (Oxigraph's parser has no limit and would crash the
process), and whether it calls another server, which `kg` does only on request.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.core.sandbox import is_closed, without_network
from kg.rdf.sparql_syntax import check, star_end, tokens
from kg.sparql.answer import Answer, CarriedRows, Kind, Term, answering, unanswered
from kg.sparql.binding import bind
from kg.sparql.functions import functions
from kg.sparql.syntax_errors import syntax_error, syntax_error_in
from kg.store.generations import damaged_store, is_damage
from kg.store.store import Store


class QueryDataset(NamedTuple):
    """The graphs that a query sees, whatever it says itself: those that form its default graph, and the named ones."""

    default: Sequence[ox.NamedNode] = ()
    named: Sequence[ox.NamedNode] = ()


def query(
    store: Store | str | Path,
    text: str,
    params: Mapping[str, str | Term] | None = None,
    *,
    graphs: Sequence[ox.NamedNode] = (),
    dataset: QueryDataset | None = None,
    base: str = "",
    services: bool = False,
) -> Answer:
    """Run a query against a store. The vault's prefixes need no declaration. Raises QuerySyntaxError, KgError,
    StoreError.

    `params` binds variables to terms: `{"title": "Lean"}`; `kg.sparql.binding.term` reads a text. `graphs` form the
    default graph of the query; without them, it holds all known triples. A `dataset` replaces that of the query's own
    FROM and FROM NAMED; relative IRIs are relative to `base`. With `services`, the query may call other servers by
    SERVICE.
    """
    store = store if isinstance(store, Store) else Store(store)
    check(text, services=services)
    bound = bind(text, params or {}, store.prefixes)
    options: dict[str, Any] = {"default_graph": list(graphs)} if graphs else {}
    if dataset is not None:
        options = {"default_graph": list(dataset.default), "named_graphs": list(dataset.named)}
    if base:
        options["base_iri"] = base
    if services or is_closed():
        return _evaluated(store, text, bound, options)
    try:
        kind, result = without_network(lambda: _to_carry(_evaluated(store, text, bound, options)))
    except (RuntimeError, OSError) as error:
        if is_damage(error):
            raise damaged_store(store.path, error) from error
        raise
    if isinstance(result, bytes):
        result = CarriedRows(result) if kind == "select" else ox.parse_query_results(result, ox.QueryResultsFormat.JSON)
    return Answer(kind, result, store.prefixes)


def _to_carry(answer: Answer) -> tuple[Kind, Any]:
    """The answer in a form that another thread can read: Oxigraph's results are bound to their thread."""
    if answer.kind == "graph":
        return answer.kind, list(answer.triples())
    with answering():
        return answer.kind, answer.result.serialize(format=ox.QueryResultsFormat.JSON)


def _evaluated(store: Store, text: str, bound: str, options: Mapping[str, Any]) -> Answer:
    """Run a checked query in Oxigraph; `text` is the query as the user wrote it."""
    try:
        options = {**options, "custom_functions": functions(store, bound)}
        result = store.select(bound, **options)
        if isinstance(result, ox.QuerySolutions) and (star := star_end(bound)):
            # SELECT * defines no order of columns; users expect that of the text. Nothing is evaluated yet.
            names = {variable.value for variable in result.variables}
            columns = dict.fromkeys(t.text[1:] for t in tokens(bound) if t.kind == "variable" and t.text[1:] in names)
            if columns:
                result = store.select(f"{bound[: star - 1]} ?{' ?'.join(columns)} {bound[star:]}", **options)
    except SyntaxError as error:
        own = syntax_error_in(text, store.prefixes) if bound != text else None
        raise own or syntax_error(text, error, store.prefixes) from error
    except (ValueError, RuntimeError, PermissionError) as error:
        raise unanswered(error) from error
    return Answer(_kind(result), result, store.prefixes)


def _kind(result: Any) -> Kind:
    if isinstance(result, ox.QuerySolutions):
        return "select"
    return "ask" if isinstance(result, ox.QueryBoolean | bool) else "graph"
