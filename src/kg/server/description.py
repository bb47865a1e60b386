"""Descriptions of the service, its dataset and its query library, for programs.

/sparql (without a query)   SPARQL 1.1 Service Description
/.well-known/void           VoID: classes and properties with counts, and the library as sh:SPARQLExecutable
"""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kg.server.answers import GRAPHS, content_type, negotiated, write
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.described_dataset import FORMATS, SCHEMA, SD, VOID, ServedAddress, dataset_triples, service_triples
from kg.server.replies import streamed
from kg.server.served_vault import served_vault
from kg.server.worker import Opened, Outlet
from kg.sparql.answer import Answer

About = Literal["service", "dataset"]
_TRIPLES = {"service": service_triples, "dataset": dataset_triples}
_PREFIXES = {"sd": SD, "void": VOID, "formats": FORMATS, "schema": SCHEMA}


def routes() -> list[BaseRoute]:
    """The address of the description of the dataset."""
    return [Route("/.well-known/void", void)]


async def describe(request: Request) -> Response:
    """The description of the service, in a format that the client accepts."""
    return await _described(request, "service")


async def void(request: Request) -> Response:
    """The description of the dataset, in a format that the client accepts."""
    return await _described(request, "dataset")


async def _described(request: Request, about: About) -> Response:
    root = str(request.base_url)
    name, media_type = negotiated(GRAPHS, request.headers.get("accept"))
    with served_vault(request).generation() as generation:
        tag = entity_tag(generation, about, root, media_type)
        if reply := unchanged(request, tag):
            return reply
        return await streamed(
            request, generation, write_description, about, root, name, media_type, headers=tagged(tag)
        )


def write_description(opened: Opened, out: Outlet, about: About, root: str, format_: str, media_type: str) -> None:
    """Write a description, in a worker. It is computed once a generation."""
    kept_root, triples = opened.kept.get(about, ("", []))
    if kept_root != root:
        triples = list(_TRIPLES[about](opened, ServedAddress(root)))
        opened.kept[about] = root, triples
    out.begin(content_type(media_type))
    write(Answer("graph", iter(triples), {**opened.store.prefixes, **_PREFIXES}), out, format_)
