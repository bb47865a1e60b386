"""The results of SHACL shapes on a vault's store, with the pulled graphs and links between things of similar names."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, cached_property

import pyoxigraph as ox

from kg.core.findings import SEVERITIES, Finding, Result, Severity, is_at_least
from kg.core.limits import Limits, limited
from kg.core.spelling import alike
from kg.core.version import __version__
from kg.ingestion.keyed_index import stored_files
from kg.mapping.provenance import Place
from kg.rdf.vocabulary import DESCRIBES, NEARLY_NAMED, ONTOLOGY_GRAPH, PREF_LABEL, TYPE
from kg.store.name_meanings import NameMeanings
from kg.store.pulled_graphs import Pulled
from kg.store.thing_names import ThingNames
from kg.validation.cache import ShapeFindings
from kg.validation.conformance import Conformance, State
from kg.validation.data_graph import DataGraph
from kg.validation.ingested_vault import IngestedVault
from kg.validation.memory import FoundResult, SinceThen, keys_of_thing
from kg.validation.messages import Wording, bare, severity_of, severity_of_term
from kg.validation.ontology_places import FilePlace, OntologyPlaces
from kg.validation.outcome import ShapesOutcome, outcome
from kg.validation.placement import Placed
from kg.validation.pyshacl_runner import ShapesError, Violation
from kg.validation.ranges import RangeCheck
from kg.validation.shape_faults import LoadedShapes
from kg.validation.shapes import Shapes


@dataclass(frozen=True)
class ShapeReport:
    """The results of a vault's shapes."""

    ingested: IngestedVault
    least: Severity
    """Less severe results need no finding."""
    limits: Limits

    @cached_property
    def places(self) -> OntologyPlaces:
        """The places of the ontology's things in its files."""
        return OntologyPlaces(self.ingested.vault.config, self.ingested.report.ontology.files)

    @cached_property
    def loaded(self) -> LoadedShapes:
        """The shapes of the ontology's files, with their faults."""
        return LoadedShapes(self.ingested.report.ontology, self.places)

    @cached_property
    def shapes(self) -> Shapes:
        """The shapes that can run."""
        with limited("the shapes", self.limits):
            return self.loaded.usable

    @cached_property
    def faults(self) -> list[Finding]:
        """The findings on the shapes themselves."""
        refused = (self.loaded.refused(shape, reason) for shape, reason in self._outcome.refused)
        return [*self.loaded.findings(), *refused]

    @cached_property
    def wording(self) -> Wording:
        """The wording of the results."""
        return Wording(self.shapes, self.ingested.report.ontology, self.ingested.names, self._label, self._kind)

    @cached_property
    def pulled(self) -> Pulled:
        """The pulled graphs, which the shapes see too."""
        return Pulled(self.ingested.vault.config.store)

    @cached_property
    def key(self) -> str:
        """A digest of the shapes and the ontology. Empty if pySHACL refused a shape: the state then does not count."""
        return "" if self._outcome.refused else self._digest

    @cached_property
    def _digest(self) -> str:
        ontology, config = self.ingested.report.ontology, self.ingested.vault.config
        return f"{__version__} {self.shapes.digest} {ontology.digest} {config.base}"

    @cached_property
    def data(self) -> str:
        """A digest of all that the findings depend on: the generation, pulled graphs, the ontology."""
        texts = [(str(file.file), file.text) for file in self.ingested.report.ontology.files]
        stamp, vault = self.ingested.generation.stamp, str(self.ingested.vault.path)
        facts = (stamp, [*self.pulled.lines.items()], texts, vault)
        return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()

    @cached_property
    def known(self) -> ShapeFindings | None:
        """The cached findings, if all that they depend on is as it was."""
        before = self.ingested.before
        if self.ingested.memory and not self.ingested.since:
            return None  # the process is to remember how the findings come about
        is_same = (before.shapes, before.shaped.data) == (self._digest, self.data)
        return before.shaped if is_same and is_at_least(self.least, before.shaped.least) else None

    @cached_property
    def state(self) -> State:
        """All results, and the triples behind them. Raises ShapesError, TimedOut."""
        self.ingested.progress("shapes", 0, 1)
        return self._outcome.state

    @cached_property
    def _outcome(self) -> ShapesOutcome:
        before = self.ingested.before.state if self.ingested.before.shapes == self._digest else None
        if before and self.known:
            return ShapesOutcome(before)
        conformance, memory = Conformance(self.shapes, self._data, self.limits), self.ingested.memory
        if before and memory and self.ingested.since:
            with suppress(ShapesError):  # then the shapes are sorted out, as at the first time
                if state := conformance.after(before, self._changed(self.ingested.since), memory.shacl.ask):
                    return ShapesOutcome(state)
            before = before if before.seen else None
        return outcome(conformance, before)

    def _changed(self, since: SinceThen) -> set[ox.Triple]:
        """The triples that the shapes see, and that were removed or added since the last validation."""
        return since.triples | (since.last.more ^ self.more)

    @cached_property
    def more(self) -> frozenset[ox.Triple]:
        """The triples that the shapes see besides those of the store."""
        return frozenset((*self._nearly_named(), *self._pulled()))

    @cached_property
    def _data(self) -> DataGraph:
        return DataGraph(self.ingested.generation.store.find, self.more, self.ingested.vault.config.base)

    @cached_property
    def results(self) -> tuple[Violation, ...]:
        """All results, each once."""
        local, whole = self.state.results, self.state.whole
        return (*(dict.fromkeys((*local, *whole)) if whole else local), *self.of_ranges)

    @property
    def reported(self) -> list[Violation]:
        """The results that are severe enough for a finding."""
        return self._divided[0]

    @property
    def unplaced(self) -> dict[str, int]:
        """The number of results that have no finding, of each code."""
        return dict(Counter(self.wording.code(result.shape, result.constraint) for result in self._divided[1]))

    @cached_property
    def _divided(self) -> tuple[list[Violation], list[Violation]]:
        """The results that are severe enough for a finding, and the others."""
        least = self.known.least if self.known else self.least
        if least == SEVERITIES[-1]:
            return list(self.results), []
        severe = cache(lambda severity: is_at_least(severity_of_term(severity), least))
        severe_ones, mild = list[Violation](), list[Violation]()
        for result in self.results:
            (severe_ones if severe(result.severity) else mild).append(result)
        return severe_ones, mild

    @cached_property
    def of_ranges(self) -> tuple[Violation, ...]:
        """The results of the check of ranges, for values that a note states, and not for inferred values."""
        if self.known:
            return self.known.ranges
        states = self.ingested.origins.states
        with limited("the shapes", self.limits):
            results = RangeCheck(self.ingested.report.ontology, self.shapes, self._data).results()
            return tuple([result for result in results if states(result.focus, result.property, result.value)])

    def finding(self, placed: Placed) -> Finding:
        """The finding of a result; the process remembers it, if it keeps running."""
        if self.ingested.memory is None:
            return self._finding(placed)
        since, (result, origin, place) = self.ingested.since, placed
        found = since.found(result) if since else None
        if found is None or (found.origin, found.place) != (origin, place):
            self._named.clear()
            finding = self._finding(placed)
            found = FoundResult(result, finding, origin, place, frozenset().union(*map(self._keys_of, self._named)))
        self.found[result] = found
        return found.finding

    def _finding(self, placed: Placed) -> Finding:
        """The finding of a result: in a note, in a pulled graph, or at the start of the vault."""
        result, origin, place = placed
        wording = self.wording
        details = Result(
            severity_of(result),
            bare(result.shape),
            bare(result.focus),
            wording.path(result),
            bare(result.value),
            bare(result.component),
        )
        path, place = (origin.path, place) if origin else self._elsewhere(result)
        code, hint = wording.code(result.shape, result.constraint), wording.hint(result.shape)
        return Finding(path, *(place or Place(1, 1, 1, 1)), code, wording.message(result), hint, details)

    @cached_property
    def found(self) -> dict[Violation, FoundResult]:
        """The findings so far, if the process remembers them."""
        return {}

    @cached_property
    def _named(self) -> set[str]:
        """The IRIs of the things that the message so far names."""
        return set()

    @cached_property
    def _keys_of(self) -> Callable[[str], frozenset[str]]:
        return cache(lambda iri: frozenset(keys_of_thing(iri, self._things)))

    def _elsewhere(self, result: Violation) -> tuple[str, Place | None]:
        """The path and place of a result on a thing that no note states: in a pulled graph, or in the ontology."""
        if pulled := self.pulled.place(str(result.focus), self.ingested.vault.path):
            path, line = pulled
            return path, Place(line, 1, line, 1)
        return self._in_ontology(result) or (".", None)

    def _in_ontology(self, result: Violation) -> FilePlace | None:
        focus, value = result.focus, result.value
        if isinstance(focus, ox.Literal) or value is None or result.property is None:
            return self.places.of_thing(focus)
        stated = self.ingested.generation.store.find(focus, result.property, value, ONTOLOGY_GRAPH)
        places = (self.places.of_value(quad.triple) for quad in stated)
        return next(filter(None, places), None) or self.places.of_thing(focus)

    def _pulled(self) -> Iterator[ox.Triple]:
        for triple in self.pulled.triples():
            if not self.ingested.generation.store.has(triple.subject, triple.predicate, triple.object):
                yield triple

    def _nearly_named(self) -> Iterator[ox.Triple]:
        """Triples that link things with similar names, the rarer first; only of classes whose things are known by name.

        Two things that both have notes are distinct on purpose and are left out.
        """
        store, ontology = self.ingested.generation.store, self.ingested.report.ontology
        for class_ in sorted(c for c in ontology.classes if ontology.known_by_name(c) == c):
            by_label: dict[str, set[ox.NamedNode]] = defaultdict(set)
            for triple in store.triples(None, TYPE, ox.NamedNode(class_)):
                if isinstance(triple.subject, ox.NamedNode):
                    for label in store.literals(triple.subject, PREF_LABEL):
                        by_label[label].add(triple.subject)
            for name, similar in alike(by_label):
                yield from self._pair(min(by_label[name], key=str), min(by_label[similar], key=str))

    def _pair(self, first: ox.NamedNode, second: ox.NamedNode) -> Iterator[ox.Triple]:
        store = self.ingested.generation.store
        has_note = {thing: store.has(None, DESCRIBES, thing) for thing in (first, second)}
        if first == second or all(has_note.values()):
            return

        def rank(thing: ox.NamedNode) -> tuple[bool, int, list[int]]:
            uses = sum(1 for _ in store.find(None, None, thing, None))
            return has_note[thing], uses, [-ord(ch) for ch in thing.value]

        rare, usual = sorted((first, second), key=rank)
        yield ox.Triple(rare, NEARLY_NAMED, usual)

    def _label(self, iri: str) -> str:
        """The name of a thing in the vault; empty for any other."""
        self._named.add(iri)
        try:
            node = ox.NamedNode(iri)
        except ValueError:  # a message may contain text that only looks like an IRI
            return ""
        is_own = iri.startswith(self.ingested.names.base) or self.ingested.generation.store.has(node, PREF_LABEL, None)
        return self._things.name(node) if is_own else ""

    @cached_property
    def _things(self) -> ThingNames:
        store = self.ingested.generation.store
        return ThingNames(replace(NameMeanings.of(store), files=stored_files(self.ingested.report.ledger, store)))

    def _kind(self, thing: ox.NamedNode) -> str:
        """The class of a thing that a reader would name: the most specific class of the ontology."""
        self._named.add(thing.value)
        ontology = self.ingested.report.ontology
        types = (triple.object for triple in self.ingested.generation.store.triples(thing, TYPE, None))
        classes = {type_.value for type_ in types if isinstance(type_, ox.NamedNode)} & ontology.classes
        above = {superclass for class_ in classes for superclass in ontology.superclasses(class_) - {class_}}
        return min((class_ for class_ in classes - above if not ontology.is_structural(class_)), default="")
