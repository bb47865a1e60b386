"""The colours of a note in an editor: a link has that of the class to which it leads.

The types of tokens are standard ones, so that every theme has colours for them. Each class of the ontology has one of
`CLASS_TYPES`: the classes that have labels, in the order of their IRIs, take them in turn. So two classes have
different colours unless the ontology has very many, and a class keeps its colour until the ontology changes.

    class, interface, enum …  a link to a thing, by its class; the name of a class in `type:`
    variable                  a link to a thing without a class; it is `deprecated` where it leads to something missing
    string                    a link to a web page, or to a file that is no note
    decorator                 a tag
    property                  the key of a property; it is `readonly` where no ontology has the property
    label                     the id of a block
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import pyoxigraph as ox
from lsprotocol import types as lsp

from kg.core.text import LINE_END, Span
from kg.lsp.destinations import class_of, named_class, named_properties, resolved
from kg.lsp.edited_note import EditedNote
from kg.lsp.note_elements import NoteElement, elements
from kg.mapping.link_resolution import Target
from kg.mapping.ontology import Ontology
from kg.notes.instructions import KEY
from kg.notes.kinds import KIND_KEYS
from kg.rdf.vocabulary import INFERRED_GRAPH, TYPE

CLASS_TYPES = ("class", "interface", "enum", "struct", "type", "typeParameter", "function", "enumMember", "event")
"""The types of the tokens of things, which classes take in turn."""
_OTHER_TYPES = ("variable", "string", "decorator", "property", "label")
_MODIFIERS = ("deprecated", "readonly", "abstract")
LEGEND = lsp.SemanticTokensLegend([*CLASS_TYPES, *_OTHER_TYPES], [*_MODIFIERS])
"""The types and modifiers of tokens. `deprecated` is what is missing, `readonly` what no ontology has, `abstract` a
class that is inferred.
"""
_MISSING = frozenset(("missing", "missing heading", "missing block", "missing attachment", "no address"))
_OWN_KEYS = frozenset((*KIND_KEYS, KEY))
_FILES = frozenset(("attachment", "external", "malformed"))


class PlacedToken(NamedTuple):
    """A token in one line; its place and its length are in the units of the editor."""

    line: int
    start: int
    length: int
    type: int
    modifiers: int


def semantic_tokens(edited: EditedNote, range: lsp.Range | None = None) -> lsp.SemanticTokens:  # noqa: A002
    """The tokens of a note, or of the lines of a range, as the protocol encodes them."""
    first, last = (range.start.line, range.end.line) if range else (0, len(edited.note.source.data))
    data: list[int] = []
    line = start = 0
    for token in placed_tokens(edited):
        if first <= token.line <= last:
            start = start if token.line == line else 0
            data += (token.line - line, token.start - start, token.length, token.type, token.modifiers)
            line, start = token.line, token.start
    return lsp.SemanticTokens(data)


def placed_tokens(edited: EditedNote) -> list[PlacedToken]:
    """The tokens of a note in the order of the text; none overlaps another, or spans two lines."""
    painter, end = _Colours(edited), 0
    tokens: list[PlacedToken] = []
    named = sorted(elements(edited.note), key=lambda element: (element.span.start, -element.span.end))
    for element in named:
        if element.span.start >= end and (colour := painter.of(element)):
            tokens += _in_lines(edited, element.span, *colour)
            end = element.span.end
    return tokens


def _in_lines(edited: EditedNote, span: Span, type_: int, modifiers: int) -> Iterator[PlacedToken]:
    """The tokens of an element, one for each of its lines."""
    data = edited.note.source.data
    starts = [span.start, *(match.end() for match in LINE_END.finditer(data, *span))]
    ends = [*(match.start() for match in LINE_END.finditer(data, *span)), span.end]
    for start, end in zip(starts, ends, strict=True):
        first, last = edited.positions.position(start), edited.positions.position(end)
        if last.character > first.character and first.line == last.line:
            yield PlacedToken(first.line, first.character, last.character - first.character, type_, modifiers)


@dataclass(frozen=True)
class _Colours:
    """The types and modifiers of elements."""

    edited: EditedNote

    def of(self, element: NoteElement) -> tuple[int, int] | None:
        """The type and the modifiers of an element; None if it has no colour."""
        if class_ := named_class(self.edited, element) if element.kind in {"class", "link"} else "":
            return self._of_class(class_), 0
        if element.link:
            target = resolved(self.edited, element.link)
            return self._of_target(target) if target else None
        if element.kind == "tag":
            return _type("decorator"), 0
        if element.kind in {"key", "field key"}:
            is_known = element.name.lower() in _OWN_KEYS or named_properties(self.edited, element)
            return _type("property"), 0 if is_known else _modifier("readonly")
        return (_type("label"), 0) if element.kind == "block id" else None

    def _of_target(self, target: Target) -> tuple[int, int] | None:
        if target.kind in _FILES:
            return _type("string"), 0
        if target.kind == "template":
            return None
        modifiers = _modifier("deprecated") if target.kind in _MISSING else 0
        class_ = class_of(self.edited, target)
        if class_ and self._is_inferred(target, class_):
            modifiers |= _modifier("abstract")
        return self._of_class(class_), modifiers

    def _of_class(self, class_: str) -> int:
        return self._numbers.get(class_, _type("variable"))

    def _is_inferred(self, target: Target, class_: str) -> bool:
        store, kind = self.edited.state.vault.store, ox.NamedNode(class_)
        nodes: Iterable[ox.NamedNode] = map(ox.NamedNode, dict.fromkeys((target.exact, target.entity)))
        return any(store.has(node, TYPE, kind, INFERRED_GRAPH) for node in nodes)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return class_numbers(self.edited.state.vault.ontology)


def class_numbers(ontology: Ontology) -> Mapping[str, int]:
    """The types of tokens, as numbers in the legend, by the classes of an ontology."""
    named = sorted(
        class_ for class_ in ontology.classes if ontology.label(class_) and not ontology.is_structural(class_)
    )
    return {class_: number % len(CLASS_TYPES) for number, class_ in enumerate(named)}


def _type(name: str) -> int:
    return LEGEND.token_types.index(name)


def _modifier(name: str) -> int:
    return 1 << LEGEND.token_modifiers.index(name)
