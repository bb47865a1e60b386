"""One state of a vault: its store, the record of its notes, and what is asked of both sides of a comparison."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path

import msgspec
import pyoxigraph as ox

from kg.config import Config
from kg.core.errors import KgError, StoreError
from kg.core.findings import Finding
from kg.core.text import text_of
from kg.core.version import __version__
from kg.ingestion.keyed_index import index_of, stored_files
from kg.ingestion.snapshot import Held
from kg.mapping.ontology import Ontology, load_ontology
from kg.notes.vault import Vault
from kg.rdf.iris import Names
from kg.rdf.vocabulary import INFERRED_GRAPH, TYPE, Term, iri_of
from kg.reasoning.explanation import Explainer
from kg.sparql.competency_cases import may_ask
from kg.store.ingest_state import IngestState
from kg.store.kept_json import JsonForm, kept_json
from kg.store.store import Published, Store
from kg.validation.kept_findings import kept_findings
from kg.validation.validator import validate

_QUESTIONS = "questions.json"
"""The file of the notes that may have a question, beside the store of a commit."""
_PATHS: JsonForm[list[str]] = JsonForm(list, partial(msgspec.convert, type=list[str]))


@dataclass(frozen=True)
class ComparedState:
    """A state of a vault. `ComparedState.of` opens the published store, which must be up to date."""

    name: str
    """The name of the state for people: a commit, or the files as they are."""
    config: Config
    published: Published
    ledger: IngestState
    """The record of the notes."""
    held: Held | None = None
    """The last ingest, where this process has just made it."""
    findings_folder: Path | None = None
    """Where the findings are kept of a state that never changes."""

    @classmethod
    def of(cls, name: str, config: Config) -> "ComparedState":
        """Open the state of a store. Raises StoreMissing, StoreError."""
        published = Published(config.store)
        ledger = IngestState.read(published.folder)
        if ledger is None:
            raise StoreError(f"the store {config.store} cannot be read: run `kg ingest --full` to rebuild it")
        return cls(name, config, published, ledger)

    @property
    def store(self) -> Store:
        """The store."""
        return self.published.store

    @cached_property
    def names(self) -> Names:
        """The IRIs of the vault."""
        return Names(self.config.base)

    @cached_property
    def ontology(self) -> Ontology:
        """The ontology of the state. Raises OntologyError."""
        return load_ontology(self.config)

    @cached_property
    def explainer(self) -> Explainer:
        """Explains triples, names their terms and finds their lines."""
        index, files = index_of(self.ledger, self.names), stored_files(self.ledger, self.store)
        return Explainer(self.config, self.published, self.ontology, self.ledger, index, files)

    def has(self, path: str) -> bool:
        """Whether there is a file, or below a path with a trailing `/` any file, in the state."""
        known = (*self.ledger.digests, *self.ledger.attachments)
        return any(name.startswith(path) if path.endswith("/") else name == path for name in known)

    def entity(self, path: str) -> ox.NamedNode:
        """The thing that a note describes."""
        return ox.NamedNode(self.names.entity(path, self.ledger.entries[path].card.id))

    def digest(self, path: str) -> str:
        """The digest of a note that was read; empty if there is none."""
        return self.ledger.digests.get(path, "") if path in self.ledger.entries else ""

    def triples(self, path: str) -> Iterator[ox.Triple]:
        """The triples that a note asserts; none if the state has no such note."""
        if path in self.ledger.entries:
            yield from self.graph(ox.NamedNode(self.names.path(path)))

    def graph(self, name: ox.NamedNode) -> set[ox.Triple]:
        """The triples of a named graph."""
        return {quad.triple for quad in self.store.find(None, None, None, name)}

    def is_thing(self, term: Term) -> bool:
        """Whether a term is more than a part of a file: it has a class that is not structural."""
        if not isinstance(term, ox.NamedNode):
            return False
        classes = [iri_of(triple.object) for triple in self.store.triples(term, TYPE, None)]
        return not classes or any(not self.ontology.is_structural(name) for name in classes)

    def classes(self, term: Term) -> list[ox.NamedNode]:
        """The classes that notes state of a thing, without the structural ones."""
        rows = self.store.triples(term, TYPE, None)
        classes = [row.object for row in rows if not self.store.has(term, TYPE, row.object, INFERRED_GRAPH)]
        return sorted(
            (
                name
                for name in classes
                if isinstance(name, ox.NamedNode) and not self.ontology.is_structural(name.value)
            ),
            key=str,
        )

    def text(self, path: str) -> str:
        """The text of a note as it is on the disk; empty if it cannot be read."""
        try:
            return text_of(self.config.place(path).read_bytes())
        except OSError:
            return ""

    def content(self, path: str) -> str:
        """What a note says, from the store: its texts and values, sorted. It outlasts the file."""
        values = (triple.object.value for triple in self.triples(path) if isinstance(triple.object, ox.Literal))
        return "\n".join(sorted(value for value in values if value not in {path, self.digest(path)}))

    @cached_property
    def asking(self) -> list[str]:
        """The notes that may have a question for `kg test`, sorted."""
        if self.findings_folder is None:
            return self._asking()
        file = self.findings_folder / _QUESTIONS
        return kept_json(file, f"{__version__} {self.published.stamp}", _PATHS, self._asking)

    def _asking(self) -> list[str]:
        place, limit = self.config.place, self.config.max_bytes
        return sorted(path for path in self.ledger.entries.paths if may_ask(path, str(place(path)), limit))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What `kg validate` reports, by the rules of the state's kg.toml; none without a note."""
        if self.findings_folder is None:
            return self._validated()
        facts = (__version__, self.published.stamp, self.ontology.digest, str(self.config.vault), self.config.findings)
        key = sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()
        return kept_findings(self.findings_folder, key, self._validated)

    def _validated(self) -> tuple[Finding, ...]:
        try:
            return validate(Vault(config=self.config), severity="warning", held=self.held).findings
        except KgError:
            if self.ledger.entries:
                raise
            return ()
