"""List items that name things, for example the outcomes of a concept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from kg.core.text import Span, letters_and_digits, one_line
from kg.mapping.bylines import BylineName, authors_in, split_byline
from kg.mapping.collector import Collector, Scope
from kg.mapping.links import LinkMapper
from kg.mapping.ontology import OntologyProperty
from kg.mapping.structural_terms import LISTS, PREF_LABEL
from kg.notes.model import Block, Line, Link, Piece, Section
from kg.rdf.terms import RDF_TYPE, iri, literal

_LONGEST_NAME = 80


class ListingEntry(NamedTuple):
    """A list item, or a line of links and nothing else, by its own words."""

    span: Span
    pieces: tuple[Piece, ...]
    label: str
    only_links: bool
    is_item: bool
    id: str

    @property
    def links(self) -> Iterator[Link]:
        """The links among its words."""
        return (piece.link for piece in self.pieces if piece.link is not None)


def entries(blocks: Iterable[Block]) -> Iterator[ListingEntry]:
    """Yield the entries of a section: the items of its top-level lists, and the lines of nothing but links."""
    for block in blocks:
        if block.kind == "list":
            for item in block.children:
                if item.lines and not all(is_field(line) for line in item.lines):
                    yield _item(item)
        elif block.kind == "paragraph":
            for line in block.lines:
                if line.only_links:
                    yield ListingEntry(line.span, line.words, line.label, True, False, "")


def is_field(line: Line) -> bool:
    """Whether a line is `Key:: value` and nothing else."""
    return any(field.form == "line" for field in line.fields)


def _item(item: Block) -> ListingEntry:
    lines = item.lines
    pieces = tuple(piece for line in lines for piece in (*line.words, Piece(" ", None, line.span.end)))
    label = " ".join(filter(None, (line.label for line in lines)))
    return ListingEntry(item.span, pieces, label, all(line.only_links for line in lines), True, item.id)


def has_listing(section: Section) -> bool:
    """Whether a section lists items."""
    return next(entries(section.blocks), None) is not None


def has_plain_items(section: Section) -> bool:
    """Whether a section lists items that are neither tasks nor fields."""
    items = (item for block in section.blocks if block.kind == "list" for item in block.children)
    return any(item.lines and not item.task and not all(map(is_field, item.lines)) for item in items)


def _has_words(pieces: Iterable[Piece]) -> bool:
    """Whether any words are outside the links."""
    return any(ch.isalnum() for piece in pieces if piece.link is None for ch in piece.text)


class ListedThing(NamedTuple):
    """The thing that a list item names: by its own words, or as the target of its link."""

    iri: str
    is_own: bool


@dataclass(frozen=True)
class ListingMapper:
    """States the things that a section lists."""

    out: Collector
    links: LinkMapper
    default_class: str | None
    """The class of a note that names none."""

    def state(self, class_: str, section: Section, scope: Scope) -> dict[Span, ListedThing]:
        """State the things that a section lists as instances of the class; return those of single items by span."""
        items: dict[Span, ListedThing] = {}
        byline = self.out.ontology.byline(class_)
        for entry in entries(section.blocks):
            title, credit = split_byline(entry.pieces) if byline else (entry.pieces, ())
            links = [piece.link for piece in title if piece.link is not None]
            only_links = entry.only_links or (bool(credit) and bool(links) and not _has_words(title))
            if only_links:
                text = "".join(piece.text for piece in title).strip() if len(links) == 1 else ""
                things = [self._linked_thing(link, class_, text or link.text, bool(byline)) for link in links]
            elif entry.is_item and entry.label:
                things = self._own_things(entry, class_, title if credit else (), scope)
            else:
                continue
            if len(things) == 1:
                items[entry.span] = things[0]
            for thing in things:
                self._listed(iri(thing.iri), class_, scope, entry.span.start)
                if byline and credit:
                    self._credit(iri(thing.iri), byline, authors_in(credit))
        return items

    def named_in_prose(self, section: Section, class_: str, scope: Scope) -> bool:
        """Whether a section like `# Author` is a line of names and no sentence; if so, list the things named."""
        blocks = [block for block in section.blocks if block.kind != "comment"]
        if not self.out.ontology.known_by_name(class_) or len(blocks) != 1 or len(blocks[0].lines) != 1:
            return False
        line = blocks[0].lines[0]
        names = list(authors_in(line.words)) if len(line.label) < _LONGEST_NAME and "." not in line.label[-1:] else []
        for author in names:
            self._listed(self.links.known_by_name(author, class_), class_, scope, author.at)
        return bool(names)

    def _listed(self, term: str, class_: str, scope: Scope, at: int) -> None:
        self.out.add(term, RDF_TYPE, iri(class_), at)
        self.out.add(iri(scope.iri), LISTS, term, at)
        self.tie(term, class_, scope, at)

    def tie(self, term: str, class_: str, scope: Scope, at: int) -> None:
        """State the property that leads to a thing from the innermost thing around it, as the ontology declares."""
        for thing in scope.things:
            property_ = self.out.ontology.tie(thing.types, class_)
            if property_ and iri(thing.iri) != term:
                self.out.add(iri(thing.iri), iri(property_), term, at)
                return

    def _linked_thing(self, link: Link, class_: str, title: str, titled: bool) -> ListedThing:
        """Return the target of a listed link; if the class has a byline, label it with the link's text."""
        target = self.links.target(link)
        if titled and title:
            self.out.label(iri(target.exact), title, link.span.start, title=True)
        return ListedThing(target.exact, False)

    def _own_things(
        self, entry: ListingEntry, class_: str, title: tuple[Piece, ...], scope: Scope
    ) -> list[ListedThing]:
        """Return the things of a list item: by its name (or names), the note with this title, or a thing of its own."""
        out, text = self.out, one_line("".join(piece.text for piece in title)) or one_line(entry.label)
        if out.ontology.known_by_name(class_):
            names = list(authors_in(entry.pieces))
            if names:
                return [ListedThing(self.links.known_by_name(author, class_)[1:-1], True) for author in names]
        if not entry.id and (note := self._note_titled(text, class_, entry.span)):
            return [ListedThing(note, False)]
        thing = out.names.block(out.entity, entry.id) if entry.id else out.names.item(scope.iri, out.entity, text)
        out.add(iri(thing), PREF_LABEL, literal(text), entry.span.start)
        return [ListedThing(thing, True)]

    def _note_titled(self, text: str, class_: str, span: Span) -> str:
        """Return the entity of the only note of a class with this title; empty if there is none or several."""
        ontology, titled = self.out.ontology, self.out.index.titled_kinds(letters_and_digits(text))
        fitting = []
        for entity, kinds in titled.items():
            classes = list(filter(None, map(ontology.class_named, kinds))) or [self.default_class or ""]
            fitting += [entity] if any(class_ in ontology.superclasses(name) for name in classes) else []
        if titled and not fitting:
            message = f"the item “{text}” is another thing than the note “{text}”, which is no {ontology.label(class_)}"
            self.out.find("O07", message, *span)
        return fitting[0] if len(fitting) == 1 else ""

    def _credit(self, work: str, byline: OntologyProperty, authors: Iterable[BylineName]) -> None:
        class_ = self.out.ontology.range_known_by_name(byline)
        for author in authors:
            if class_:
                self.out.add(work, iri(byline.iri), self.links.known_by_name(author, class_), author.at)
