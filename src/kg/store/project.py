"""A project: the settings of a vault and its published store, with the ontology, the state and the look-up of names."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kg.config import Config, recorded
from kg.mapping.ontology import Ontology, load_ontology
from kg.rdf.iris import Names
from kg.store.lookup import Lookup
from kg.store.store import Store, manifest


def known_prefixes(config: Config) -> dict[str, str]:
    """The prefixes that a query need not declare, also on another server: of the settings and of the store, if any."""
    stored = manifest(config.store)
    return {**(stored.prefixes if stored else {}), **config.all_prefixes}


if TYPE_CHECKING:  # a query needs no state of the notes, and no SQLite
    from kg.store.ingest_state import IngestState


@dataclass(frozen=True)
class Project:
    """A store with the settings of its vault. Everything else is read once, when it is needed first."""

    config: Config
    store: Store

    @classmethod
    def open(cls, config: Config) -> "Project":
        """Open the published store. Raises StoreMissing, StoreError."""
        return cls(config, Store(config.store))

    @classmethod
    def of(cls, store: Store) -> "Project":
        """The project of an open store, with the current settings of its vault. Raises ConfigError."""
        return cls(recorded(Path(str(store.manifest.summary.get("vault", ""))), store.path), store)

    @cached_property
    def ontology(self) -> Ontology:
        """The ontology that comes with kg, and the vault's own. Raises OntologyError."""
        return load_ontology(self.config)

    @cached_property
    def state(self) -> "IngestState | None":
        """The state of the notes at the last ingest; None if it is unreadable."""
        from kg.store.ingest_state import IngestState

        return IngestState.read(self.store.folder)

    @cached_property
    def lookup(self) -> Lookup:
        """The look-up of names in the store. Raises OntologyError."""
        prefixes = {**self.ontology.prefixes, **self.store.prefixes}
        return Lookup(self.store, self.ontology, Names(self.store.prefixes.get("n", self.config.base)), prefixes)
