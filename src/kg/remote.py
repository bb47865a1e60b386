"""A SPARQL server elsewhere, through SPARQLWrapper: the same queries, the same answers."""

import urllib.error
from collections.abc import Mapping
from typing import Any

import pyoxigraph as ox

from kg.errors import KgError, TimedOut
from kg.sparql import Answer, Term, bind, triples_of, used_prefixes
from kg.syntax import check

_JSON = "application/sparql-results+json"


def query(
    endpoint: str,
    text: str,
    prefixes: Mapping[str, str],
    params: Mapping[str, str | Term] | None = None,
    timeout: float | None = None,
) -> Answer:
    """Ask the server at `endpoint`. Raises KgError, TimedOut."""
    if not endpoint.startswith(("http://", "https://")):
        raise KgError(f"the endpoint {endpoint} must be an http or https address")
    check(text)
    text = bind(text, params or {}, prefixes)
    declared = " ".join(f"PREFIX {name}: <{iri}>" for name, iri in used_prefixes(text, prefixes).items())
    wrapper = _wrapper(endpoint, f"{declared} {text}", timeout)
    graph = wrapper.queryType in {"CONSTRUCT", "DESCRIBE"}
    wrapper.setReturnFormat("n3" if graph else "json")
    data, media_type = _fetch(wrapper, endpoint, timeout)
    try:
        if graph:
            format_ = ox.RdfFormat.from_media_type(media_type) or ox.RdfFormat.TURTLE
            return Answer("graph", list(triples_of(data, format_)), prefixes)
        result = ox.parse_query_results(data, format=ox.QueryResultsFormat.JSON)
    except SyntaxError as error:
        raise KgError(f"{endpoint} answered with something else than {media_type or _JSON}: {error.msg}") from error
    return Answer("select" if isinstance(result, ox.QuerySolutions) else "ask", result, prefixes)


def _wrapper(endpoint: str, text: str, timeout: float | None) -> Any:
    from SPARQLWrapper import POST, SPARQLWrapper

    wrapper = SPARQLWrapper(endpoint)
    wrapper.setMethod(POST)
    wrapper.setQuery(text)
    if timeout:
        wrapper.setTimeout(max(1, round(timeout)))
    return wrapper


def _fetch(wrapper: Any, endpoint: str, timeout: float | None) -> tuple[bytes, str]:
    from SPARQLWrapper import SPARQLExceptions

    try:
        response = wrapper.query().response
        return response.read(), str(response.headers.get_content_type())
    except SPARQLExceptions.QueryBadFormed as error:
        raise KgError(f"{endpoint} cannot read the query: {str(error).splitlines()[-1]}") from error
    except SPARQLExceptions.SPARQLWrapperException as error:
        raise KgError(f"{endpoint} refused: {str(error.args[0] if error.args else error).splitlines()[0]}") from error
    except TimeoutError as error:
        raise TimedOut(timeout or 0) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise TimedOut(timeout or 0) from error
        raise KgError(f"{endpoint} cannot be reached: {error.reason}") from error
