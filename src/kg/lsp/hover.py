"""What an editor shows of the thing under the cursor: what it is, what is inferred about it and why, how it begins.

The text is Markdown. What notes contain is escaped or stands in a block of code, so that showing it loads no picture,
and has no HTML and no links.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.core.errors import KgError
from kg.core.escaping import in_markdown, printable_lines
from kg.core.spelling import near
from kg.core.text import Span, one_line
from kg.lsp.destinations import (
    class_of,
    entity_of,
    named_class,
    named_properties,
    part_span,
    path_of,
    resolved,
    thing_named,
    whole_or_part,
)
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import NoteElement
from kg.lsp.thing_facts import DEFINITION, facts, inverses, linking, uses
from kg.lsp.under_cursor import UnderCursor, under_cursor
from kg.mapping.link_resolution import LINK_CLASSES, Target
from kg.mapping.ontology import OntologyProperty, local_name
from kg.notes.instructions import KEY
from kg.notes.model import Note
from kg.rdf.terms import RDFS
from kg.rdf.vocabulary import (
    BROADER,
    INFERRED_GRAPH,
    LINKS_TO,
    MENTIONS,
    ONTOLOGY_GRAPH,
    SUB_CLASS_OF,
    SUB_PROPERTY_OF,
    TAGGED,
    TYPE,
)
from kg.reasoning.explanation import Explanation
from kg.views.open_vault import OpenVault

_COMMENT = ox.NamedNode(RDFS + "comment")
_ROWS, _EXPLAINED, _VALUES, _REASONS = 8, 4, 4, 2
_PREVIEW = 10
_LONGEST = 300
_LONGEST_LINE = 200
_PAGES = frozenset(("external", "malformed", "no address", "template"))


_OWN_KEYS = {
    "tags": "the tags of the note",
    "type": "the class of what the note is about",
    "class": "the class of what the note is about",
    KEY: "the findings that are not reported for the note",
}


def hover(edited: EditedNote, position: lsp.Position) -> lsp.Hover | None:
    """What is known of the thing under the cursor, in Markdown; None if there is nothing to say."""
    under = under_cursor(edited, position)
    lines = list(_lines(edited, under)) if under else []
    if under is None or not lines:
        return None
    value = "\n".join(lines).strip()
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, value), edited.positions.range(under.element.span))


def _lines(edited: EditedNote, under: UnderCursor) -> Iterator[str]:
    element = under.element
    class_ = named_class(edited, element)
    if element.kind == "tag":
        yield from _of_tag(edited, element.name)
    if class_ and element.kind in {"class", "link", "tag"}:
        yield from _of_class(edited, class_)
    elif element.link:
        target = resolved(edited, element.link)
        if target:
            yield from _of_target(edited, under, target)
    elif element.kind in {"key", "field key"}:
        yield from _of_key(edited, element)
    elif element.kind in {"heading", "block id"}:
        yield from _of_part(edited, element, class_)
    elif thing := thing_named(edited, element):
        yield from _of_thing(edited, thing, path_of(edited.state, thing))


# ---- text ------------------------------------------------------------------------------------------------------------


def _plain(text: str, longest: int = _LONGEST) -> str:
    """A text as Markdown that displays it literally, on one line; the beginning of a long one."""
    text = one_line(text)
    text = text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
    return in_markdown(text).replace("&", "&amp;").replace("~", "\\~")


def _many(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _named(vault: OpenVault, nodes: Iterable[ox.NamedNode]) -> str:
    names = [_plain(vault.show(node).text) for node in sorted(nodes, key=lambda node: node.value)]
    more = f" and {len(names) - _VALUES} more" if len(names) > _VALUES else ""
    return ", ".join(names[:_VALUES]) + more


def _preview(note: Note | None, span: Span | None) -> Iterator[str]:
    """The beginning of a note without its front matter, or of a part of it, as it is written."""
    if note is None or note.kind == "canvas":
        return
    starts = [block.span.start for block in note.root.blocks[:1]] + [part.span.start for part in note.root.sections[:1]]
    first = min(starts, default=None)
    start = span.start if span else first
    if start is None:
        return
    text = note.source.data[start : start + 4 * _PREVIEW * _LONGEST_LINE].decode("utf-8", "ignore")
    rows = [row if len(row) <= _LONGEST_LINE else f"{row[: _LONGEST_LINE - 1]}…" for row in text.splitlines()]
    shown = printable_lines("\n".join(rows[:_PREVIEW]).rstrip())
    fence = "```"
    while fence in shown:
        fence += "`"
    yield from ("", f"{fence}markdown", shown, *(["…"] if len(rows) > _PREVIEW else []), fence)


# ---- things ----------------------------------------------------------------------------------------------------------


def _of_target(edited: EditedNote, under: UnderCursor, target: Target) -> Iterator[str]:
    iri = whole_or_part(target, under)
    if target.kind in _PAGES:
        yield f"{_plain(target.path)}: {LINK_CLASSES[target.kind]}"
        yield from _links(edited, iri)
    elif target.kind in {"attachment", "missing", "missing attachment"}:
        yield f"**{_plain(target.path)}**: {LINK_CLASSES[target.kind]}"
        yield from _near(edited, target) if target.kind == "missing" else ()
        yield from _links(edited, iri)
    else:
        if target.kind in {"missing heading", "missing block"} and under.part != "path":
            yield from (f"{LINK_CLASSES[target.kind]}{_near_part(edited, under, target)}", "")
        if target.rivals:
            files = ", ".join(_plain(path) for path in (target.path, *target.rivals)[: _VALUES + 1])
            yield from (f"{LINK_CLASSES['ambiguous']}: {files}", "")
        yield from _of_thing(edited, iri, target.path, class_of(edited, target))


def _near(edited: EditedNote, target: Target) -> Iterator[str]:
    """The name of a note that a link to a missing one may misspell."""
    if similar := near(target.path.rpartition("/")[2].lower(), edited.state.index.note_names.keys()):
        path = edited.state.index.note_names.get(similar, "")
        yield from ("", f"Did you mean {_plain(path.removesuffix('.md') or similar)}?")


def _near_part(edited: EditedNote, under: UnderCursor, target: Target) -> str:
    """The heading or block of a note that a link to a missing one may misspell."""
    outline = edited.state.index.outlines.get(target.path)
    link = under.element.link
    if outline is None or link is None:
        return ""
    wanted = link.subpath.rpartition("#")[2]
    known = [heading.parts[-1] for heading in outline.headings]
    if target.kind == "missing block":
        known = [f"^{id_}" for id_ in outline.blocks.values()]
    similar = near(wanted, known)
    return f"; did you mean {_plain(similar)}?" if similar else ""


def _links(edited: EditedNote, iri: str) -> Iterator[str]:
    """How many notes link to a thing, or how many places to a part of a note."""
    node, vault = ox.NamedNode(iri), edited.state.vault
    if notes := linking(vault, node, LINKS_TO):
        yield from ("", f"{_many(len(notes), 'note links', 'notes link')} here")
    elif places := linking(vault, node, MENTIONS):
        yield from ("", f"{_many(len(places), 'place links', 'places link')} here")


def _of_thing(edited: EditedNote, iri: str, path: str, kind: str = "") -> Iterator[str]:
    vault, node = edited.state.vault, ox.NamedNode(iri)
    note = edited.note_at(path) if path else None
    span = part_span(edited.state, path, iri) if path else None
    is_whole = bool(path) and iri == entity_of(edited.state, path)
    name = note.title if note and is_whole else vault.show(node).text
    kind = vault.kind(node) or (kind if is_whole else "")
    label = vault.ontology.label(kind) or local_name(kind)
    yield f"**{_plain(name)}**" + (f" · {_plain(label)}" if label else "")
    if definition := next(vault.store.literals(node, DEFINITION), ""):
        yield from ("", _plain(definition))
    yield from _facts(vault, node)
    yield from _links(edited, iri)
    if note is not None and (is_whole or span):
        yield from _preview(note, span)


def _facts(vault: OpenVault, node: ox.NamedNode) -> Iterator[str]:
    """A line for each property, then one for each inferred fact, with the reason."""
    told: dict[ox.NamedNode, list[str]] = {}
    inferred = []
    for row in facts(vault, node):
        if vault.store.has(row.subject, row.predicate, row.object, INFERRED_GRAPH):
            inferred.append(row)
        else:
            told.setdefault(row.predicate, []).append(_plain(vault.show(row.object).text, 80))
    lines = []
    for property_, values in told.items():
        more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
        lines.append(f"- {_plain(vault.show(property_).text)}: {', '.join(values[:_VALUES])}{more}")
    lines += (f"- {_reason(vault, row, explained=number < _EXPLAINED)}" for number, row in enumerate(inferred[:_ROWS]))
    total = len(told) + len(inferred)
    if lines:
        yield from ("", *lines[:_ROWS])
    if total > _ROWS:
        yield f"- … and {total - _ROWS} more"


def _reason(vault: OpenVault, row: ox.Triple, *, explained: bool) -> str:
    """An inferred fact, and why it holds."""
    sentence = f"{_plain(vault.show(row.predicate).text)}: {_plain(vault.show(row.object).text, 80)}"
    explainer = vault.explainer
    if not explained:
        return f"{sentence} *(inferred)*"
    try:
        reasons = explainer.apart(lambda: explainer.explained(filter(None, [explainer.derivations.of(row)])))
    except KgError:
        reasons = []
    leaves = [_leaf(leaf) for reason in reasons for leaf in islice(reason.leaves, _REASONS)]
    return f"{sentence}, because {' and '.join(leaves)}" if leaves else f"{sentence} *(inferred)*"


def _leaf(leaf: Explanation) -> str:
    words = _plain(" ".join(leaf.words), 160)
    if not leaf.stated:
        return words
    line = leaf.stated[0]
    return f"{words}: {_plain(line.path)}" + ("" if line.remark and line.line == 1 else f":{line.line}")


def _of_part(edited: EditedNote, element: NoteElement, class_: str) -> Iterator[str]:
    """What is known of a heading or a block of the note itself."""
    names, entity = edited.state.index.names, entity_of(edited.state, edited.path)
    vault = edited.state.vault
    if element.section:
        iri = names.section(entity, element.section.parts)
        if class_:
            yield from (f"names the class **{_plain(vault.ontology.label(class_) or local_name(class_))}**", "")
        elif properties := named_properties(edited, element):
            label = vault.ontology.label(properties[0].iri) or local_name(properties[0].iri)
            yield from (f"names the property **{_plain(label)}**", "")
    else:
        iri = names.block(entity, element.name)
    node = ox.NamedNode(iri)
    label = vault.ontology.label(vault.kind(node))
    yield f"**{_plain(element.name)}**" + (f" · {_plain(label)}" if label else "")
    yield from _facts(vault, node)
    yield from _links(edited, iri)


# ---- names -----------------------------------------------------------------------------------------------------------


def _of_tag(edited: EditedNote, name: str) -> Iterator[str]:
    vault, tag = edited.state.vault, ox.NamedNode(edited.state.index.names.tag(name))
    number = uses(vault, TAGGED, tag)
    yield f"**{_plain('#' + name)}** · {_many(number, 'note', 'notes')}"
    inner = {row.subject for row in vault.store.triples(None, BROADER, tag)}
    if nested := [node for node in inner if isinstance(node, ox.NamedNode)]:
        yield from ("", f"nested in it: {_named(vault, nested)}")
    yield ""


def _of_class(edited: EditedNote, class_: str) -> Iterator[str]:
    vault, node = edited.state.vault, ox.NamedNode(class_)
    yield f"**{_plain(vault.ontology.label(class_) or local_name(class_))}** · class {_plain(vault.naming.curie(node))}"
    yield from _comment(vault, node)
    above = {row.object for row in vault.store.triples(node, SUB_CLASS_OF, None, ONTOLOGY_GRAPH)}
    if named := [node for node in above if isinstance(node, ox.NamedNode)]:
        yield f"- is a kind of {_named(vault, named)}"
    (row,) = vault.store.solutions(f"SELECT (COUNT(DISTINCT ?s) AS ?n) {{ ?s {TYPE} {node} }}")
    yield f"- {_many(int(row[0].value), 'thing', 'things')}"


def _of_key(edited: EditedNote, element: NoteElement) -> Iterator[str]:
    vault = edited.state.vault
    if properties := named_properties(edited, element):
        yield from _of_property(vault, properties[0])
        for other in properties[1:2]:
            yield f"- for other values: {_plain(vault.ontology.label(other.iri) or local_name(other.iri))}"
        return
    if meaning := _OWN_KEYS.get(element.name.lower()) if element.kind == "key" else None:
        yield f"**{_plain(element.name)}** · {meaning}"
        return
    node = ox.NamedNode(edited.state.index.names.property(element.name))
    yield f"**{_plain(element.name)}** · property of this vault; no ontology has it"
    yield from ("", f"- used in {_many(uses(vault, node), 'note', 'notes')}")


def _of_property(vault: OpenVault, declared: OntologyProperty) -> Iterator[str]:
    node, label = ox.NamedNode(declared.iri), vault.ontology.label(declared.iri) or local_name(declared.iri)
    yield f"**{_plain(label)}** · property {_plain(vault.naming.curie(node))}"
    yield from _comment(vault, node)
    domains, ranges = (_named(vault, map(ox.NamedNode, classes)) for classes in (declared.domains, declared.ranges))
    if domains or ranges:
        yield f"- from {domains or 'anything'} to {ranges or 'anything'}"
    if others := inverses(vault, node):
        yield f"- inverse: {_named(vault, others)}"
    above = {row.object for row in vault.store.triples(node, SUB_PROPERTY_OF, None, ONTOLOGY_GRAPH)}
    if named := [other for other in above if isinstance(other, ox.NamedNode)]:
        yield f"- is a kind of {_named(vault, named)}"
    yield f"- used in {_many(uses(vault, node), 'note', 'notes')}"


def _comment(vault: OpenVault, node: ox.NamedNode) -> Iterator[str]:
    comment = next(vault.store.literals(node, _COMMENT), "")
    yield from ("", _plain(comment), "") if comment else ("",)
