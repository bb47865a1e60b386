"""The shapes at some things of a store, without a look at all the others: what a change of a few notes does to them."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from functools import cached_property

import pyoxigraph as ox

from kg.config import Config
from kg.mapping.ontology import Ontology
from kg.rdf.iris import Names
from kg.rdf.terms import SH
from kg.rdf.vocabulary import Term
from kg.store.store import Store
from kg.validation.conformance import Conformance
from kg.validation.data_graph import DataGraph
from kg.validation.messages import Wording
from kg.validation.ontology_places import OntologyPlaces
from kg.validation.pyshacl_runner import ShaclProcess, ShapesError, Violation
from kg.validation.ranges import RangeCheck
from kg.validation.shape_faults import LoadedShapes
from kg.validation.shapes import Shapes

_VIOLATION = ox.NamedNode(SH + "Violation")


@dataclass(frozen=True)
class LocalShapes:
    """The shapes of an ontology, for checks of some things, each as fast as they allow; to be closed by a `with`."""

    config: Config
    ontology: Ontology

    @cached_property
    def shapes(self) -> Shapes:
        """The shapes that can run."""
        return LoadedShapes(self.ontology, OntologyPlaces(self.config, self.ontology.files)).usable

    def results(self, store: Store, things: Set[Term]) -> tuple[Violation, ...]:
        """The results at some things; none where pySHACL refuses the shapes, of which `kg validate` reports."""
        try:
            job = Conformance(self.shapes, self._data(store), self.config.limits).job_at(things)
            return tuple(self._process.ask(job)) if job else ()
        except ShapesError:
            return ()

    @cached_property
    def _process(self) -> ShaclProcess:
        return ShaclProcess(self.config.limits)

    def __enter__(self) -> "LocalShapes":
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.close()

    def errors(self, store: Store, things: Set[Term]) -> list[Violation]:
        """The results at some things that are errors."""
        return [result for result in self.results(store, things) if result.severity == _VIOLATION]

    def of_ranges(self, store: Store) -> list[Violation]:
        """The links to other kinds of things than their properties lead to."""
        return list(RangeCheck(self.ontology, self.shapes, self._data(store)).results())

    def message(self, result: Violation, called: Callable[[ox.NamedNode], str]) -> str:
        """The message of a result with its code; `called` gives the name of a thing."""
        wording = Wording(
            self.shapes, self.ontology, Names(self.config.base), lambda iri: self._label(iri, called), lambda _: ""
        )
        return f"{wording.message(result)} [{wording.code(result.shape, result.constraint)}]"

    def _label(self, iri: str, called: Callable[[ox.NamedNode], str]) -> str:
        return called(ox.NamedNode(iri)) if iri.startswith(self.config.base) else ""

    def _data(self, store: Store) -> DataGraph:
        return DataGraph(store.find, (), self.config.base)
