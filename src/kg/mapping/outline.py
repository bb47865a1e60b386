"""The outline of a note: its sections, what their headings name, and the content of their blocks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kg.core.text import Span, letters_and_digits, one_line
from kg.mapping import structural_terms as terms
from kg.mapping.collector import Collector, Scope, Thing
from kg.mapping.links import LinkMapper, shown_link
from kg.mapping.listings import ListedThing, ListingMapper, entries, has_listing, has_plain_items, is_field
from kg.mapping.properties import PropertyMapper
from kg.notes.model import CALLOUT_MARK, NOT_PROSE, Block, Line, Section, Value
from kg.notes.values import inline_value
from kg.rdf.terms import RDF_TYPE, iri, literal

_LONGEST_LABEL = 60
"""The maximum characters of a label that is the beginning of a text."""


@dataclass(frozen=True)
class OutlineMapper:
    """States the sections of a note, the things and properties that headings name, blocks and tasks."""

    out: Collector
    links: LinkMapper
    properties: PropertyMapper
    listings: ListingMapper
    _tasks: Counter[str] = field(default_factory=Counter)

    def state(self, entity: Thing) -> None:
        """State the outline, from the note's top to its last section."""
        root, scope = self.out.note.root, Scope(entity.iri, (entity,))
        text = root.text if self.out.note.kind != "canvas" else ""
        if text:
            self.out.add(self.out.term, terms.TEXT, literal(text), _prose_start(root))
        class_ = self.out.ontology.class_named(self.out.note.title)
        items = self.listings.state(class_, root, scope) if class_ else {}
        self._content(root.blocks, scope, items)
        for section in root.sections:
            self._section(section, scope)

    def _section(self, section: Section, above: Scope) -> None:
        section_iri, text = self.out.names.section(self.out.entity, section.parts), section.text
        title = section.title.text if section.title else ""
        self._heading(section, text, iri(section_iri), iri(above.iri))
        scope = Scope(section_iri, above.things)
        items: dict[Span, ListedThing] = {}
        is_title = self._is_title(section)
        class_ = self.out.ontology.class_named(title)
        if class_:
            items = self.listings.state(class_, section, scope)
            if text and not has_listing(section) and not is_title:
                scope = self._instance(section, class_, scope)
        elif not self._named_property(section, title, text, above):
            self._unnamed(section, title, is_title=is_title)
        if section.title:
            self._lines((section.title,), section_iri, scope, scope.things[0])
        self._content(section.blocks, scope, items)
        # A heading that repeats the note's title is about the entity, not about a part of it.
        inner = scope._replace(subject=self.out.entity if is_title else section_iri)
        for child in section.sections:
            self._section(child, inner)

    def _is_title(self, section: Section) -> bool:
        if len(section.parts) != 1:
            return False
        key = letters_and_digits(self.out.note.title)
        return bool(key) and letters_and_digits(section.heading) == key

    def _heading(self, section: Section, text: str, term: str, above: str) -> None:
        out, at = self.out, section.span.start
        out.add(above, terms.HAS_SECTION, term, at)
        out.add(term, RDF_TYPE, terms.SECTION, at)
        out.add(term, terms.HEADING, literal(section.heading), at)
        out.add(term, terms.LEVEL, literal(str(section.level), "integer"), at)
        out.add(term, terms.ORDER, literal(str(section.order), "integer"), at)
        if text:
            out.add(term, terms.TEXT, literal(text), _prose_start(section))

    def _instance(self, section: Section, class_: str, scope: Scope) -> Scope:
        """State a section as an instance of the class that its heading names; return the scope of its content.

        The heading says only the class, so the label of the section is its first words.
        """
        if self.listings.named_in_prose(section, class_, scope):
            return scope
        term, at = iri(scope.iri), section.span.start
        self.out.add(term, RDF_TYPE, iri(class_), at)
        self.out.add(term, terms.PREF_LABEL, literal(_first_words(section)), at)
        self.listings.tie(term, class_, scope, at)
        return Scope(scope.iri, (Thing(scope.iri, (class_,)), *scope.things))

    def _unnamed(self, section: Section, title: str, *, is_title: bool) -> None:
        """Add a finding on a heading over a list that names neither a class nor a property."""
        out, name = self.out, one_line(title)
        if name and not is_title and out.note.kind == "note" and not out.note.is_template and has_plain_items(section):
            out.find("O06", name, section.span.start, section.span.start, key=letters_and_digits(name))

    def _named_property(self, section: Section, title: str, text: str, above: Scope) -> bool:
        """State the property that a heading names: its value is the section's text, or the things it lists.

        Return whether the heading names one.
        """
        properties = self.out.ontology.properties_named(title)
        if not properties:
            return False
        predicate, thing = iri(properties[0].iri), above.things[0]
        if properties[0].kind != "object":
            if text:
                subject = iri(above.subject or above.iri)
                self.out.add(subject, predicate, literal(text), _prose_start(section))
            return True
        for entry in entries(section.blocks):
            for link in entry.links if entry.only_links else ():
                self.out.add(iri(thing.iri), predicate, iri(self.links.target(link).exact), link.span.start)
            if entry.is_item and not entry.only_links and entry.label:
                self.properties.state(thing, title, Value("text", entry.span, entry.label, entry.label))
        return True

    def _content(self, blocks: Iterable[Block], scope: Scope, items: Mapping[Span, ListedThing]) -> None:
        """State blocks with ids, tasks, links, tags and fields. `items` are the things that list items name."""
        stack = [(block, scope.iri, scope.things[0]) for block in reversed(tuple(blocks))]
        while stack:
            block, inner, about = stack.pop()
            if block.id:
                inner = self._block(block, scope)
            item = items.get(block.span)
            own = item.iri if item and item.is_own else ""
            inner = own or inner
            about = Thing(item.iri, ()) if item else about
            if block.task and block.lines:
                about = self._task(block, scope, own)
            self._lines(block.lines, inner, scope, about)
            stack.extend((child, inner, about) for child in reversed(block.children))

    def _block(self, block: Block, scope: Scope) -> str:
        block_iri, at = self.out.names.block(self.out.entity, block.id), block.span.start
        term = iri(block_iri)
        self.out.add(iri(scope.iri), terms.HAS_BLOCK, term, at)
        self.out.add(term, RDF_TYPE, terms.BLOCK, at)
        text = "" if block.kind == "node" and shown_link(block) else block.text
        if text:
            self.out.add(term, terms.TEXT, literal(text), at)
        return block_iri

    def _task(self, block: Block, scope: Scope, own: str) -> Thing:
        out, label, at = self.out, one_line(block.lines[0].label), block.span.start
        block_iri = out.names.block(out.entity, block.id) if block.id else ""
        task_iri = own or block_iri or out.names.item(scope.iri, out.entity, label)
        self._tasks[task_iri] += 1
        if self._tasks[task_iri] > 1:
            task_iri = f"{task_iri}~{self._tasks[task_iri]}"
        term = iri(task_iri)
        out.add(iri(scope.iri), terms.HAS_TASK, term, at)
        out.add(term, RDF_TYPE, terms.TASK, at)
        out.add(term, terms.TEXT, literal(label), at)
        out.add(term, terms.STATUS, literal(block.task), at)
        out.add(term, terms.COMPLETED, literal("true" if block.task in "xX" else "false", "boolean"), at)
        return Thing(task_iri, (), is_task=True)

    def _lines(self, lines: tuple[Line, ...], inner: str, scope: Scope, about: Thing) -> None:
        """State links of the innermost scope, tags of its section, and fields of the thing that the text is about."""
        for line in lines:
            for link in line.links:
                self.links.link(link, inner)
            for tag in line.tags:
                self.links.tag(tag, scope.iri)
            for item in line.fields:
                for link in item.links if not line.links else ():  # a comment: the value is no link of the note
                    self.links.file(self.links.target(link), link.span.start)
                subject = scope.things[0] if item.form == "line" else about
                if item.form != "date" or subject.is_task:
                    self.properties.state(subject, item.key, inline_value(item))
        self.links.credits(lines)


def _first_words(section: Section) -> str:
    """Return the beginning of the prose in a section, without inline fields, up to the end of a word."""
    prose = (block for block in section.walk_blocks() if block.kind not in NOT_PROSE)
    texts = (" ".join(line.label for line in block.lines if not is_field(line)) for block in prose)
    words = next(filter(None, (" ".join(CALLOUT_MARK.sub("", text).split()) for text in texts)), one_line(section.text))
    start = words[: _LONGEST_LABEL + 1]
    return words if len(words) <= _LONGEST_LABEL else f"{start.rpartition(' ')[0].rstrip(' .,;:') or start[:-1]}…"


def _prose_start(section: Section) -> int:
    """Return the offset at which the prose of a section begins."""
    return next(block.span.start for block in section.blocks if block.kind not in NOT_PROSE)
