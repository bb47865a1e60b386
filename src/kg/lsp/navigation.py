"""Where something is defined, where it is referred to, and where the links of a note lead."""

from collections.abc import Iterable

from lsprotocol import types as lsp

from kg.core.text import letters_and_digits
from kg.lsp.destinations import (
    location_of_thing,
    locations_of,
    named_class,
    named_properties,
    place_of_term,
    resolved,
    thing_named,
)
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import NoteElement, elements
from kg.lsp.sought import sought
from kg.lsp.under_cursor import under_cursor
from kg.mapping.link_resolution import Target
from kg.notes.model import Link
from kg.rdf.iris import is_harmless

_EXTERNAL = frozenset(("external", "malformed"))

# ---- definition and references ---------------------------------------------------------------------------------------


def definition(edited: EditedNote, position: lsp.Position) -> list[lsp.Location]:
    """Where what is under the cursor is defined.

    A link leads to its target, and a name of a class or a property to its line in the ontology, or to its first use
    where no ontology has it; a tag leads to the note with its name.
    """
    under = under_cursor(edited, position)
    if under is None:
        return []
    element = under.element
    terms = [class_] if (class_ := named_class(edited, element)) else []
    terms = terms or [prop.iri for prop in named_properties(edited, element)]
    if terms or element.kind in {"key", "field key"}:
        return _of_terms(edited, terms) or references(edited, position, include_declaration=False)[:1]
    if element.link:
        target = resolved(edited, element.link)
        return list(locations_of(edited, target, whole=under.part == "path")) if target else []
    if element.kind in {"heading", "block id"}:
        return [edited.location(edited.path, element.span)]
    location = location_of_thing(edited, thing) if (thing := _named_thing(edited, element)) else None
    return [location] if location else []


def _of_terms(edited: EditedNote, terms: Iterable[str]) -> list[lsp.Location]:
    return [location for term in terms if (location := place_of_term(edited, term))]


def _named_thing(edited: EditedNote, element: NoteElement) -> str:
    """The thing that a text of a property names, or the note with the name of a tag; empty if there is none."""
    if element.kind == "tag":
        return next(iter(edited.state.index.titled(letters_and_digits(element.name))), "")
    return thing_named(edited, element)


def references(edited: EditedNote, position: lsp.Position, *, include_declaration: bool) -> list[lsp.Location]:
    """The places that refer to what is under the cursor: to the note itself where nothing more special is there."""
    meant = sought(edited, under_cursor(edited, position))
    if meant is None:
        return []
    return [*(meant.declared if include_declaration else ()), *meant.found()]


def document_highlights(edited: EditedNote, position: lsp.Position) -> list[lsp.DocumentHighlight]:
    """The places in the note that mean the same as what is under the cursor."""
    under = under_cursor(edited, position)
    meant = sought(edited, under) if under else None
    if under is None or meant is None:
        return []
    ranges = [location.range for location in meant.in_note(edited.path)]
    if under.element.kind in {"heading", "block id"}:
        ranges.insert(0, edited.positions.range(under.element.span))
    return [lsp.DocumentHighlight(range_, lsp.DocumentHighlightKind.Text) for range_ in ranges]


# ---- links -----------------------------------------------------------------------------------------------------------


def document_links(edited: EditedNote) -> list[lsp.DocumentLink]:
    """The links of a note that lead to a file, to a line of it, or to a web page."""
    links = []
    for element in elements(edited.note):
        target = resolved(edited, element.link) if element.link else None
        if target is None or element.link is None:
            continue
        if address := _address(edited, element.link, target):
            range_ = edited.positions.range(element.span)
            links.append(lsp.DocumentLink(range_, address, tooltip=_tooltip(target)))
    return links


def _address(edited: EditedNote, link: Link, target: Target) -> str:
    """Where a link leads; empty if it leads nowhere, or to an address that a reader should not follow by a click."""
    if target.kind in _EXTERNAL:
        return target.exact if is_harmless(link.target) and is_harmless(target.exact) else ""
    location = next(locations_of(edited, target), None)
    if location is None:
        return ""
    line = location.range.start.line
    return f"{location.uri}#L{line + 1}" if line or target.exact != target.entity else location.uri


def _tooltip(target: Target) -> str:
    if target.kind in _EXTERNAL:
        return "Open the page"
    rivals = f", one of {len(target.rivals) + 1} files that are equally near" if target.rivals else ""
    what = {"missing heading": ": the heading is missing", "missing block": ": the block is missing"}
    return f"Open {target.path}{what.get(target.kind, '')}{rivals}"
