"""The statements of a note: its triples, each with the position in the note that states it (contract, section 4).

The ontology decides the meaning of a heading, a tag or a key; the index decides the target of a link. The mapping
names only the terms that it creates itself (`structural_terms`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kg.core.findings import Finding
from kg.mapping.collector import Collector, Statement
from kg.mapping.link_resolution import Index, LinkClass
from kg.mapping.links import LinkMapper
from kg.mapping.listings import ListingMapper
from kg.mapping.ontology import Ontology
from kg.mapping.outline import OutlineMapper
from kg.mapping.properties import FrontMatterMapper, PropertyMapper
from kg.mapping.structural_terms import Label
from kg.notes.model import Note


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
        collector = Collector(note, self.index, self.ontology)
        links = LinkMapper(collector)
        properties = PropertyMapper(collector, links)
        front_matter = FrontMatterMapper(collector, links, properties)
        # The entity of a canvas has no default class.
        default = self.ontology.class_named(self.default_class)
        entity = front_matter.entity(None if note.kind == "canvas" else default)
        front_matter.state(entity)
        OutlineMapper(collector, links, properties, ListingMapper(collector, links, default)).state(entity)
        links.edges()
        return self._sorted(collector)

    def _sorted(self, collector: Collector) -> Statements:
        """Return the collected statements, sorted so that they do not depend on the order of collection."""
        return Statements(
            self.index.names.path(collector.note.path),
            tuple(Statement(*triple, at) for triple, at in sorted(collector.rows.items())),
            tuple(sorted(collector.labels, key=lambda label: label.at)),
            dict(collector.links),
            frozenset(collector.index.questions),
            tuple(sorted(collector.findings.values())),
        )
