"""The resources: the overview, notes, the library's queries and the ontology; and what completes their addresses."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

import pyoxigraph as ox

from kg.core.errors import KgError, NotFound
from kg.core.json_text import json_text
from kg.core.spelling import did_you_mean, nearest
from kg.core.text import letters_and_digits, nfc
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import written
from kg.mcp.budget import MOST, bounded, tokens
from kg.mcp.tools.overview import MOST as MOST_OVERVIEW
from kg.mcp.tools.overview import overview
from kg.mcp.visible_text import CLOSING, OPENING, visible
from kg.rdf.vocabulary import ONTOLOGY_GRAPH, TEXT
from kg.sparql.library import library, named_query

NOTE, QUERY = "kg://note/", "kg://query/"
_ENVELOPE = 200
"""The tokens of a message around the text of a resource."""
COMPLETIONS = 100
"""The most completions, as the protocol has it."""


class ResourceText(NamedTuple):
    """A resource that is read."""

    uri: str
    text: str
    media_type: str = "text/plain"


class NoteCompletions(NamedTuple):
    """What may follow what somebody has begun to write."""

    values: tuple[str, ...]
    total: int


def read(vault: AgentVault, uri: str, most: int = MOST) -> ResourceText:
    """A resource by its address. Raises NotFound, KgError."""
    match uri:
        case "kg://overview":
            return ResourceText(uri, written(overview(vault), bounded(most, MOST_OVERVIEW)).text)
        case "kg://ontology":
            return ResourceText(uri, _marked(_ontology(vault), most), "text/turtle")
    if uri.startswith(NOTE):
        return ResourceText(uri, _marked(_note(vault, unquote(uri.removeprefix(NOTE))), most), "text/markdown")
    if uri.startswith(QUERY):
        name = unquote(uri.removeprefix(QUERY))
        text = named_query(vault.open.config, name).text
        return ResourceText(uri, _marked(text, most), "application/sparql-query")
    raise NotFound(f"there is no resource {uri[:200]}: there are kg://overview, kg://ontology, {NOTE}PATH, {QUERY}NAME")


def note_uri(path: str) -> str:
    """The address of a note."""
    return f"{NOTE}{quote(path, safe='/', errors='surrogateescape')}"


def _marked(text: str, most: int) -> str:
    """A text inside the boundary, and cut to the budget."""
    shown, left = visible(text), most - _ENVELOPE
    if tokens(json_text(shown)) <= left:
        return f"{OPENING}\n{shown}\n{CLOSING}"
    kept = shown[: _fitting(shown, left)]
    remark = f"{len(kept):,} of {len(shown):,} characters; show reads the rest of a note line by line, with offset"
    return f"{OPENING}\n{kept}\n{CLOSING}\n{remark}"


def _fitting(text: str, most: int) -> int:
    """The characters of a text that fit into a number of tokens."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens(json_text(text[:middle])) <= most else (low, middle - 1)
    return low


def _note(vault: AgentVault, path: str) -> str:
    """The text of a note: of its file or, if no file may be read, of the store. Raises NotFound."""
    path = nfc(path)
    if path not in vault.notes:
        raise NotFound(f"no note is at “{path[:200]}”{did_you_mean(nearest(path[:200], vault.paths))}")
    if lines := vault.lines(path):
        return "\n".join(lines)
    texts = vault.open.store.literals(vault.notes[path], TEXT)
    return "\n\n".join(texts)


def _ontology(vault: AgentVault) -> str:
    """The ontology in Turtle."""
    triples = vault.open.store.triples(None, None, None, ONTOLOGY_GRAPH)
    ordered = sorted(triples, key=str)
    data = ox.serialize(ordered, format=ox.RdfFormat.TURTLE, prefixes=dict(vault.open.store.prefixes))
    return data.decode() if data else ""


# ---- completions -----------------------------------------------------------------------------------------------------


def complete(vault: AgentVault, what: str, begun: str) -> NoteCompletions:
    """The paths of notes, or the names of queries, that begin with a text or have it in them."""
    try:
        names: Sequence[str] = vault.paths if what == "path" else [*library(vault.open.config)]
    except KgError:
        names = ()
    fitting = [*_fitting_names(names, begun)]
    return NoteCompletions(tuple(map(visible, fitting[:COMPLETIONS])), len(fitting))


def _fitting_names(names: Iterable[str], begun: str) -> Iterable[str]:
    wanted = letters_and_digits(begun)
    ranked = [(not letters_and_digits(name).startswith(wanted), name) for name in names
              if wanted in letters_and_digits(name)]  # fmt: skip
    return [name for _, name in sorted(ranked)]
