"""What a process remembers of its last validation, so that the next costs what the change touches.

A change is the set of quads that an ingest removed and added. Where it is known, the results of the shapes at other
nodes stay, and so do their places and their messages: a message follows from the names in it, and the name of a thing
from the labels, files and headings that are alike.
"""

import re
from collections.abc import Container, Iterable, Mapping, Set
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

import pyoxigraph as ox

from kg.core.findings import Finding
from kg.core.limits import Limits
from kg.core.text import letters_and_digits
from kg.ingestion.overlay import Overlay
from kg.ingestion.report import Report
from kg.mapping.provenance import Origin, Place
from kg.rdf.iris import Names
from kg.rdf.vocabulary import DEFAULT_GRAPH, HEADING, LABEL, LABELS, PATH, Term
from kg.store.thing_names import ThingNames
from kg.validation.cache import ValidationCache
from kg.validation.link_memory import LinkMemory
from kg.validation.ordered_findings import OrderedFindings
from kg.validation.pyshacl_runner import ShaclProcess, Violation

_NAMING = frozenset((*LABELS, LABEL, HEADING, PATH))
"""The properties whose texts may name a thing."""
_PARTS = re.compile(r"[/#]")
_ENDING = re.compile(r"\.md\Z", re.I)


def name_keys(text: str) -> set[str]:
    """The keys of a name and of its parts: names that may be taken for each other have a key in common."""
    return {_key(part) for part in (text, *_PARTS.split(text)) if part}


def keys_of_iri(iri: str) -> set[str]:
    """The keys of the last part of an IRI, and of the parts after its `#`."""
    path, _, fragment = unquote(iri).partition("#")
    last = path.rstrip("/").rpartition("/")[2]
    return {_key(part) for part in (last, *_PARTS.split(fragment)) if part}


def keys_of_thing(iri: str, things: ThingNames) -> set[str]:
    """The keys of all names that a thing may have."""
    try:
        node = ox.NamedNode(iri)
    except ValueError:  # a text that only looks like an IRI
        return keys_of_iri(iri)
    return keys_of_iri(iri).union(name_keys(things.name(node)), *map(name_keys, things.labels(node)))


def _key(text: str) -> str:
    bare = _ENDING.sub("", text.strip())
    return letters_and_digits(bare) or bare.casefold()


class FoundResult(NamedTuple):
    """A result, its finding, what it was made from, and the keys of the names on which its message depends."""

    result: Violation
    finding: Finding
    origin: Origin | None
    place: Place | None
    names: frozenset[str]


@dataclass(frozen=True)
class FoundResults:
    """What was found of each result."""

    of: Mapping[Violation, FoundResult] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @cached_property
    def by_id(self) -> Mapping[int, FoundResult]:
        """The same by the number of the object: nearly all results are the very same, and terms are slow to compare."""
        return {id(result): found for result, found in self.of.items()}

    def get(self, result: Violation) -> FoundResult | None:
        """What was found of a result."""
        return self.by_id.get(id(result)) or self.of.get(result)


@dataclass(frozen=True)
class Remembered:
    """A validation of a generation."""

    stamp: str
    """The stamp of the generation."""
    cache: ValidationCache
    more: frozenset[ox.Triple] = frozenset()
    """The triples that the shapes saw besides those of the store."""
    found: FoundResults = field(default_factory=FoundResults, repr=False)
    links: LinkMemory | None = field(default=None, repr=False)
    findings: OrderedFindings | None = field(default=None, repr=False)


@dataclass(frozen=True)
class SinceThen:
    """A remembered validation, and what has changed since."""

    last: Remembered
    quads: frozenset[ox.Quad]
    """The quads that were removed or added since."""

    @cached_property
    def triples(self) -> set[ox.Triple]:
        """The triples of the default graph that were removed or added."""
        return {quad.triple for quad in self.quads if quad.graph_name == DEFAULT_GRAPH}

    @cached_property
    def nodes(self) -> set[Term]:
        """The subjects and objects of the changed quads."""
        return {term for quad in self.quads for term in (quad.subject, quad.object)}

    @cached_property
    def names(self) -> set[str]:
        """The keys of the names of which one may mean another thing now."""
        keys = {key for node in self.nodes if isinstance(node, ox.NamedNode) for key in keys_of_iri(node.value)}
        labels = (quad.object for quad in self.quads if quad.predicate in _NAMING)
        texts = (label.value for label in labels if isinstance(label, ox.Literal))
        return keys.union(*map(name_keys, texts))

    def placed(self, result: Violation) -> FoundResult | None:
        """What was found of a result, if the note that states it is that of then."""
        return None if self._touches(result) else self.last.found.get(result)

    def found(self, result: Violation) -> FoundResult | None:
        """What was found of a result, if no name in its message may have changed."""
        found = self.last.found.get(result)
        return found if found and self.names.isdisjoint(found.names) else None

    def known(self, results: Iterable[Violation], paths: Container[str]) -> tuple[list[FoundResult], list[Violation]]:
        """What was found of the results that nothing concerns, and the other results; `paths` are unchanged notes."""
        known, others = list[FoundResult](), list[Violation]()
        nodes, names, same, equal = self.nodes, self.names, self.last.found.by_id, self.last.found.of
        for result in results:
            found = same.get(id(result)) or equal.get(result)
            is_known = (
                found is not None
                and result.focus not in nodes
                and result.value not in nodes
                and names.isdisjoint(found.names)
                and (found.origin is None or found.origin.path in paths)
            )
            if found and is_known:
                known.append(found)
            else:
                others.append(result)
        return known, others

    def _touches(self, result: Violation) -> bool:
        return result.focus in self.nodes or result.value in self.nodes


class NoteGraphs:
    """The notes by their named graphs."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.by_iri: dict[str, str] = {}
        self.paths: set[str] = set()


class ValidationMemory:
    """The memory of a process; to be closed by a `with`, since it holds the process that runs pySHACL."""

    def __init__(self, limits: Limits) -> None:
        self.shacl = ShaclProcess(limits)
        self.last: Remembered | None = None
        self.keeps = True
        """Whether the next validation is remembered, too."""
        self.graphs = NoteGraphs("")

    def __enter__(self) -> "ValidationMemory":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that runs pySHACL."""
        self.shacl.close()

    def since(self, *reports: Report) -> SinceThen | None:
        """What has changed from the remembered generation to that of the last report; None if that is unknown.

        The reports are those of the ingests since, in order; some may say that nothing has changed.
        """
        if self.last is None:
            return None
        stamp, quads = self.last.stamp, frozenset[ox.Quad]()
        for report in reports:
            if report.generation == stamp:
                continue
            if report.before != stamp or report.quads is None:
                return None
            stamp, quads = report.generation, quads | report.quads
        return SinceThen(self.last, quads)

    def beside(self, drafted: Overlay) -> "ValidationMemory":
        """The memory for an overlay of the remembered generation, which forgets the overlay again."""
        is_known = self.last is not None and drafted.is_step and drafted.base.generation == self.last.stamp
        beside = copy(self)
        beside.last = replace(self.last, stamp=drafted.report.before) if self.last and is_known else None
        beside.keeps = False
        return beside

    def graphs_of(self, paths: Set[str], names: Names) -> Mapping[str, str]:
        """The paths of notes by their named graphs, and those of some notes that are no more."""
        if self.graphs.base != names.base:
            self.graphs = NoteGraphs(names.base)
        for path in paths - self.graphs.paths:
            self.graphs.by_iri[names.path(path)] = path
            self.graphs.paths.add(path)
        return self.graphs.by_iri
