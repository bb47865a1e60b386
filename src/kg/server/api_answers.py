"""What the JSON API answers, in a worker: the views of the pages."""

from typing import NamedTuple

from kg.core.errors import KgError
from kg.rdf.sparql_syntax import in_query
from kg.server.pages import addresses
from kg.server.pages.tables import table_query, tables_of
from kg.server.pages.workbench import words_of
from kg.server.pages.writing import open_vault
from kg.server.refusals import BadRequest
from kg.server.requests import page_number
from kg.server.worker import Opened
from kg.sparql.library import readable_queries
from kg.sparql.parameters import Parameter
from kg.views.analyses import ANALYSES
from kg.views.catalogue import Catalogue, CatalogueQuery, catalogue, condition
from kg.views.found import Found, found, names_like
from kg.views.overview import Overview
from kg.views.overview import overview as overview_of
from kg.views.problems import ProblemQuery, Problems, problems
from kg.views.table import ThingTable
from kg.views.thing import ThingView, thing_view
from kg.views.vocabulary import Vocabulary


class FoundName(NamedTuple):
    """A thing whose name fits."""

    name: str
    also: str
    """The name that fits; it may be an alias."""
    iri: str
    written: str
    """The IRI as a query writes it."""
    kind: str
    missing: bool
    page: str


class NameList(NamedTuple):
    """The things whose names fit a text."""

    names: tuple[FoundName, ...]


class LibraryQuery(NamedTuple):
    """A query of the library."""

    name: str
    title: str
    group: str
    description: str
    parameters: tuple[Parameter, ...]
    text: str


class LibraryQueries(NamedTuple):
    """The queries of the library."""

    queries: tuple[LibraryQuery, ...]


class AnalysisName(NamedTuple):
    """An analysis that can be asked for."""

    name: str
    title: str
    about: str
    command: str


class AnalysisNames(NamedTuple):
    """The analyses that can be asked for."""

    analyses: tuple[AnalysisName, ...]


def overview(opened: Opened) -> Overview:
    """What the vault is about."""
    return overview_of(open_vault(opened))


def thing(opened: Opened, name: str, iri: str) -> ThingView:
    """A thing, by its name or IRI. Raises NotFound, KgError."""
    if bool(name) == bool(iri):
        raise BadRequest("name the thing with name=NAME or with iri=IRI")
    return thing_view(open_vault(opened), f"<{iri}>" if iri else name)


def things(opened: Opened, of: str, has: tuple[str, ...], folder: str, page: str) -> Catalogue:
    """A list of things. Raises NotFound, KgError."""
    vault = open_vault(opened)
    pairs = [text.partition("=") for text in has]
    if any(not sign for _, sign, _ in pairs):
        raise BadRequest("each `has` is PROPERTY=VALUE")
    conditions = tuple(condition(vault, name, value) for name, _, value in pairs)
    return catalogue(vault, CatalogueQuery(of, conditions, folder.strip("/"), _number(page)))


def table(opened: Opened, of: str, columns: str, where: tuple[str, ...], sort: str, page: str) -> ThingTable:
    """A table of things."""
    given = {"class": [of], "columns": [columns], "where": [*where], "sort": [sort], "page": [page]}
    return tables_of(opened).table(table_query(given))


def words(opened: Opened) -> Vocabulary:
    """The words of queries."""
    return words_of(opened)


def search(opened: Opened, text: str) -> Found:
    """What a search finds in names and in the text."""
    return found(open_vault(opened), text)


def names(opened: Opened, text: str) -> NameList:
    """The things whose names fit a text, as someone types."""
    vault = open_vault(opened)
    base = vault.names.base
    rows = names_like(vault, text)
    return NameList(
        tuple(
            FoundName(
                row.thing.text,
                row.name,
                row.thing.iri,
                in_query(row.thing.iri, vault.store.prefixes),
                row.thing.kind,
                row.thing.is_missing,
                addresses.of_thing(row.thing.iri, base),
            )
            for row in rows
        )
    )


def findings(opened: Opened, severity: str, code: str, folder: str, page: str) -> Problems:
    """The findings of the vault."""
    query = ProblemQuery(severity, code.upper(), folder.strip("/"), _number(page))
    return problems(open_vault(opened), query)


def queries(opened: Opened) -> LibraryQueries:
    """The queries of the library."""
    readable, _ = readable_queries(opened.config)
    rows = [(row, row.header) for row in readable.values()]
    return LibraryQueries(
        tuple(
            LibraryQuery(row.name, header.title, header.group, header.description, header.params, row.text)
            for row, header in rows
        )
    )


def analyses(opened: Opened) -> AnalysisNames:
    """The analyses that can be asked for."""
    return AnalysisNames(tuple(AnalysisName(row.name, row.title, row.about, row.command) for row in ANALYSES.values()))


def _number(text: str) -> int:
    if not (number := page_number(text)):
        raise KgError(f"“{text}” is no number of a page: the first is 1")
    return number
