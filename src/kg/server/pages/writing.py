"""Write pages, in a worker: ask for a view, and fill it into its template."""

from collections.abc import Sequence

from kg.core.errors import NotFound
from kg.server.pages import addresses
from kg.server.pages.neighbourhood import HEIGHT, WIDTH, spots
from kg.server.pages.rendering import PageContent, rendered
from kg.server.worker import Opened
from kg.views.catalogue import CatalogueQuery, catalogue, condition
from kg.views.found import found
from kg.views.open_vault import OpenVault
from kg.views.overview import overview
from kg.views.thing import thing_view


def open_vault(opened: Opened) -> OpenVault:
    """The vault of an open generation; what one page reads is kept for the next."""
    vault: OpenVault = opened.kept.setdefault(
        "vault", OpenVault(opened.config, opened.published, opened.place.is_redacted)
    )
    return vault


def home_page(opened: Opened) -> str:
    """The first page."""
    vault = open_vault(opened)
    return rendered(vault, PageContent("home.html", vault.config.vault.name, {"view": overview(vault)}))


def thing_page(opened: Opened, name: str) -> str:
    """The page of a thing, by its name or IRI. Raises NotFound, KgError."""
    vault = open_vault(opened)
    view = thing_view(vault, name)
    places = spots(view.neighbours)
    values = {"view": view, "spots": places, "width": WIDTH, "height": HEIGHT}
    return rendered(vault, PageContent("thing.html", view.thing.text, values))


def thing_at(opened: Opened, path: str, part: str) -> str:
    """The page of the thing at an address. Raises NotFound, KgError."""
    iri = addresses.iri_of(path, part, open_vault(opened).names.base)
    return thing_page(opened, f"<{iri}>")


def list_page(opened: Opened, of: str, has: Sequence[str], folder: str, number: int) -> str:
    """A page of a list; each of `has` is a property, `=` and a value. Raises NotFound."""
    vault = open_vault(opened)
    pairs = [_pair(text) for text in has]
    query = CatalogueQuery(of, tuple(condition(vault, *pair) for pair in pairs), folder.strip("/"), number)
    view = catalogue(vault, query)
    title = view.of.text if view.of else view.query.folder or "All notes"
    terms = [(vault.naming.curie(row.property), str(row.value)) for row in query.has]
    values = {"view": view, "of": of, "has": terms, "curie": vault.naming.curie}
    return rendered(vault, PageContent("list.html", title, values))


def search_page(opened: Opened, text: str) -> str:
    """What a search finds."""
    vault = open_vault(opened)
    values = {"view": found(vault, text) if text.strip() else None, "text": text}
    return rendered(vault, PageContent("search.html", f"Search: {text}" if text.strip() else "Search", values))


def _pair(text: str) -> tuple[str, str]:
    """The property and the value that an address writes. Raises NotFound."""
    name, sign, value = text.partition("=")
    if not sign:
        raise NotFound(f"“{text}” is no condition: write PROPERTY=VALUE")
    return name, value
