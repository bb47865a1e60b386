"""The checks of `kg doctor`: whether a store is intact, and up to date with its notes."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import StoreError, first_line
from kg.ingestion.pipeline import preview
from kg.notes.vault import Vault
from kg.rdf.iris import Names
from kg.rdf.terms import INFERRED, KG, ONTOLOGY
from kg.rdf.vocabulary import DEFAULT_GRAPH
from kg.store.ingest_state import IngestState
from kg.store.store import Published, Store


class Check(NamedTuple):
    """The result of a check."""

    what: str
    ok: bool
    says: str
    damaged: bool = False
    """Whether the store itself is damaged, rather than only behind its notes."""


def examine(vault: Vault) -> list[Check]:
    """Run all checks. Raises StoreMissing if there is no store."""
    return list(_rows(vault, Published(vault.config.store)))


def _rows(vault: Vault, generation: Published) -> Iterator[Check]:
    store = generation.store
    ledger = IngestState.read(generation.folder)
    yield Check("manifest", True, f"generation {generation.manifest.generation}")
    if ledger is None:
        yield Check("state of the notes", False, "cannot be read; the next ingest reads all notes", damaged=True)
    try:
        counts, digests, default, named = _counted(store)
    except (OSError, RuntimeError, StoreError) as error:
        yield Check("quads", False, first_line(error), damaged=True)
        return
    yield from _quads(generation, counts, default, named)
    yield _indexes(store)
    if ledger is not None:
        yield _notes(vault, ledger, digests)
    yield _up_to_date(vault)


def _indexes(store: Store) -> Check:
    """Check that every index can be read to its end."""
    try:
        store.verify()
    except StoreError as error:
        return Check("indexes", False, str(error).partition(":")[0], damaged=True)
    return Check("indexes", True, "can be read completely")


def _counted(store: Store) -> tuple[Counter[str], dict[str, str], set[int], set[int]]:
    """Return triples by graph, digests by document, and hashes of the triples in the default and the named graphs."""
    counts: Counter[str] = Counter()
    digests: dict[str, str] = {}
    default: set[int] = set()
    named: set[int] = set()
    for quad in store.quads():
        is_default = quad.graph_name == DEFAULT_GRAPH
        counts["" if is_default else str(quad.graph_name)] += 1
        (default if is_default else named).add(hash(quad.triple))
        if not is_default and quad.predicate.value == f"{KG}contentHash" and isinstance(quad.object, ox.Literal):
            digests[str(quad.graph_name)] = quad.object.value
    return counts, digests, default, named


def _quads(generation: Published, counts: Counter[str], default: set[int], named: set[int]) -> Iterator[Check]:
    for graph, name in (("", "default graph"), (ONTOLOGY, "ontology"), (INFERRED, "inferred")):
        wanted, number = generation.manifest.counts.get(graph, 0), counts[graph]
        says = f"{number:,} triples" if number == wanted else f"{number:,} triples; the manifest says {wanted:,}"
        yield Check(name, number == wanted, says, damaged=number != wanted)
    same = default == named
    says = "is all named graphs, each triple once" if same else "differs from the named graphs"
    yield Check("default graph", same, says, damaged=not same)


def _notes(vault: Vault, ledger: IngestState, digests: dict[str, str]) -> Check:
    """Check that every note in the ledger has a graph, and that the graph is that of the note's recorded text."""
    names = Names(vault.config.base)
    wanted = {f"<{names.path(path)}>": entry.digest for path, entry in ledger.entries.items()}
    wrong = sorted(graph for graph in wanted.keys() | digests if wanted.get(graph) != digests.get(graph))
    if not wrong:
        return Check("notes", True, f"{len(wanted):,}, each with the graph of its text")
    return Check("notes", False, f"{len(wrong):,} graphs differ from their notes, for example {wrong[0]}", damaged=True)


def _up_to_date(vault: Vault) -> Check:
    """Check whether the notes have changed since the ingest."""
    changes = preview(vault)
    if not changes:
        return Check("vault", True, "has not changed since")
    number = len(changes.added + changes.changed + changes.removed)
    subject = "1 note has" if number == 1 else f"{number:,} notes have"
    return Check("vault", False, changes.everything or f"{subject} changed since: run `kg ingest`")
