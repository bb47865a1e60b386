"""What is sought where somebody asks for references, and the search for it.

The graph says in which notes to look; each reference is then found in the text of its note as it is now. So the notes
that are read are those that have one, and those in editors.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.core.text import letters_and_digits, nfc
from kg.lsp.destinations import (
    MOST_NOTES,
    entity_of,
    location_of_thing,
    named_class,
    named_properties,
    part_span,
    path_of,
    place_of_term,
    resolved,
    stating,
    thing_named,
    whole_or_part,
)
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import NoteElement, elements
from kg.lsp.under_cursor import UnderCursor
from kg.mapping.link_resolution import file_name
from kg.notes.model import Link
from kg.rdf.vocabulary import BROADER, LINKS_TO, TAGGED, TYPE

Matches = Callable[[NoteElement, str], bool]
"""Whether an element of the note at a path refers to something."""


@dataclass(frozen=True)
class Sought:
    """What is sought in notes."""

    edited: EditedNote
    matches: Matches
    paths: frozenset[str]
    """The notes that refer to it, as of the graph."""
    declared: tuple[lsp.Location, ...] = ()
    """Its own places."""
    in_canvases: bool = False
    """Whether the links of a canvas can refer to it."""

    def found(self) -> Iterator[lsp.Location]:
        """The references, in the order of the paths of their notes."""
        state = self.edited.state
        here = {self.edited.path, *state.drafts}
        for path in sorted({*here, *islice(sorted(self.paths - here), MOST_NOTES)}):
            yield from self.in_note(path)

    def in_note(self, path: str) -> Iterator[lsp.Location]:
        """The references in a note, in the order of the text; in a canvas, its start."""
        note = self.edited.note_at(path)
        if note is None:
            return
        if note.kind == "canvas":
            links = note.links() if self.in_canvases else ()
            if any(self.matches(_of_link(link), path) for link in links):
                yield self.edited.location(path)
            return
        spans = {element.span for element in elements(note) if self.matches(element, path)}
        for span in sorted(spans):
            yield self.edited.location(path, span)


def _of_link(link: Link) -> NoteElement:
    return NoteElement("link", link.span, link.target, link)


def sought(edited: EditedNote, under: UnderCursor | None) -> Sought | None:
    """What is sought from a place in a note; the note itself where nothing more special is there.

    None for a link that leads nowhere.
    """
    element = under.element if under else None
    class_ = named_class(edited, element) if element and element.kind in {"class", "link"} else ""
    if class_:
        return _of_class(edited, class_)
    if under is None or element is None or element.kind in {"class", "value"} or _is_title(edited, element):
        thing = thing_named(edited, element) if element else ""
        return thing_sought(edited, thing or entity_of(edited.state, edited.path), whole=True)
    if element.kind == "tag":
        return _of_tag(edited, element.name)
    if element.link:
        target = resolved(edited, element.link)
        return thing_sought(edited, whole_or_part(target, under), whole=under.part == "path") if target else None
    names, entity = edited.state.index.names, entity_of(edited.state, edited.path)
    if element.kind == "block id":
        return thing_sought(edited, names.block(entity, element.name))
    if element.section:
        return thing_sought(edited, names.section(entity, element.section.parts))
    return _of_property(edited, element)


def _is_title(edited: EditedNote, element: NoteElement) -> bool:
    """Whether a heading repeats the title of the note."""
    key = letters_and_digits(edited.note.title)
    return bool(key and element.section and len(element.section.parts) == 1 and letters_and_digits(element.name) == key)


# ---- things ----------------------------------------------------------------------------------------------------------


def thing_sought(edited: EditedNote, iri: str, *, whole: bool = False) -> Sought:
    """The references of a thing: a note with all its parts (`whole`), or exactly a note, a heading, a block, a page."""

    def matches(element: NoteElement, path: str) -> bool:
        if element.link is None:
            return element.kind == "value" and thing_named(edited, element) == iri
        target = resolved(edited, element.link, path)
        return target is not None and iri == (target.entity if whole else target.exact)

    location = location_of_thing(edited, iri)
    return Sought(edited, matches, _leading_to(edited, iri), (location,) if location else (), in_canvases=True)


def _leading_to(edited: EditedNote, iri: str) -> frozenset[str]:
    """The notes that lead to a thing. Of one that the graph does not know yet, those with a link by its name."""
    node, store = ox.NamedNode(iri), edited.state.vault.store
    paths = stating(edited, value=node)
    if store.has(node, None, None):
        return frozenset(paths)
    path = path_of(edited.state, iri)
    entity = ox.NamedNode(entity_of(edited.state, path)) if path else node
    if entity != node and part_span(edited.state, path, iri):  # a new heading or block: its links led to the note
        paths |= stating(edited, predicate=LINKS_TO, value=entity)
    ledger = edited.state.ledger
    if path and ledger:
        name = file_name(path)
        paths.update(*(ledger.entries.under(f"/{key}") for key in {name, name.removesuffix(".md")}))
    return frozenset(paths)


# ---- names -----------------------------------------------------------------------------------------------------------


def _of_tag(edited: EditedNote, name: str) -> Sought:
    """A tag, with those that are nested in it."""
    low, vault = nfc(name).lower(), edited.state.vault

    def matches(element: NoteElement, _path: str) -> bool:
        own = nfc(element.name).lower() if element.kind == "tag" else ""
        return own == low or own.startswith(f"{low}/")

    tags = [ox.NamedNode(edited.state.index.names.tag(low))]
    for tag in tags:
        narrower = {triple.subject for triple in vault.store.triples(None, BROADER, tag)}
        tags += [node for node in narrower if isinstance(node, ox.NamedNode) and node not in tags]
    paths = frozenset[str]().union(*(stating(edited, predicate=TAGGED, value=tag) for tag in tags))
    return Sought(edited, matches, paths)


def _of_class(edited: EditedNote, class_: str) -> Sought:
    """A class: where notes name it as their type, in a tag or in a heading."""

    def matches(element: NoteElement, _path: str) -> bool:
        return named_class(edited, element) == class_

    location = place_of_term(edited, class_)
    paths = frozenset(stating(edited, predicate=TYPE, value=ox.NamedNode(class_)))
    return Sought(edited, matches, paths, (location,) if location else ())


def _of_property(edited: EditedNote, element: NoteElement) -> Sought:
    """A property, in whatever words: those that a key can mean, or the vault's own."""
    names = edited.state.index.names

    def meant(other: NoteElement) -> list[str]:
        if known := named_properties(edited, other):
            return [prop.iri for prop in known]
        return [names.property(other.name)] if other.kind in {"key", "field key"} else []

    iris = set(meant(element))

    def matches(other: NoteElement, _path: str) -> bool:
        return not iris.isdisjoint(meant(other))

    paths = frozenset[str]().union(*(stating(edited, predicate=ox.NamedNode(iri)) for iri in iris))
    locations = [location for iri in sorted(iris) if (location := place_of_term(edited, iri))]
    return Sought(edited, matches, paths, tuple(locations))
