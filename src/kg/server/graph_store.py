"""SPARQL 1.1 Graph Store HTTP Protocol, for reading: a graph by its IRI, the default graph, or the whole dataset.

/store?default              what is known
/store?graph=IRI            what a note states, kg:inferred or kg:ontology
/store/folder/Note.md       the graph of a note by its path: the server's address in place of `base`
/store                      the dataset, in N-Quads or TriG
"""

from typing import IO, cast
from urllib.parse import unquote

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.rdf.iris import Names
from kg.rdf.vocabulary import DEFAULT_GRAPH
from kg.server.answers import GRAPHS, content_type, graph_name, negotiated, write
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.negotiation import Offer
from kg.server.refusals import BadRequest, MethodRefused, Nowhere
from kg.server.replies import streamed
from kg.server.requests import Parameters, parameters_of
from kg.server.served_vault import served_vault
from kg.server.worker import Opened, Outlet
from kg.sparql.answer import Answer

PATH = "/store"
_ALLOWED = "GET, HEAD, OPTIONS"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_DATASETS = (Offer("trig", ("application/trig",)), Offer("nquads", ("application/n-quads",)))
_FORMATS = {"trig": ox.RdfFormat.TRIG, "nquads": ox.RdfFormat.N_QUADS}
_DATASET, _DEFAULT = "dataset", "default"


def routes() -> list[BaseRoute]:
    """The addresses of the graphs."""
    return [Route(PATH, graphs, methods=_METHODS), Route(f"{PATH}/{{path:path}}", graphs, methods=_METHODS)]


async def graphs(request: Request) -> Response:
    """A graph, or the dataset."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": _ALLOWED})
    if request.method not in {"GET", "HEAD"}:
        raise MethodRefused(request.method, _ALLOWED)
    parameters = parameters_of(request.url.query)
    with served_vault(request).generation() as generation:
        base = generation.published.manifest.prefixes.get("n", generation.config.base)
        names = _names(request, parameters, base)
        format_ = next(iter(parameters.get("format", ())), "").lower()
        offers = _DATASETS if names == (_DATASET,) else GRAPHS
        name, media_type = negotiated(offers, request.headers.get("accept"), format_)
        tag = entity_tag(generation, names, media_type)
        if reply := unchanged(request, tag):
            return reply
        return await streamed(request, generation, write_graph, names, name, media_type, headers=tagged(tag))


def _names(request: Request, parameters: Parameters, base: str) -> tuple[str, ...]:
    """The IRIs that may be the name of the requested graph, or `default`, or `dataset`. Raises BadRequest."""
    if "path" in request.path_params:
        path = unquote(request.scope.get("raw_path", b"").decode("latin-1").partition(f"{PATH}/")[2])
        return (Names(base).path(path), str(request.url))
    named = parameters.get("graph", ())
    if len(named) + ("default" in parameters) > 1:
        raise BadRequest("the request names more than one graph")
    if named:
        return (graph_name(named[0]).value,)
    return (_DEFAULT,) if "default" in parameters else (_DATASET,)


def write_graph(opened: Opened, out: Outlet, names: tuple[str, ...], format_: str, media_type: str) -> None:
    """Write a graph, or the dataset, in a worker. Raises Nowhere."""
    if names == (_DATASET,):
        out.begin(content_type(media_type))
        ox.serialize(opened.store.quads(), cast("IO[bytes]", out), format=_FORMATS[format_])
        return
    store, graph = opened.store, DEFAULT_GRAPH if names == (_DEFAULT,) else _existing(opened, names)
    out.begin(content_type(media_type))
    write(Answer("graph", store.triples(None, None, None, graph), store.prefixes), out, format_)


def _existing(opened: Opened, names: tuple[str, ...]) -> ox.NamedNode:
    """The first graph of these names that has a triple. Raises Nowhere."""
    for name in names:
        graph = graph_name(name)
        if opened.store.has(None, None, None, graph):
            return graph
    raise Nowhere("there is no such graph")
