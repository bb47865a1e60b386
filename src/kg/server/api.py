"""The JSON of what the pages show, for plugins and scripts: one table of addresses, which OpenAPI describes, too."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from kg.core.errors import KgError
from kg.core.json_text import json_text
from kg.core.version import __version__
from kg.server import api_answers
from kg.server.caching import entity_tag, tagged, unchanged
from kg.server.computed_once import prepared
from kg.server.json_values import Schema, Schemas, json_value, result_of
from kg.server.pages.analyses import analysed, state_of
from kg.server.pages.writing import open_vault
from kg.server.refusals import BadRequest, Nowhere
from kg.server.replies import asked, refusal
from kg.server.requests import parameters_of
from kg.server.served_vault import served_vault
from kg.server.worker import Opened
from kg.views.analyses import ANALYSES

_JSON = "application/json"


class ApiParameter(NamedTuple):
    """A parameter of an address."""

    name: str
    says: str
    default: str = ""
    choices: tuple[str, ...] = ()
    repeats: bool = False
    is_required: bool = False
    in_path: bool = False


class ApiAddress(NamedTuple):
    """An address of the API, and the function that a worker calls for it, with the parameters in their order."""

    path: str
    says: str
    work: Callable[..., Any]
    parameters: tuple[ApiParameter, ...] = ()
    is_long: bool = False
    """Whether it is computed once a generation, however long that takes."""


_PAGE = ApiParameter("page", "The number of the page, from 1.", "1")
_FOLDER = ApiParameter("folder", "Only what is in notes of this folder, or below it.")
_TEXT = ApiParameter("q", "What is searched for.", is_required=True)
_HAS = ApiParameter("has", "A condition, PROPERTY=VALUE: a name or CURIE, and a name or N-Triples term.", repeats=True)
_SEVERITY = ApiParameter("severity", "Only findings of this severity.", choices=("error", "warning", "info"))

ENDPOINTS = (
    ApiAddress("/api/overview", "What the vault is about.", api_answers.overview),
    ApiAddress("/api/thing", "A thing: its text, properties, links and backlinks. Give `name` or `iri`.",
             api_answers.thing, (ApiParameter("name", "Its name."), ApiParameter("iri", "Its IRI."))),
    ApiAddress("/api/list", "A list of things, with facets to narrow it down.", api_answers.things,
             (ApiParameter("class", "Only things of this class."), _HAS, _FOLDER, _PAGE)),
    ApiAddress("/api/search", "What a search finds in names and in the text.", api_answers.search, (_TEXT,)),
    ApiAddress("/api/names", "The things whose names fit, as someone types.", api_answers.names,
             (_TEXT._replace(is_required=False),)),
    ApiAddress("/api/table", "A table of things, with columns of their own properties.", api_answers.table,
             (ApiParameter("class", "Only things of this class."),
              ApiParameter("columns", "The names of the columns, with commas between them."),
              ApiParameter("where", "A condition on a column, as in `kg list --where`.", repeats=True),
              ApiParameter("sort", "The column to sort by; a - before it turns the order round."), _PAGE)),
    ApiAddress("/api/vocabulary", "The prefixes, classes and properties, as a query writes them.", api_answers.words),
    ApiAddress("/api/findings", "What is wrong in the notes.", api_answers.findings,
             (_SEVERITY, ApiParameter("code", "Only findings with this code."), _FOLDER, _PAGE)),
    ApiAddress("/api/queries", "The queries of the library.", api_answers.queries),
    ApiAddress("/api/analyses", "The analyses that can be asked for.", api_answers.analyses),
    ApiAddress("/api/analyses/{name}", "An analysis of the network; the first answer may take long.", analysed,
             (ApiParameter("name", "Its name.", choices=tuple(ANALYSES), is_required=True, in_path=True),),
             is_long=True),
)  # fmt: skip


def routes() -> list[BaseRoute]:
    """The addresses of the JSON."""
    described = [Route(endpoint.path, _handler(endpoint)) for endpoint in ENDPOINTS]
    return [*described, Route("/api/openapi.json", described_by_openapi)]


def last_routes() -> list[BaseRoute]:
    """What answers where the API has nothing; it comes after all other addresses."""
    return [Route("/api/{path:path}", nowhere)]


def _handler(endpoint: ApiAddress) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            return await _answered(request, endpoint)
        except KgError as error:
            return refusal(error)

    return answer


async def _answered(request: Request, endpoint: ApiAddress) -> Response:
    """The answer of an endpoint. Raises KgError."""
    arguments = _arguments(request, endpoint)
    served = served_vault(request)
    with served.generation() as generation:
        if endpoint.is_long:
            arguments = (*arguments, await asked(request, generation, state_of, *arguments))
        tag = entity_tag(generation, endpoint.path, arguments, served.checked)
        if answer := unchanged(request, tag):
            return answer
        if endpoint.is_long:
            view = await prepared(request, generation, endpoint.work, *arguments)
            text = await asked(request, generation, as_json, view)
        else:
            text = await asked(request, generation, answered_as_json, endpoint.work, arguments)
        return Response(text, media_type=_JSON, headers=tagged(tag))


def answered_as_json(opened: Opened, work: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    """What a function answers, as JSON."""
    return as_json(opened, work(opened, *arguments))


def as_json(opened: Opened, view: Any) -> str:
    """A view as JSON."""
    return json_text(json_value(view, open_vault(opened).names.base))


def _arguments(request: Request, endpoint: ApiAddress) -> tuple[Any, ...]:
    """The values of the parameters. Raises BadRequest."""
    given = parameters_of(request.url.query)
    known = {parameter.name for parameter in endpoint.parameters if not parameter.in_path}
    if unknown := next((name for name in given if name not in known), None):
        raise BadRequest(f"{endpoint.path} has no parameter “{unknown}”")
    return tuple(_argument(parameter, request.path_params, given) for parameter in endpoint.parameters)


def _argument(parameter: ApiParameter, path: Mapping[str, str], given: Mapping[str, Sequence[str]]) -> Any:
    if parameter.in_path:
        return path[parameter.name]
    values = given.get(parameter.name, [])
    if parameter.repeats:
        return tuple(values)
    value = values[0] if values else parameter.default
    if parameter.is_required and not value:
        raise BadRequest(f"give {parameter.name}=…: {parameter.says[0].lower()}{parameter.says[1:].rstrip('.')}")
    if value and parameter.choices and value not in parameter.choices:
        raise BadRequest(f"{parameter.name} is {', '.join(parameter.choices)}, not “{value}”")
    return value


async def nowhere(request: Request) -> Response:
    """The answer at an address that the API does not have."""
    return refusal(Nowhere("the API has no such address: /api/openapi.json lists those that it has"))


# ---- OpenAPI ---------------------------------------------------------------------------------------------------------


async def described_by_openapi(request: Request) -> Response:
    """The description of the API."""
    return JSONResponse(openapi())


def openapi() -> Schema:
    """The description of the API, as OpenAPI 3.1."""
    schemas = Schemas()
    error = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    paths = {endpoint.path: {"get": _operation(endpoint, schemas)} for endpoint in ENDPOINTS}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "kg serve",
            "version": __version__,
            "description": "What the pages of kg serve show, as JSON. Each answer has an ETag. SPARQL is at /sparql.",
        },
        "paths": paths,
        "components": {
            "schemas": {**dict(sorted(schemas.named.items())), "Error": error},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(endpoint: ApiAddress, schemas: Schemas) -> Schema:
    content = {_JSON: {"schema": schemas.of(result_of(endpoint.work))}}
    problem = {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "operationId": endpoint.path.removeprefix("/api/").replace("/{name}", "_by_name"),
        "summary": endpoint.says,
        "parameters": [_parameter(parameter) for parameter in endpoint.parameters],
        "responses": {
            "200": {"description": endpoint.says, "content": content},
            "304": {"description": "The client has the answer already."},
            "default": {"description": "Why there is no answer.", "content": problem},
        },
    }


def _parameter(parameter: ApiParameter) -> Schema:
    one: Schema = {"type": "string"}
    if parameter.choices:
        one["enum"] = [*parameter.choices]
    if parameter.default:
        one["default"] = parameter.default
    return {
        "name": parameter.name,
        "in": "path" if parameter.in_path else "query",
        "description": parameter.says,
        "required": parameter.is_required,
        "schema": {"type": "array", "items": one} if parameter.repeats else one,
    }
