"""What the vault is about: its classes, tags, folders and most linked things, and what is missing in it."""

import heapq
from collections import Counter
from typing import NamedTuple

import pyoxigraph as ox

from kg.rdf.terms import INFERRED
from kg.rdf.vocabulary import LINKS_TO, TAGGED
from kg.views.catalogue import class_counts
from kg.views.folders import FolderCount, folders_below
from kg.views.open_vault import OpenVault, Shown

_SOME = 12


class Overview(NamedTuple):
    """What the vault is about, as the first page shows it."""

    name: str
    notes: int
    """The notes, triples and inferred triples, as the last ingest counted them."""
    triples: int
    inferred: int
    classes: tuple[tuple[Shown, int], ...]
    """The classes, each with the number of its things."""
    linked: tuple[tuple[Shown, int], ...]
    """The things that most others link to, with the number of these."""
    tags: tuple[tuple[Shown, int], ...]
    folders: tuple[FolderCount, ...]
    missing: tuple[tuple[str, int], ...]
    """The names that most links lead to without a note."""


def overview(vault: OpenVault) -> Overview:
    """What a vault is about."""
    manifest = vault.published.manifest
    return Overview(
        vault.config.vault.name,
        int(manifest.summary.get("notes", 0)),
        int(manifest.summary.get("triples", 0)),
        manifest.counts.get(INFERRED, 0),
        tuple(class_counts(vault)),
        tuple(_most(vault, LINKS_TO)),
        tuple(_most(vault, TAGGED)),
        tuple(folders_below(vault.state.entries if vault.state else ())),
        tuple((str(name), int(number)) for name, number in manifest.summary.get("wanted", ())),
    )


def _most(vault: OpenVault, prop: ox.NamedNode) -> list[tuple[Shown, int]]:
    """The things to which a property leads most often."""
    counts = Counter(vault.store.rows("?thing", f"?source {prop} ?thing"))
    things = [(-number, term[1:-1].decode()) for term, number in counts.items() if term.startswith(b"<")]
    return [(vault.show(ox.NamedNode(iri)), -number) for number, iri in heapq.nsmallest(_SOME, things)]
