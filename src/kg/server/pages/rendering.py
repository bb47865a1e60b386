"""Templates: each page is a view, filled into HTML with every value escaped."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import jinja2

from kg.server.pages import addresses
from kg.server.pages.text_html import TextWriter
from kg.views.open_vault import OpenVault, Shown

_COLOURED = ("concept", "outcome", "output", "resource", "author")
"""The classes that always have the same colour, as in the map."""
_COLOURS = 10
PAGES = (
    ("Table", "/table"),
    ("Map", "/map"),
    ("Questions", "/query"),
    ("Findings", "/findings"),
    ("More", "/more"),
)
"""The pages that every page leads to."""
_STATIC = (files("kg.server") / "web", files("kg.export") / "web")
"""Where the files of the pages are; the map is the page of an export."""


@dataclass(frozen=True)
class PageContent:
    """A page that is rendered: its template, its title, and what is filled in."""

    template: str
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)


@lru_cache(1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kg.server.pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {
        "of_list": addresses.of_list,
        "of_file": addresses.of_file,
        "of_search": addresses.of_search,
        "of_query": addresses.of_query,
        "of_question": addresses.of_question,
        "of_answer": addresses.of_answer,
        "of_table": addresses.of_table,
        "in_obsidian": addresses.in_obsidian,
        "static": static_address,
        "colour": colour,
        "counted": counted,
    }
    environment.filters["together"] = together
    environment.filters["number"] = lambda number: f"{number:,}"
    return environment


def rendered(vault: OpenVault, page: PageContent) -> str:
    """The HTML of a page."""
    base = vault.names.base
    to: Callable[[Shown], str] = lambda shown: addresses.of_thing(shown.iri, base)  # noqa: E731 - for the template
    return (
        _environment()
        .get_template(page.template)
        .render(
            vault=vault.config.vault.name,
            title=page.title,
            pages=PAGES,
            of_thing=to,
            text_html=TextWriter(base, vault.names.tag("")).html,
            **page.values,
        )
    )


def static_file(name: str) -> Traversable:
    """A file of the pages; it need not exist."""
    return next((file for folder in _STATIC if (file := folder / name).is_file()), _STATIC[0] / name)


@lru_cache(100)
def static_address(name: str) -> str:
    """The address of a file of the pages, which changes with its contents, so that browsers can keep it."""
    digest = hashlib.sha256(static_file(name).read_bytes()).hexdigest()[:12]
    return f"/static/{digest}/{name}"


class Together(NamedTuple):
    """Rows that have a value in common."""

    grouper: Any
    list: list[Any]


def together(rows: Iterable[Any], attribute: str) -> list[Together]:
    """Rows beside each other that have an attribute in common, in their order."""
    return [Together(value, [*group]) for value, group in groupby(rows, attrgetter(attribute))]


def colour(kind: str) -> int:
    """The number of the colour of a class, by its name."""
    name = kind.casefold()
    if name in _COLOURED:
        return _COLOURED.index(name)
    free = _COLOURS - len(_COLOURED)
    return len(_COLOURED) + int(hashlib.sha256(name.encode()).hexdigest(), 16) % free


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things, in words."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
