"""Where the elements of a note lead: notes and their parts, files, terms of the ontology."""

from collections.abc import Iterator

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.core.text import Position, Source, Span, letters_and_digits
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import NoteElement, first_line, heading_span
from kg.lsp.positions import TextPositions
from kg.lsp.under_cursor import UnderCursor
from kg.mapping.link_resolution import Target, link_path
from kg.mapping.ontology import OntologyProperty, local_name
from kg.notes.kinds import CLASS_KEYS
from kg.notes.model import Link
from kg.rdf.vocabulary import OWN_GRAPHS
from kg.session.vault_state import VaultState
from kg.store.note_entries import ENTITY
from kg.validation.ontology_places import OntologyPlaces

MOST_NOTES = 1_000
"""The most notes that are read in search of what refers to something."""
_OF_NOTES = frozenset(("resolved", "self", "ambiguous", "missing heading", "missing block"))

# ---- links -----------------------------------------------------------------------------------------------------------


def resolved(edited: EditedNote, link: Link, source: str | None = None) -> Target | None:
    """The target of a link in the note at `source`; None for a link inside a note that is in no ledger."""
    index, source = edited.state.index, edited.path if source is None else source
    if not link_path(link)[0] and link.kind != "url" and source not in index.outlines:
        return None
    return index.resolve(link, source)


def whole_or_part(target: Target, under: UnderCursor) -> str:
    """The IRI of what is meant by the part of a link that is under the cursor."""
    return target.entity if under.part == "path" else target.exact


def entity_of(state: VaultState, path: str) -> str:
    """The entity of a note."""
    if path in state.index.outlines:
        return state.index.entity(path)
    note = state.note(path)
    identity = note.identity if note else None
    return state.index.names.entity(path, identity.raw if identity else None)


def path_of(state: VaultState, thing: str) -> str:
    """The path of the note that describes a thing, or in which a thing is; empty if there is none."""
    for iri in dict.fromkeys((thing, thing.partition("#")[0])):
        if paths := state.ledger.entries.under(ENTITY + iri) if state.ledger else ():
            several = len(paths) > 1
            return next((path for path in paths if several and entity_of(state, path) == iri), paths[0])
        if path := state.vault.naming.meant.path_of(ox.NamedNode(iri)):
            return path
    return ""


def part_span(state: VaultState, path: str, exact: str) -> Span | None:
    """The span of the heading or the block with an IRI in a note; None if it is the note itself, or is not there."""
    names, entity = state.index.names, entity_of(state, path)
    if exact == entity or not exact.startswith(entity):
        return None
    note = state.note(path)
    if note is None or note.kind == "canvas":
        return None
    for section in note.root.walk():
        if section.level and names.section(entity, section.parts) == exact:
            return heading_span(section)
        for block in section.walk_blocks():
            if block.id and names.block(entity, block.id) == exact:
                return first_line(note, block)
    return None


def locations_of(edited: EditedNote, target: Target, *, whole: bool = False) -> Iterator[lsp.Location]:
    """The locations to which a link leads: of its target, or only the note of it; then of the target's rivals."""
    if target.kind in _OF_NOTES or target.kind == "attachment":
        span = None if whole or target.exact == target.entity else part_span(edited.state, target.path, target.exact)
        yield edited.location(target.path, span)
        yield from (edited.location(rival) for rival in target.rivals)


def location_of_thing(edited: EditedNote, iri: str) -> lsp.Location | None:
    """The location of a thing: its note, its heading or its block; None if no note has it."""
    path = path_of(edited.state, iri)
    return edited.location(path, part_span(edited.state, path, iri)) if path else None


# ---- classes ---------------------------------------------------------------------------------------------------------


def class_of(edited: EditedNote, target: Target) -> str:
    """The most specific class of what a link leads to; empty if it has none of the ontology.

    A note that is not in the graph yet has the class that its properties name.
    """
    vault = edited.state.vault
    for iri in dict.fromkeys((target.exact, target.entity)):
        if kind := vault.kind(ox.NamedNode(iri)):
            return str(kind)
    ledger = edited.state.ledger
    if ledger is None or target.kind not in _OF_NOTES or target.path not in ledger.entries:
        return ""
    words = (*ledger.entries[target.path].card.kinds, vault.config.default_class or "")
    return next(filter(None, map(vault.ontology.class_named, words)), "")


# ---- terms of the ontology -------------------------------------------------------------------------------------------


def named_class(edited: EditedNote, element: NoteElement) -> str:
    """The class that an element names: a value of `type`, a tag or a heading; empty if it names none."""
    if element.kind not in {"class", "tag", "heading", "link"}:
        return ""
    if element.kind == "heading":
        text = heading_text(element)
    elif element.link:  # a link in `type:` names the class that its note has as its name
        if element.key.lower() not in CLASS_KEYS:
            return ""
        text = element.link.path.rpartition("/")[2]
    else:
        text = element.name
    return edited.state.vault.ontology.class_named(text) or ""


def named_properties(edited: EditedNote, element: NoteElement) -> tuple[OntologyProperty, ...]:
    """The properties of the ontology that a key or a heading can mean."""
    if element.kind not in {"key", "field key", "heading"}:
        return ()
    text = heading_text(element) if element.kind == "heading" else element.name
    return edited.state.vault.ontology.properties_named(text)


def heading_text(element: NoteElement) -> str:
    """The text of a heading as a name: without the marks of links."""
    return element.section.title.text if element.section and element.section.title else element.name


def thing_named(edited: EditedNote, element: NoteElement) -> str:
    """The thing that a text names as the value of a property; empty if it names none."""
    ontology, index = edited.state.vault.ontology, edited.state.index
    properties = ontology.properties_named(element.key) if element.kind == "value" else ()
    if not properties or properties[0].kind != "object":
        return ""
    if notes := index.titled(letters_and_digits(element.name)):
        return notes[0]
    class_ = ontology.range_known_by_name(properties[0])
    if class_ is None or not letters_and_digits(element.name):
        return ""
    return index.names.named(local_name(ontology.known_by_name(class_) or class_), element.name)


def place_of_term(edited: EditedNote, term: str) -> lsp.Location | None:
    """The location of a term in the ontology's files, kg's own included; None if no file says what it is."""
    vault, node = edited.state.vault, ox.NamedNode(term)
    for file in vault.ontology.files:
        if not file.file.is_file() or all(triple.subject != node for triple in file.triples):
            continue
        if found := OntologyPlaces(vault.config, (file,)).of_thing(node):
            source, place = Source(file.text.encode()), found.place
            start = source.offset(Position(place.line, place.column))
            end = source.offset(Position(place.end_line, place.end_column))
            range_ = TextPositions(source, edited.encoding).range(Span(start, end))
            return lsp.Location(file.file.absolute().as_uri(), range_)
    return None


# ---- the notes that state something ----------------------------------------------------------------------------------


def stating(
    edited: EditedNote,
    subject: ox.NamedNode | None = None,
    predicate: ox.NamedNode | None = None,
    value: ox.NamedNode | None = None,
) -> set[str]:
    """The paths of the notes that state a triple of a pattern, as of the graph; of very many notes, only some."""
    vault = edited.state.vault
    pattern = f"{subject or '?s'} {predicate or '?p'} {value or '?o'}"
    rows = vault.store.solutions(f"SELECT DISTINCT ?g {{ GRAPH ?g {{ {pattern} }} }} LIMIT {MOST_NOTES}")
    graphs = {row[0] for row in rows} - set(OWN_GRAPHS)
    iris = (graph.value for graph in graphs if isinstance(graph, ox.NamedNode))
    return {vault.names.to_path(iri) for iri in iris if iri.startswith(vault.names.base)}
