"""What the map of the server shows: the data of the page of `kg export -f html`, and its picture."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from typing import Any
from zlib import compress

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.core.json_text import json_text
from kg.export.formats import Export
from kg.export.page_data import PageData
from kg.export.picture import MOST, svg
from kg.export.picture_style import PictureStyle
from kg.export.selection import Choice, export
from kg.export.web_page import filled
from kg.rdf.vocabulary import LABELS, TEXT
from kg.server.kept_answer import kept_answer
from kg.server.pages import addresses
from kg.server.pages.rendering import PAGES, static_address
from kg.server.pages.writing import open_vault
from kg.server.worker import Opened
from kg.views.note_text import note_text
from kg.views.open_vault import OpenVault

_CENTRAL = 1_000
"""The things of a picture of a vault that is too large for one."""
_SOURCE = '<meta name="kg-map" content="/map">'
_STILL = """<div id="still"><picture>
<source media="(prefers-color-scheme: dark)" srcset="/map/picture.svg?theme=dark">
<img src="/map/picture.svg" alt="The things and their links">
</picture></div>"""


def map_page(opened: Opened) -> str:
    """The page of the map; a script fetches its data. Without a script, it shows the picture."""
    title = escape(opened.config.vault.name)
    pages = (("Home", "/"), ("Notes", "/list"), *PAGES)
    links = "".join(f'<a href="{address}">{name}</a>' for name, address in pages if address != "/map")
    return filled(
        {
            "title": title,
            "policy": f'{_SOURCE}<link rel="icon" href="{static_address("icon.svg")}">',
            "style": f'<link rel="stylesheet" href="{static_address("page.css")}">',
            "script": f'<script src="{static_address("page.js")}" defer></script>',
            "nav": f'<nav class="site" aria-label="Pages">{links}</nav>',
            "still": _STILL,
            "data": "",
            "ask": "",
        }
    )


def map_data(opened: Opened) -> bytes:
    """The things and links of the map as JSON, deflated. Raises KgError."""
    facts = (opened.published.stamp, opened.config.vault.name)
    return kept_answer(opened.place.store, "map", facts, lambda: _computed(opened))


@contextmanager
def _needing_libraries() -> Iterator[None]:
    """Raise KgError for a library that is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise KgError(f"the map needs {error.name}: pip install 'kg-notes[analysis]'") from error


@_needing_libraries()
def _computed(opened: Opened) -> bytes:
    chosen = _export(opened)
    data = PageData(chosen, chosen.graph)
    found = {**data.map(), "iris": data.iris(), "vault": None}
    return compress(json_text(found, separators=(",", ":")).encode())


def _export(opened: Opened, *, inferred: bool = True) -> Export:
    return export(open_vault(opened).project, Choice(inferred=inferred), opened.config.vault.name, None)


@_needing_libraries()
def map_picture(opened: Opened, theme: str, inferred: bool) -> bytes:
    """The map as SVG; of a large vault, only the things that are most central. Raises KgError."""
    chosen = _export(opened, inferred=inferred)
    if len(chosen.network) > MOST:
        chosen = _central(chosen)
    out = io.BytesIO()
    svg(replace(chosen, style=PictureStyle(theme="dark" if theme == "dark" else "light")), out)
    return out.getvalue()


def _central(whole: Export) -> Export:
    from kg.analysis.measures import pagerank

    ranks = pagerank(whole.network)
    order = sorted(range(len(ranks)), key=lambda number: (-ranks[number], number))
    network = whole.network.within(sorted(order[:_CENTRAL]))
    title = f"{whole.title}: the {_CENTRAL:,} most central of {len(whole.network):,} things"
    return replace(whole, read=lambda: network, title=title)


# ---- one thing -------------------------------------------------------------------------------------------------------


def map_thing(opened: Opened, iri: str) -> dict[str, Any]:
    """What the panel of the map tells about a thing: its text, its properties, and the address of its page."""
    vault = open_vault(opened)
    try:
        node = ox.NamedNode(iri)
    except ValueError as error:
        raise KgError(f"“{iri}” is no IRI") from error
    text = note_text(vault, node)
    plain = min(vault.store.literals(node, TEXT), default="")
    return {
        "text": text.nodes if text else plain,
        "properties": _properties(vault, node),
        "page": addresses.of_thing(iri, vault.names.base),
    }


def _properties(vault: OpenVault, node: ox.NamedNode) -> list[list[str]]:
    """The texts and numbers that the properties of a thing have, by the names of the properties."""
    found: dict[str, list[str]] = {}
    for triple in vault.store.triples(node, None, None):
        is_shown = triple.predicate not in {TEXT, *LABELS} and not vault.ontology.is_structural(triple.predicate.value)
        if isinstance(triple.object, ox.Literal) and is_shown:
            found.setdefault(vault.show(triple.predicate).text, []).append(triple.object.value)
    return [[name, ", ".join(sorted(values))] for name, values in sorted(found.items())]
