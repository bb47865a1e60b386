"""What a search finds: things by name, as someone types, and places in the text."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.core.errors import KgError
from kg.core.text import letters_and_digits
from kg.fulltext.searcher import SearchResults, search
from kg.views.open_vault import OpenVault, Shown

_NAMES = 10


class NamedThing(NamedTuple):
    """A thing whose name fits, and the name."""

    thing: Shown
    name: str


@dataclass(frozen=True)
class Found:
    """What a search finds."""

    text: str
    named: tuple[NamedThing, ...]
    results: SearchResults | None
    """The places in the text; None if the search cannot be read."""
    problem: str = ""
    """Why the search cannot be read."""


def names_like(vault: OpenVault, text: str, most: int = _NAMES) -> list[NamedThing]:
    """The things whose names begin with a text, then those with a word that does, then those that contain it."""
    wanted = letters_and_digits(text)
    if not wanted:
        return []
    rows = heapq.nsmallest(most * 2, _fitting(vault, wanted))
    named: dict[str, NamedThing] = {}
    for _, _, name, iri in rows:
        shown = vault.show(ox.NamedNode(iri))
        if shown.kind or shown.is_missing:
            named.setdefault(iri, NamedThing(shown, name))
    return [*named.values()][:most]


def _fitting(vault: OpenVault, wanted: str) -> Iterator[tuple[int, int, str, str]]:
    """The labels that fit: how well, their length, the label and the thing."""
    for key, label, iri in vault.keyed_names:
        if wanted in key:
            rank = 0 if key.startswith(wanted) else 1 if any(_begins(word, wanted) for word in label.split()) else 2
            yield rank, len(label), label, iri


def _begins(word: str, wanted: str) -> bool:
    return letters_and_digits(word).startswith(wanted)


def found(vault: OpenVault, text: str, limit: int = 20) -> Found:
    """What a search finds in names and in the text; in names alone, where some notes are private."""
    if vault.is_redacted:
        return Found(
            text, tuple(names_like(vault, text)), None, "the text is not searched, since some notes are private"
        )
    try:
        results = search(vault.store, text, config=vault.config, limit=limit, looser=True)
    except KgError as error:
        return Found(text, tuple(names_like(vault, text)), None, str(error))
    return Found(text, tuple(names_like(vault, text)), results)
