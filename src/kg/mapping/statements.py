"""The statements of a note: its triples, each with the position in the note that states it (contract, section 4).

The ontology decides the meaning of a heading, a tag or a key; the index decides the target of a link. This module
names only the terms that the mapping itself creates: the structural terms of `kg:` and SKOS labels.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kg.core.findings import Finding
from kg.core.text import Span, letters_and_digits, one_line
from kg.mapping.bylines import BylineName, authors_in, camel_case_name, credited_tags, split_byline
from kg.mapping.link_resolution import Index, LinkClass, RecordingIndex, Target
from kg.mapping.listings import ListingEntry, entries, has_listing, has_words
from kg.mapping.ontology import Ontology, OntologyProperty, local_name
from kg.notes.model import Block, Field, Line, Link, Note, Piece, Section, Tag, Value
from kg.notes.values import inline_value
from kg.rdf.iris import Names, encode_url, is_web
from kg.rdf.terms import KG, RDF_TYPE, SKOS, iri, literal

NOTE, CANVAS, SECTION, BLOCK, TAG, TASK = (
    iri(KG + name) for name in ("Note", "Canvas", "Section", "Block", "Tag", "Task")
)
ATTACHMENT, MISSING = iri(KG + "Attachment"), iri(KG + "Missing")
DESCRIBES, PATH, CONTENT_HASH, WORD_COUNT = (
    iri(KG + name) for name in ("describes", "path", "contentHash", "wordCount")
)
HAS_SECTION, HEADING, LEVEL, ORDER, TEXT = (
    iri(KG + name) for name in ("hasSection", "heading", "level", "order", "text")
)
HAS_BLOCK, LISTS, LINKS_TO, MENTIONS, EMBEDS = (
    iri(KG + name) for name in ("hasBlock", "lists", "linksTo", "mentions", "embeds")
)
TAGGED, HAS_TASK, STATUS, COMPLETED = (iri(KG + name) for name in ("tagged", "hasTask", "status", "completed"))
PREF_LABEL, ALT_LABEL, BROADER = (iri(SKOS + name) for name in ("prefLabel", "altLabel", "broader"))
_LABEL_OF_PROPERTY = iri("http://www.w3.org/2000/01/rdf-schema#label")

_TYPE_KEYS = ("type", "class", "tags")
_VALID_TAG = re.compile(r"[^\u2000-\u206f\u2e00-\u2e7f'!\"#$%&()*+,.:;<=>?@^`{|}~\[\]\\\s]+\Z")
_LONGEST_NAME = 80
_ADDRESSES = {"external", "malformed"}
_NOTHING: frozenset[LinkClass] = frozenset(("template", "no address"))
# Addresses that hold their content, or a program: they count as links, but lead nowhere.
_NO_PAGES = ("data:", "javascript:")
_LEVELS = 32
_LONGEST_TAG = 1_000
"""A longer tag, or a tag of more levels, is not nested in others: the IRI of each level is as long as the level."""
_BYTES_PER_BYTE, _BASE_BYTES = 200, 4_000_000
"""A note's limit on bytes of triples: a factor of its size, plus a constant. Most notes need a factor of 5 to 50."""
_XSD_KINDS = {"integer", "decimal", "double", "boolean", "date", "dateTime", "duration"}


class Statement(NamedTuple):
    """A triple, its terms as N-Triples text, and the byte offset in the note that states it."""

    subject: str
    predicate: str
    object: str
    at: int


class Label(NamedTuple):
    """A note's name for a thing that many notes may name: the first name by path is the label.

    `is_title` says that another wording is an alternative label, and not another spelling of the same name.
    """

    term: str
    predicate: str
    text: str
    at: int
    is_title: bool = False


@dataclass(frozen=True)
class Statements:
    """All statements of a note."""

    graph: str
    rows: tuple[Statement, ...]
    labels: tuple[Label, ...]
    links: Mapping[LinkClass, int]
    questions: frozenset[str]
    """The questions to the index: the statements hold as long as its answers stay the same."""
    findings: tuple[Finding, ...] = ()
    """The parts of the note that are not stated."""


@dataclass(frozen=True)
class Reader:
    """The context that maps a note to its statements."""

    index: Index
    ontology: Ontology
    default_class: str

    def statements(self, note: Note) -> Statements:
        """Return the statements of a note: a pure function of the note, the index and the ontology."""
        writer = _Writer(self, note)
        writer.note_itself()
        writer.front_matter()
        writer.body()
        return writer.done()


class _Thing(NamedTuple):
    """A thing that sections can be about, with its classes."""

    iri: str
    types: tuple[str, ...]
    is_task: bool = False


class _Item(NamedTuple):
    """The thing that a list item names: by its own words, or as the target of its link."""

    iri: str
    is_own: bool


class _Place(NamedTuple):
    """A position in the outline: the innermost section (or the entity), and the things around it, innermost first.

    `subject` is the subject of a heading that names a property, if it is not the place itself.
    """

    iri: str
    things: tuple[_Thing, ...]
    subject: str = ""


class _Writer:
    """Collects the statements of one note."""

    def __init__(self, reader: Reader, note: Note) -> None:
        self.index = RecordingIndex(reader.index)
        self.ontology: Ontology = reader.ontology
        self.names: Names = reader.index.names
        self.note = note
        self.entity = reader.index.entity(note.path)
        self.rows: dict[tuple[str, str, str], int] = {}
        self.labels: dict[Label, None] = {}
        self.links: Counter[LinkClass] = Counter()
        self.tasks: Counter[str] = Counter()
        self.placeholders: set[str] = set()
        self.findings: dict[str, Finding] = {}
        self.bytes_left = _BASE_BYTES + _BYTES_PER_BYTE * len(note.source.data)
        self.named_types = self._types()
        self.types = tuple(self.named_types or filter(None, [self._default_class(reader)]))

    def _default_class(self, reader: Reader) -> str | None:
        """Return the class of an entity that states none; the entity of a canvas has none."""
        return None if self.note.kind == "canvas" else reader.ontology.class_named(reader.default_class)

    def done(self) -> Statements:
        """Return the collected statements, sorted so that they do not depend on the order of collection."""
        rows = tuple(Statement(*triple, at) for triple, at in sorted(self.rows.items()))
        labels = tuple(sorted(self.labels, key=lambda label: label.at))
        questions = frozenset(self.index.questions)
        document = self.names.path(self.note.path)
        return Statements(document, rows, labels, dict(self.links), questions, tuple(sorted(self.findings.values())))

    def add(self, subject: str, predicate: str, obj: str, at: int) -> None:
        """State a triple; its first position counts. A template's placeholder or an invalid address has no triples."""
        if subject in self.placeholders or obj in self.placeholders:
            return
        row = (subject, predicate, obj)
        if row not in self.rows and self._fits(len(subject) + len(predicate) + len(obj), at):
            self.rows[row] = at

    def _fits(self, size: int, at: int) -> bool:
        """Whether the note may state `size` more bytes; add a finding the first time it may not."""
        if self.bytes_left < 0:
            return False
        self.bytes_left -= size
        if self.bytes_left < 0:
            self._find("F09", "the note makes more triples than the limit: the rest is left out", at, at)
        return self.bytes_left >= 0

    def _find(self, code: str, message: str, start: int, end: int) -> None:
        """Add a finding, once a note, at its first position."""
        if code not in self.findings:
            place = (*self.note.source.position(start), *self.note.source.position(end))
            self.findings[code] = Finding(self.note.path, *place, code, message)

    def label(self, term: str, text: str, at: int, *, title: bool = False) -> None:
        """Name a thing that other notes may name, too."""
        if term in self.placeholders:
            return
        self._label(Label(term, PREF_LABEL, one_line(text), at, title))

    def _label(self, label: Label) -> None:
        if label not in self.labels and self._fits(len(label.term) + len(label.text), label.at):
            self.labels[label] = None

    # ---- the note as a whole ------------------------------------------------------------------------------

    def note_itself(self) -> None:
        """State the document, and the title and classes of its entity."""
        document, entity = iri(self.names.path(self.note.path)), iri(self.entity)
        self.add(document, RDF_TYPE, CANVAS if self.note.kind == "canvas" else NOTE, 0)
        self.add(document, DESCRIBES, entity, 0)
        self.add(document, PATH, literal(self.note.path.encode("utf-8", "replace").decode()), 0)
        self.add(document, CONTENT_HASH, literal(self.note.digest), 0)
        self.add(document, WORD_COUNT, literal(str(self.note.words), "integer"), 0)
        for class_, at in self.named_types.items():
            self.add(entity, RDF_TYPE, iri(class_), at)
        for class_ in self.types:
            self.add(entity, RDF_TYPE, iri(class_), 0)
        if not self._has_title():
            self.add(entity, PREF_LABEL, literal(self.note.name.encode("utf-8", "replace").decode()), 0)

    def _has_title(self) -> bool:
        """Whether the front matter has a title."""
        properties = (prop for prop in self.note.properties if prop.value.text or prop.value.children)
        return any(self._is(prop.key, SKOS + "prefLabel") for prop in properties)

    def _is(self, key: str, property_: str) -> bool:
        properties = self.ontology.properties_named(key)
        return bool(properties) and properties[0].iri == property_

    def _types(self) -> dict[str, int]:
        """Return the classes that front matter and inline tags name, each with its offset."""
        classes: dict[str, int] = {}
        for prop in self.note.properties:
            if prop.key.lower() in _TYPE_KEYS:
                for value in _leaves(prop.value):
                    class_ = self.ontology.class_named(_type_text(value))
                    if class_:
                        classes.setdefault(class_, value.span.start)
        for tag in _tags(self.note.root):
            class_ = self.ontology.class_named(tag.name)
            if class_:
                classes.setdefault(class_, tag.span.start)
        return classes

    # ---- front matter -------------------------------------------------------------------------------------

    def front_matter(self) -> None:
        """State the properties, tags and links of the front matter, all about the entity."""
        subject = _Thing(self.entity, self.types)
        for prop in self.note.properties:
            for value in _leaves(prop.value):
                for link in value.links:
                    self.link(link, self.entity)
            key = prop.key.lower()
            if key == "tags":
                for value in _leaves(prop.value):
                    self._front_tag(value)
            elif key in _TYPE_KEYS:
                for value in _leaves(prop.value):
                    if not self.ontology.class_named(_type_text(value)):
                        self.property(subject, prop.key, value)
            elif key != "id":
                self.property(subject, prop.key, prop.value)

    def _front_tag(self, value: Value) -> None:
        name = value.text.removeprefix("#").strip("/")
        if value.kind == "text" and _VALID_TAG.match(name) and not name.isdecimal():
            self.tag(Tag(value.span, name), self.entity)

    # ---- properties and their values ------------------------------------------------------------------------

    def property(self, subject: _Thing, key: str, value: Value) -> None:
        """State `key: value` about a thing."""
        if value.kind == "map":
            for name, child in zip(value.keys, value.children[1::2], strict=True):
                self.property(subject, f"{key} {name}", child)
        elif value.kind == "list":
            for child in value.children:
                self.property(subject, key, child)
        elif value.kind != "null" and (value.text or value.links):
            prop = self._meant(self.ontology.properties_named(key), value)
            if prop:
                predicate = iri(prop.iri)
            else:
                predicate = iri(self.names.property(key))
                self._label(Label(predicate, _LABEL_OF_PROPERTY, key.strip(), value.span.start))
            for obj, at in self._objects(subject, prop, value):
                self.add(iri(subject.iri), predicate, obj, at)

    @staticmethod
    def _meant(found: tuple[OntologyProperty, ...], value: Value) -> OntologyProperty | None:
        """Return the first property that takes such a value, else the first."""
        if value.link:
            fitting = [prop for prop in found if prop.kind in {"object", "any"}]
        elif value.kind in _XSD_KINDS:
            fitting = [prop for prop in found if prop.kind != "object"]
        else:
            fitting = list(found)
        return next(iter([*fitting, *found]), None)

    def _objects(self, subject: _Thing, prop: OntologyProperty | None, value: Value) -> Iterator[tuple[str, int]]:
        """Yield the terms of a value, each with its offset.

        They are entities for an object property, else targets of links or typed literals.
        """
        at = value.span.start
        if prop is not None and prop.kind == "object":
            for link in value.links:
                yield iri(self.target(link).exact), at if value.link else link.span.start
            if not value.links:
                for term in self._entities(subject, prop, value):
                    yield term, at
        elif value.link and (prop is None or prop.kind == "any"):
            yield iri(self.target(value.link).exact), at
        else:
            yield self._literal(prop, value), at

    @staticmethod
    def _literal(prop: OntologyProperty | None, value: Value) -> str:
        """Return the literal of a value."""
        if value.link:
            return literal(value.link.text)
        if prop and prop.is_text:
            return literal(_plain(value))
        return literal(value.text, value.kind if value.kind in _XSD_KINDS else "")

    def _entities(self, subject: _Thing, prop: OntologyProperty, value: Value) -> Iterator[str]:
        """Yield the things that a text names as the value of an object property."""
        text, at = one_line(value.text), value.span.start
        class_ = self.ontology.range_known_by_name(prop)
        if is_web(text):
            url = encode_url(text)
            if url:
                yield iri(url)
        elif class_:
            for author in authors_in((Piece(text, None, at),)):
                yield self.known_by_name(author, class_)
        else:
            notes = self.index.titled(letters_and_digits(text))
            if notes:
                yield iri(notes[0])
                return
            term = iri(self.names.item(subject.iri, self.entity, text))
            for range_ in sorted(prop.ranges & self.ontology.classes)[:1]:
                self.add(term, RDF_TYPE, iri(range_), at)
            self.label(term, text, at)
            yield term

    def known_by_name(self, named: BylineName, class_: str) -> str:
        """Return the term of an author: the note with that title, else the thing with that name."""
        if named.link is not None:
            target = self.target(named.link)
            if target.kind == "missing":
                self.add(iri(target.exact), RDF_TYPE, iri(class_), named.at)
            return iri(target.exact)
        notes = self.index.titled(letters_and_digits(named.name))
        if notes:
            term = iri(notes[0])
        else:
            kind = local_name(self.ontology.known_by_name(class_) or class_)
            term = iri(self.names.named(kind, named.name))
            self.label(term, named.name, named.at)
        self.add(term, RDF_TYPE, iri(class_), named.at)
        return term

    # ---- the body -------------------------------------------------------------------------------------------

    def body(self) -> None:
        """State the outline, from the note's top to its last section."""
        root = self.note.root
        entity = _Thing(self.entity, self.types)
        place = _Place(self.entity, (entity,))
        if root.text and self.note.kind != "canvas":
            self.add(iri(self.entity), TEXT, literal(root.text), root.blocks[0].span.start)
        class_ = self.ontology.class_named(self.note.title)
        things = self._listing(class_, root, place) if class_ else {}
        self._content(root.blocks, place, things)
        for section in root.sections:
            self._section(section, place)
        self._edges()

    def _edges(self) -> None:
        """State a canvas's edges: each is a mention of what its end node shows, or the property of its label."""
        nodes = {block.id: block for block in self.note.root.blocks if block.kind == "node"}
        for edge in self.note.edges:
            if edge.start not in nodes or edge.end not in nodes:
                continue
            start, end, at = nodes[edge.start], self._node(nodes[edge.end]), edge.span.start
            if not edge.label:
                self.add(iri(self.names.block(self.entity, start.id)), MENTIONS, iri(end), at)
                continue
            properties = [p for p in self.ontology.properties_named(edge.label) if p.kind in {"object", "any"}]
            predicate = iri(properties[0].iri if properties else self.names.property(edge.label))
            if not properties:
                self._label(Label(predicate, _LABEL_OF_PROPERTY, edge.label, at))
            self.add(iri(self._node(start)), predicate, iri(end), at)

    def _node(self, block: Block) -> str:
        """Return the file or page that a canvas node shows, else the node itself."""
        link = _shown_link(block)
        return self.target(link).exact if link else self.names.block(self.entity, block.id)

    def _section(self, section: Section, above: _Place) -> None:
        section_iri = self.names.section(self.entity, section.parts)
        title = section.title.text if section.title else ""
        self._outline(section, iri(section_iri), iri(above.iri))
        place = _Place(section_iri, above.things)
        things: dict[Span, _Item] = {}
        class_ = self.ontology.class_named(title)
        if class_:
            things = self._listing(class_, section, place)
            if section.text and not has_listing(section) and not self._is_title(section):
                place = self._instance(section, class_, above)
        else:
            self._named_property(section, title, above)
        if section.title:
            self._lines((section.title,), section_iri, place)
            self._bylines((section.title,))
        self._content(section.blocks, place, things)
        for child in section.sections:
            # A heading that repeats the note's title is about the entity, not about a part of it.
            subject = self.entity if self._is_title(section) else section_iri
            self._section(child, place._replace(subject=subject))

    def _is_title(self, section: Section) -> bool:
        key = letters_and_digits(self.note.title)
        return len(section.parts) == 1 and bool(key) and letters_and_digits(section.heading) == key

    def _outline(self, section: Section, term: str, above: str) -> None:
        at = section.span.start
        self.add(above, HAS_SECTION, term, at)
        self.add(term, RDF_TYPE, SECTION, at)
        self.add(term, HEADING, literal(section.heading), at)
        self.add(term, LEVEL, literal(str(section.level), "integer"), at)
        self.add(term, ORDER, literal(str(section.order), "integer"), at)
        if section.text:
            self.add(term, TEXT, literal(section.text), section.blocks[0].span.start)

    def _instance(self, section: Section, class_: str, above: _Place) -> _Place:
        """State a section as an instance of the class that its heading names; return the place of its content."""
        section_iri, at = self.names.section(self.entity, section.parts), section.span.start
        place = _Place(section_iri, above.things)
        if self._named_in_prose(section, class_, place):
            return place
        self.add(iri(section_iri), RDF_TYPE, iri(class_), at)
        self.add(iri(section_iri), PREF_LABEL, literal(one_line(section.title.text) if section.title else ""), at)
        self._tie(iri(section_iri), class_, above, at)
        return _Place(section_iri, (_Thing(section_iri, (class_,)), *above.things))

    def _named_in_prose(self, section: Section, class_: str, place: _Place) -> bool:
        """Whether a section like `# Author` is a line of names and no sentence; if so, list the things named."""
        blocks = section.blocks
        if not self.ontology.known_by_name(class_) or len(blocks) != 1 or len(blocks[0].lines) != 1:
            return False
        line = blocks[0].lines[0]
        names = list(authors_in(line.words)) if len(line.label) < _LONGEST_NAME and "." not in line.label[-1:] else []
        for author in names:
            self._listed(self.known_by_name(author, class_), class_, place, author.at)
        return bool(names)

    def _tie(self, term: str, class_: str, place: _Place, at: int) -> None:
        """State the property that leads to a thing from the innermost thing around it, as the ontology declares."""
        for thing in place.things:
            property_ = self.ontology.tie(thing.types, class_)
            if property_ and iri(thing.iri) != term:
                self.add(iri(thing.iri), iri(property_), term, at)
                return

    def _named_property(self, section: Section, title: str, above: _Place) -> None:
        """State the property that a heading names: its value is the section's text, or the things it lists."""
        properties = self.ontology.properties_named(title)
        if not properties:
            return
        prop = properties[0]
        if prop.kind != "object":
            if section.text:
                subject = iri(above.subject or above.iri)
                self.add(subject, iri(prop.iri), literal(section.text), section.blocks[0].span.start)
            return
        for entry in entries(section.blocks):
            for link in entry.links if entry.only_links else ():
                self.add(iri(above.things[0].iri), iri(prop.iri), iri(self.target(link).exact), link.span.start)
            if entry.is_item and not entry.only_links and entry.label:
                value = Value("text", entry.span, entry.label, entry.label)
                self.property(above.things[0], title, value)

    # ---- lists under a heading that names a class --------------------------------------------------------------

    def _listing(self, class_: str, section: Section, place: _Place) -> dict[Span, _Item]:
        """State the things that a section lists as instances of the class; return those of single items by span."""
        items: dict[Span, _Item] = {}
        byline = self.ontology.byline(class_)
        for entry in entries(section.blocks):
            title, credit = split_byline(entry.pieces) if byline else (entry.pieces, ())
            links = [piece.link for piece in title if piece.link is not None]
            only_links = entry.only_links or (bool(credit) and bool(links) and not has_words(title))
            if only_links:
                text = "".join(piece.text for piece in title).strip() if len(links) == 1 else ""
                terms = [self._linked_thing(link, class_, text or link.text, bool(byline)) for link in links]
            elif entry.is_item and entry.label:
                terms = self._own_things(entry, class_, title if credit else (), place)
            else:
                continue
            if len(terms) == 1:
                items[entry.span] = _Item(terms[0], not only_links)
            for term in terms:
                self._listed(iri(term), class_, place, entry.span.start)
                if byline and credit:
                    self._credit(iri(term), byline, authors_in(credit))
        return items

    def _listed(self, term: str, class_: str, place: _Place, at: int) -> None:
        self.add(term, RDF_TYPE, iri(class_), at)
        self.add(iri(place.iri), LISTS, term, at)
        self._tie(term, class_, place, at)

    def _linked_thing(self, link: Link, class_: str, title: str, titled: bool) -> str:
        """Return the target of a listed link; if the class has a byline, label it with the link's text."""
        target = self.target(link)
        if titled and title:
            self.label(iri(target.exact), title, link.span.start, title=True)
        return target.exact

    def _own_things(self, entry: "ListingEntry", class_: str, title: tuple[Piece, ...], place: _Place) -> list[str]:
        """Return the things of a list item, identified by its name (or names), its block id or its text."""
        text = one_line("".join(piece.text for piece in title)) or one_line(entry.label)
        if self.ontology.known_by_name(class_):
            names = list(authors_in(entry.pieces))
            if names:
                return [self.known_by_name(author, class_)[1:-1] for author in names]
        thing = self.names.block(self.entity, entry.id) if entry.id else self.names.item(place.iri, self.entity, text)
        self.add(iri(thing), PREF_LABEL, literal(text), entry.span.start)
        return [thing]

    def _credit(self, work: str, byline: OntologyProperty, authors: Iterable[BylineName]) -> None:
        class_ = self.ontology.range_known_by_name(byline)
        for author in authors:
            if class_:
                self.add(work, iri(byline.iri), self.known_by_name(author, class_), author.at)

    # ---- the content of blocks ------------------------------------------------------------------------------

    def _content(self, blocks: Iterable[Block], place: _Place, things: Mapping[Span, _Item]) -> None:
        """State blocks with ids, tasks, links, tags and fields. `things` are the things that list items name."""
        stack = [(block, place.iri, place.things[0]) for block in reversed(tuple(blocks))]
        while stack:
            block, inner, about = stack.pop()
            if block.id:
                inner = self._block(block, place)
            item = things.get(block.span)
            own = item.iri if item and item.is_own else ""
            inner = own or inner
            about = _Thing(item.iri, ()) if item else about
            if block.task and block.lines:
                about = self._task(block, place, own)
            self._lines(block.lines, inner, place, about)
            self._bylines(block.lines)
            stack.extend((child, inner, about) for child in reversed(block.children))

    def _block(self, block: Block, place: _Place) -> str:
        block_iri, at = self.names.block(self.entity, block.id), block.span.start
        self.add(iri(place.iri), HAS_BLOCK, iri(block_iri), at)
        self.add(iri(block_iri), RDF_TYPE, BLOCK, at)
        if block.text and not (block.kind == "node" and _shown_link(block)):
            self.add(iri(block_iri), TEXT, literal(block.text), at)
        return block_iri

    def _task(self, block: Block, place: _Place, own: str) -> _Thing:
        label, at = one_line(block.lines[0].label), block.span.start
        block_iri = self.names.block(self.entity, block.id) if block.id else ""
        task_iri = own or block_iri or self.names.item(place.iri, self.entity, label)
        self.tasks[task_iri] += 1
        if self.tasks[task_iri] > 1:
            task_iri = f"{task_iri}~{self.tasks[task_iri]}"
        term = iri(task_iri)
        self.add(iri(place.iri), HAS_TASK, term, at)
        self.add(term, RDF_TYPE, TASK, at)
        self.add(term, TEXT, literal(label), at)
        self.add(term, STATUS, literal(block.task), at)
        self.add(term, COMPLETED, literal("true" if block.task in "xX" else "false", "boolean"), at)
        return _Thing(task_iri, (), is_task=True)

    def _lines(self, lines: Iterable[Line], inner: str, place: _Place, about: _Thing | None = None) -> None:
        """State links of the innermost place, tags of its section, and fields of the thing that the text is about."""
        for line in lines:
            for link in line.links:
                self.link(link, inner)
            for tag in line.tags:
                self.tag(tag, place.iri)
            for field in line.fields:
                self._field(field, place.things[0] if about is None or field.form == "line" else about)

    def _field(self, field: Field, about: _Thing) -> None:
        if field.form != "date" or about.is_task:
            self.property(about, field.key, inline_value(field))

    def _bylines(self, lines: tuple[Line, ...]) -> None:
        """State `[[Book]], written by #JoshSeiden`: an author, and the creator of the thing linked before it."""
        if not any(line.tags for line in lines):
            return
        for property_ in dict.fromkeys(self.ontology.bylines.values()):
            author = self.ontology.range_known_by_name(self.ontology.properties[property_])
            if author is None:
                continue
            for tag, link in credited_tags(lines, self.note.source):
                term = self.known_by_name(BylineName(camel_case_name(tag.name), None, tag.span.start), author)
                if link is not None:
                    self.add(iri(self.target(link).exact), iri(property_), term, tag.span.start)

    # ---- links and tags -------------------------------------------------------------------------------------

    def target(self, link: Link) -> Target:
        """Return the target of a link."""
        target = self.index.resolve(link, self.note.path)
        if target.kind in _NOTHING:
            self.placeholders.add(iri(target.exact))
        return target

    def link(self, link: Link, inner: str) -> None:
        """State a link: from the innermost place to the exact target, from the entity to the note-level target."""
        target, at = self.target(link), link.span.start
        self.links[target.kind] += 1
        if target.kind in _NOTHING or target.exact[:20].lower().startswith(_NO_PAGES):
            return
        if target.exact != inner:
            self.add(iri(inner), MENTIONS, iri(target.exact), at)
        if target.entity != self.entity:
            self.add(iri(self.entity), LINKS_TO, iri(target.entity), at)
            if link.embed and target.kind not in _ADDRESSES:
                self.add(iri(self.entity), EMBEDS, iri(target.entity), at)
        if target.kind in {"missing", "missing attachment"}:
            self.add(iri(target.entity), RDF_TYPE, MISSING, at)
            self.label(iri(target.entity), target.path, at)
        elif target.kind in {"attachment", "ambiguous"} and not self.index.is_note(target.path):
            self.add(iri(target.entity), RDF_TYPE, ATTACHMENT, at)
            self.add(iri(target.entity), PATH, literal(target.path.encode("utf-8", "replace").decode()), at)

    def tag(self, tag: Tag, place: str) -> None:
        """State a tag of the entity and of the section around it, with the tags that it is nested in."""
        at = tag.span.start
        term = iri(self.names.tag(tag.name))
        self.add(iri(self.entity), TAGGED, term, at)
        self.add(iri(place), TAGGED, term, at)
        names = self._nested(tag)
        terms = [term, *(iri(self.names.tag(name)) for name in names[1:])]
        for term, name in zip(terms, names, strict=True):
            self.add(term, RDF_TYPE, TAG, at)
            self.label(term, name, at)
        for term, broader in pairwise(terms):
            self.add(term, BROADER, broader, at)

    def _nested(self, tag: Tag) -> list[str]:
        """Return a tag and the tags that it is nested in, innermost first; only the tag itself if it is too long."""
        levels = tag.name.count("/") + 1
        if levels > _LEVELS or len(tag.name) > _LONGEST_TAG:
            size = f"{levels} levels" if levels > _LEVELS else f"{len(tag.name):,} characters"
            limit = f"{_LEVELS}" if levels > _LEVELS else f"{_LONGEST_TAG:,}"
            self._find("F10", f"a tag of {size} is read without its parents: the limit is {limit}", *tag.span)
            return [tag.name]
        names = [tag.name]
        while names[-1].rpartition("/")[0]:
            names.append(names[-1].rpartition("/")[0])
        return names


def _shown_link(node: Block) -> Link | None:
    """Return the link to the file or page that a canvas node shows."""
    return node.lines[0].links[0] if node.lines and node.lines[0].links else None


def _leaves(value: Value) -> Iterator[Value]:
    """Yield the single values in lists and maps; a map is not a tag or type, but links in it count."""
    if value.kind in {"list", "map"}:
        for child in value.children:
            yield from _leaves(child)
    else:
        yield value


def _plain(value: Value) -> str:
    """Return a value as text, with numbers and dates as written."""
    return value.text if value.kind == "text" else value.raw


def _type_text(value: Value) -> str:
    """Return the text of a `type:` value or tag, or the name of the note that it links to."""
    if value.link:
        return value.link.path.rpartition("/")[2]
    return value.text.removeprefix("#") if value.kind == "text" else ""


def _tags(root: Section) -> Iterator[Tag]:
    for section in root.walk():
        if section.title:
            yield from section.title.tags
        for top in section.blocks:
            for block in top.walk():
                for line in block.lines:
                    yield from line.tags
