"""Whether a store is whole, and up to date with its notes: what `kg doctor` looks at."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pyoxigraph as ox

from kg.errors import StoreError, first_line
from kg.ingestion import preview
from kg.ledger import Ledger
from kg.store import Published, Store
from kg.terms import INFERRED, KG, ONTOLOGY, Names
from kg.vault import Vault


class Row(NamedTuple):
    """One thing that was looked at."""

    what: str
    ok: bool
    says: str
    damaged: bool = False
    """Whether the store itself is wrong, and not only behind its notes."""


def examine(vault: Vault) -> list[Row]:
    """Look at everything. Raises StoreMissing where there is no store."""
    return list(_rows(vault, Published(vault.config.store)))


def _rows(vault: Vault, found: Published) -> Iterator[Row]:
    store = found.store
    ledger = Ledger.read(found.folder)
    yield Row("manifest", True, f"generation {found.manifest.generation}")
    if ledger is None:
        yield Row("memory of the notes", False, "cannot be read; the next ingest reads all notes", damaged=True)
    try:
        counts, digests, default, named = _counted(store)
    except (OSError, RuntimeError, StoreError) as error:
        yield Row("quads", False, first_line(error), damaged=True)
        return
    yield from _quads(found, counts, default, named)
    yield _indexes(store)
    if ledger is not None:
        yield _notes(vault, ledger, digests)
    yield _up_to_date(vault)


def _indexes(store: Store) -> Row:
    """Whether every index can be read to its end."""
    try:
        store.verify()
    except StoreError as error:
        return Row("indexes", False, str(error).partition(":")[0], damaged=True)
    return Row("indexes", True, "can be read to their ends")


def _counted(store: Store) -> tuple[Counter[str], dict[str, str], set[int], set[int]]:
    """Triples by graph, digests by document, and hashes of the triples in the default and in the named graphs."""
    counts: Counter[str] = Counter()
    digests: dict[str, str] = {}
    default: set[int] = set()
    named: set[int] = set()
    for quad in store.quads():
        is_default = quad.graph_name == ox.DefaultGraph()
        counts["" if is_default else str(quad.graph_name)] += 1
        (default if is_default else named).add(hash(quad.triple))
        if not is_default and quad.predicate.value == f"{KG}contentHash" and isinstance(quad.object, ox.Literal):
            digests[str(quad.graph_name)] = quad.object.value
    return counts, digests, default, named


def _quads(found: Published, counts: Counter[str], default: set[int], named: set[int]) -> Iterator[Row]:
    for graph, name in (("", "default graph"), (ONTOLOGY, "ontology"), (INFERRED, "inferred")):
        wanted, number = found.manifest.counts.get(graph, 0), counts[graph]
        says = f"{number:,} triples" if number == wanted else f"{number:,} triples; the manifest says {wanted:,}"
        yield Row(name, number == wanted, says, damaged=number != wanted)
    same = default == named
    says = "is all named graphs, each triple once" if same else "is not what the named graphs hold"
    yield Row("default graph", same, says, damaged=not same)


def _notes(vault: Vault, ledger: Ledger, digests: dict[str, str]) -> Row:
    """Every note that is remembered has its graph, made of the text that is remembered."""
    names = Names(vault.config.base)
    wanted = {f"<{names.path(path)}>": entry.digest for path, entry in ledger.entries.items()}
    wrong = sorted(graph for graph in wanted.keys() | digests if wanted.get(graph) != digests.get(graph))
    if not wrong:
        return Row("notes", True, f"{len(wanted):,}, each with the graph of its text")
    return Row("notes", False, f"{len(wrong):,} graphs are not those of their notes, such as {wrong[0]}", damaged=True)


def _up_to_date(vault: Vault) -> Row:
    """Whether the notes have changed since."""
    changes = preview(vault)
    if not changes:
        return Row("vault", True, "has not changed since")
    number = len(changes.added + changes.changed + changes.removed)
    said = "1 note has" if number == 1 else f"{number:,} notes have"
    return Row("vault", False, changes.everything or f"{said} changed since: run `kg ingest`")
