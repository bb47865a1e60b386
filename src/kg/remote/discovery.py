"""Find the SPARQL endpoint of a server from its root: the usual addresses of servers, on the same host and port."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import Request

from kg.core.errors import KgError
from kg.remote.endpoint import Endpoint, update_address
from kg.remote.http_exchange import Exchange, Refused

_USUAL = ("query", "sparql", "ds/query", "blazegraph/sparql", "bigdata/sparql")
"""The paths of Oxigraph, of Virtuoso and others, of a Fuseki that hides its datasets, and of Blazegraph."""
_FOR_USERS = "sparql-auth"
"""The path at which Virtuoso lets users write."""
_LISTS = (("$/datasets", "application/json"), ("repositories", "application/sparql-results+json"))
"""The paths at which Fuseki lists its datasets and GraphDB its repositories, with the media types of the lists."""
_MANY = 20


def endpoint_at(address: str, *, update: str | None = None, seconds: float | None = None) -> Endpoint:
    """The endpoint at an address. At the root of a server, it is the first usual address that answers a query.

    Raises KgError, TimedOut.
    """
    given = Endpoint.at(address, update=update, seconds=seconds)
    if urlsplit(given.queries.url).path.strip("/"):
        return given
    tried = []
    for url in _addresses(given.queries):
        queries = replace(given.queries, url=url)
        updates = given.updates if update else replace(queries, url=update_address(url))
        there = Endpoint(queries, updates)
        if there.is_there():
            return there
        tried.append(there.name)
    raise KgError(f"no SPARQL endpoint answers at {given.name}; tried {', '.join(tried)}: give the address for queries")


def _addresses(root: Exchange) -> Iterator[str]:
    """Yield the addresses that may be the server's endpoint. Raises KgError if the server lists several."""
    yield root.url
    for path, media_type in _LISTS:
        names = _listed(root, path, media_type)
        if len(names) > 1:
            shown = ", ".join(_at(root, name) for name in names[:_MANY])
            raise KgError(f"{root.name} has {len(names)} datasets: give the address of one: {shown}")
        yield from (_at(root, name) for name in names)
    usual = (_FOR_USERS, *_USUAL) if root.credentials else _USUAL
    yield from (_at(root, path) for path in usual)


def _at(root: Exchange, path: str) -> str:
    return urljoin(root.url, f"/{path}")


def _listed(root: Exchange, path: str, media_type: str) -> list[str]:
    """The paths of the datasets that a server lists, as Fuseki or GraphDB does; none if it has no such list."""
    request = Request(_at(root, path), headers={"Accept": media_type})  # noqa: S310 - Exchange checks the scheme
    with suppress(Refused, ValueError, TypeError, KeyError, AttributeError):
        table = json.loads(root.send(request).body)
        if "datasets" in table:
            return [f"{quote(row['ds.name'].strip('/'))}/query" for row in table["datasets"]]
        rows = [row["id"]["value"] for row in table["results"]["bindings"]]
        return [f"repositories/{quote(name, safe='')}" for name in rows if name != "SYSTEM"]
    return []
