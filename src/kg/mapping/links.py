"""The links and tags of a note: their targets, the authors that they credit, and the edges of a canvas."""

from dataclasses import dataclass
from itertools import pairwise

from kg.core.text import letters_and_digits
from kg.mapping import structural_terms as terms
from kg.mapping.bylines import BylineName, camel_case_name, credited_tags
from kg.mapping.collector import Collector
from kg.mapping.link_resolution import LinkClass, Target
from kg.mapping.ontology import local_name
from kg.notes.model import Block, Line, Link, Tag
from kg.rdf.terms import RDF_TYPE, iri, literal

_ADDRESSES = {"external", "malformed"}
_NOTHING: frozenset[LinkClass] = frozenset(("template", "no address"))
# Addresses that hold their content, or a program: they count as links, but lead nowhere.
_NO_PAGES = ("data:", "javascript:")
_LEVELS = 32
_LONGEST_TAG = 1_000
"""A longer tag, or a tag of more levels, is not nested in others: the IRI of each level is as long as the level."""


@dataclass(frozen=True)
class LinkMapper:
    """States the links and tags of a note, and resolves its links and names to things."""

    out: Collector

    def target(self, link: Link) -> Target:
        """Return the target of a link."""
        target = self.out.index.resolve(link, self.out.note.path)
        if target.kind in _NOTHING:
            self.out.placeholders.add(iri(target.exact))
        return target

    def known_by_name(self, named: BylineName, class_: str) -> str:
        """Return the term of an author: the note with that title, else the thing with that name."""
        out = self.out
        if named.link is not None:
            target = self.target(named.link)
            if target.kind == "missing":
                out.add(iri(target.exact), RDF_TYPE, iri(class_), named.at)
            return iri(target.exact)
        notes = out.index.titled(letters_and_digits(named.name))
        if notes:
            term = iri(notes[0])
        else:
            kind = local_name(out.ontology.known_by_name(class_) or class_)
            term = iri(out.names.named(kind, named.name))
            out.label(term, named.name, named.at)
        out.add(term, RDF_TYPE, iri(class_), named.at)
        return term

    def link(self, link: Link, inner: str) -> None:
        """State a link: from the innermost place to the exact target, from the entity to the note-level target."""
        out, target, at = self.out, self.target(link), link.span.start
        out.links[target.kind] += 1
        if target.kind in _NOTHING or target.exact[:20].lower().startswith(_NO_PAGES):
            return
        if target.exact != inner:
            out.add(iri(inner), terms.MENTIONS, iri(target.exact), at)
        entity = iri(target.entity)
        if target.entity != out.entity:
            out.add(out.term, terms.LINKS_TO, entity, at)
            if link.embed and target.kind not in _ADDRESSES:
                out.add(out.term, terms.EMBEDS, entity, at)
        self.file(target, at)

    def file(self, target: Target, at: int) -> None:
        """State what is known of a target without reading it: that it is missing, or an attachment."""
        out = self.out
        entity = iri(target.entity)
        if target.kind in {"missing", "missing attachment"}:
            out.add(entity, RDF_TYPE, terms.MISSING, at)
            out.label(entity, target.path, at)
        elif target.kind in {"attachment", "ambiguous"} and not out.index.is_note(target.path):
            out.add(entity, RDF_TYPE, terms.ATTACHMENT, at)
            out.add(entity, terms.PATH, file_name(target.path), at)

    def tag(self, tag: Tag, place: str) -> None:
        """State a tag of the entity and of the section around it, with the tags that it is nested in."""
        out, at = self.out, tag.span.start
        term = iri(out.names.tag(tag.name))
        out.add(out.term, terms.TAGGED, term, at)
        out.add(iri(place), terms.TAGGED, term, at)
        names = self._nested(tag)
        nested = [term, *(iri(out.names.tag(name)) for name in names[1:])]
        for term, name in zip(nested, names, strict=True):
            out.add(term, RDF_TYPE, terms.TAG, at)
            out.label(term, name, at)
        for term, broader in pairwise(nested):
            out.add(term, terms.BROADER, broader, at)

    def _nested(self, tag: Tag) -> list[str]:
        """Return a tag and the tags that it is nested in, innermost first; only the tag itself if it is too long."""
        levels = tag.name.count("/") + 1
        if levels > _LEVELS or len(tag.name) > _LONGEST_TAG:
            size = f"{levels} levels" if levels > _LEVELS else f"{len(tag.name):,} characters"
            limit = f"{_LEVELS}" if levels > _LEVELS else f"{_LONGEST_TAG:,}"
            self.out.find("F10", f"a tag of {size} is read without its parents: the limit is {limit}", *tag.span)
            return [tag.name]
        names = [tag.name]
        while names[-1].rpartition("/")[0]:
            names.append(names[-1].rpartition("/")[0])
        return names

    def credits(self, lines: tuple[Line, ...]) -> None:
        """State `[[Book]], written by #JoshSeiden`: an author, and the creator of the thing linked before it."""
        if not any(line.tags for line in lines):
            return
        ontology = self.out.ontology
        for property_ in dict.fromkeys(ontology.bylines.values()):
            author = ontology.range_known_by_name(ontology.properties[property_])
            if author is None:
                continue
            for tag, link in credited_tags(lines, self.out.note.source):
                at = tag.span.start
                term = self.known_by_name(BylineName(camel_case_name(tag.name), None, at), author)
                if link is not None:
                    self.out.add(iri(self.target(link).exact), iri(property_), term, at)

    def edges(self) -> None:
        """State a canvas's edges: each is a mention of what its end node shows, or the property of its label."""
        out = self.out
        nodes = {block.id: block for block in out.note.root.blocks if block.kind == "node"}
        for edge in out.note.edges:
            if edge.start not in nodes or edge.end not in nodes:
                continue
            start, end, at = nodes[edge.start], self._node(nodes[edge.end]), edge.span.start
            if not edge.label:
                out.add(iri(out.names.block(out.entity, start.id)), terms.MENTIONS, iri(end), at)
                continue
            properties = [p for p in out.ontology.properties_named(edge.label) if p.kind in {"object", "any"}]
            predicate = iri(properties[0].iri if properties else out.names.property(edge.label))
            if not properties:
                out.label_property(predicate, edge.label, at)
            out.add(iri(self._node(start)), predicate, iri(end), at)

    def _node(self, block: Block) -> str:
        """Return the file or page that a canvas node shows, else the node itself."""
        link = shown_link(block)
        return self.target(link).exact if link else self.out.names.block(self.out.entity, block.id)


def shown_link(node: Block) -> Link | None:
    """Return the link to the file or page that a canvas node shows."""
    return node.lines[0].links[0] if node.lines and node.lines[0].links else None


def file_name(name: str) -> str:
    """Return the name or path of a file as a literal, with `?` for bytes that are not text."""
    return literal(name.encode("utf-8", "replace").decode())
