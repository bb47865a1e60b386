"""A published generation that is open for reading, and how its terms are shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

import pyoxigraph as ox

from kg.config import Config
from kg.core.text import letters_and_digits
from kg.ingestion.keyed_index import index_of, stored_files
from kg.mapping.ontology import Ontology
from kg.rdf.iris import Names
from kg.rdf.vocabulary import DESCRIBES, LABEL, MISSING, ONTOLOGY_GRAPH, PATH, PREF_LABEL, TYPE, iri_of
from kg.reasoning.explanation import Explainer
from kg.store.ingest_state import IngestState
from kg.store.lookup import Lookup
from kg.store.project import Project
from kg.store.store import Published, Store


class Shown(NamedTuple):
    """A term as a reader sees it."""

    text: str
    iri: str = ""
    """Empty for a literal."""
    kind: str = ""
    """The name of the most specific class of a thing; empty for anything else."""
    is_missing: bool = False
    """Whether only links name the thing."""
    datatype: str = ""
    """The datatype of a literal that is no plain text, as a CURIE."""


@dataclass(frozen=True)
class OpenVault:
    """A generation with the settings of its vault. What one view reads is kept for the next."""

    config: Config
    published: Published
    is_redacted: bool = False
    """Whether the store is a copy without private notes, so that the files of the vault say more than it may."""
    _shown: dict[ox.NamedNode, Shown] = field(default_factory=dict, repr=False, compare=False)

    @property
    def store(self) -> Store:
        """The store."""
        return self.published.store

    @cached_property
    def project(self) -> Project:
        """The store with the ontology and the state of the notes."""
        return Project(self.config, self.store)

    @property
    def ontology(self) -> Ontology:
        """The ontology. Raises OntologyError."""
        return self.project.ontology

    @property
    def state(self) -> IngestState | None:
        """The state of the notes; None if the store has none, as a copy without private notes."""
        return None if self.is_redacted else self.project.state

    @cached_property
    def names(self) -> Names:
        """The IRIs of the vault."""
        return Names(self.store.prefixes.get("n", self.config.base))

    @cached_property
    def explainer(self) -> Explainer:
        """Explains triples, names their terms and finds their lines."""
        state = self.state
        index = index_of(state, self.names) if state else None
        files = stored_files(state, self.store) if state else None
        return Explainer(self.config, self.published, self.ontology, state, index, files)

    @property
    def naming(self) -> Lookup:
        """The look-up of names."""
        return self.explainer.naming

    @cached_property
    def labels(self) -> Mapping[ox.NamedNode, str]:
        """The least label of each thing."""
        rows = ((quad.subject, quad.object) for quad in self.store.triples(None, PREF_LABEL, None))
        pairs = [(node, text.value) for node, text in rows if isinstance(text, ox.Literal)]
        return _first((node, text) for node, text in pairs if isinstance(node, ox.NamedNode))

    @cached_property
    def paths(self) -> Mapping[ox.NamedNode, str]:
        """The first note of each thing."""
        rows = self.store.solutions(f"SELECT ?thing ?path {{ ?document {DESCRIBES} ?thing ; {PATH} ?path }}")
        return _first((row[0], row[1].value) for row in rows if isinstance(row[0], ox.NamedNode))

    @cached_property
    def keyed_names(self) -> list[tuple[str, str, str]]:
        """The labels and aliases of things: their letters and digits, the text, and the IRI of the thing."""
        rows = self.naming.meant.labelled()
        return [(letters_and_digits(label), label, node.value) for node, label in rows]

    def path_of(self, node: ox.NamedNode) -> str:
        """The note that describes a thing, or in which it is; empty if there is none."""
        return self.paths.get(node) or self.paths.get(ox.NamedNode(node.value.partition("#")[0]), "")

    def is_named(self, class_: ox.NamedNode) -> bool:
        """Whether a class has a name in the ontology, and is not only the equal of one in another vocabulary."""
        return self.store.has(class_, LABEL, None, ONTOLOGY_GRAPH)

    def forget(self) -> None:
        """Forget all that was read: as long as one of these values lives, the store stays open."""
        kept = {field.name for field in fields(self)}
        for name in vars(self).keys() - kept:
            del vars(self)[name]
        self._shown.clear()

    # ---- terms -------------------------------------------------------------------------------------------------------

    def show(self, term: object) -> Shown:
        """A term for readers."""
        if isinstance(term, ox.NamedNode):
            if term not in self._shown:
                self._shown[term] = self._thing(term)
            return self._shown[term]
        if isinstance(term, ox.Literal):
            is_plain = term.language or term.datatype.value.endswith(("#string", "#langString"))
            return Shown(term.value, datatype="" if is_plain else self.naming.curie(term.datatype))
        return Shown(str(term))

    def _thing(self, node: ox.NamedNode) -> Shown:
        kind, own = self.kind(node), self.names.property("")[:-1]
        name = unquote(node.value[len(own) :]) if node.value.startswith(own) else self.naming.called(node)
        return Shown(name, node.value, kind and self.ontology.label(kind), self.store.has(node, TYPE, MISSING))

    def kind(self, node: ox.NamedNode) -> str:
        """The most specific class of a thing that says what it is, not how files are laid out; empty if it has none."""
        ontology = self.ontology
        types = {iri_of(triple.object) for triple in self.store.triples(node, TYPE, None)}
        classes = {class_ for class_ in types & ontology.classes if not ontology.is_structural(class_)}
        above = {superclass for class_ in classes for superclass in ontology.superclasses(class_) - {class_}}
        return min(classes - above, default="")


def _first(pairs: Iterable[tuple[ox.NamedNode, str]]) -> dict[ox.NamedNode, str]:
    """The least text of each node."""
    return dict(sorted(pairs, key=lambda row: row[1], reverse=True))
