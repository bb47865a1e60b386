"""`overview`: what a vault holds, and the words and queries to ask it with. It is short, whatever the vault."""

from collections.abc import Iterator, Sequence
from itertools import chain

import pyoxigraph as ox

from kg.mapping.ontology import OntologyProperty
from kg.mcp.agent_vault import AgentVault
from kg.mcp.answer import AnswerRow, ToolAnswer
from kg.mcp.visible_text import visible_line
from kg.rdf.sparql_syntax import in_query
from kg.rdf.vocabulary import LINKS_TO
from kg.sparql.library import comes_with_kg, readable_queries
from kg.views.folders import folders_below
from kg.views.vocabulary import VocabularyWord

MOST = 2_000
"""The tokens of an overview, however many a call may have."""
_CLASSES, _PROPERTIES, _FOLDERS = 12, 12, 5
"""The rows of each kind that come first."""
_AT_ONCE = 8
"""The queries of a row."""
_ENDS = 3
"""The classes that are named at an end of a property."""


def overview(vault: AgentVault, offset: int = 0) -> ToolAnswer:
    """What a vault holds."""
    rows = vault.once("overview", lambda: _rows(vault))
    return ToolAnswer(_says(vault), rows[offset:], len(rows), min(offset, len(rows)))


def _says(vault: AgentVault) -> str:
    manifest, prefixes = vault.open.published.manifest, vault.open.store.prefixes
    notes, triples = int(manifest.summary.get("notes", 0)), int(manifest.summary.get("triples", 0))
    if vault.is_redacted:
        notes = len(vault.paths)
    name = visible_line(vault.open.config.vault.name)
    return f"vault “{name}”: {notes:,} notes, {triples:,} triples; prefixes {', '.join(f'{one}:' for one in prefixes)}"


def _rows(vault: AgentVault) -> list[AnswerRow]:
    """What tells most comes first, and the rest of each kind follows."""
    classes, properties, folders = [*_classes(vault)], [*_properties(vault)], _folders(vault)
    first = classes[:_CLASSES], properties[:_PROPERTIES], _queries(vault), folders[:_FOLDERS]
    return [*chain(*first, classes[_CLASSES:], properties[_PROPERTIES:], folders[_FOLDERS:])]


def _classes(vault: AgentVault) -> Iterator[AnswerRow]:
    prefixes, ontology = vault.open.store.prefixes, vault.open.ontology
    counts = vault.classes
    for shown, number in counts:
        name = in_query(shown.iri, prefixes)
        label = "" if name.endswith(f":{shown.text}") else f" “{visible_line(shown.text)}”"
        yield AnswerRow(f"class {name}{label}: {number:,} things", {"kind": "class", "name": name, "count": number})
    known = {shown.iri for shown, _ in counts}
    for iri in sorted(ontology.classes - known):
        if not ontology.is_structural(iri) and vault.open.is_named(ox.NamedNode(iri)):
            name = in_query(iri, prefixes)
            yield AnswerRow(f"class {name}: 0 things", {"kind": "class", "name": name, "count": 0})


def _properties(vault: AgentVault) -> Iterator[AnswerRow]:
    """The properties that the ontology or a note names, the most used first; then those of other vocabularies."""
    words = {word.written: word for word in vault.vocabulary.properties}
    declared = {in_query(iri, vault.open.store.prefixes): row for iri, row in vault.open.ontology.properties.items()}
    links = in_query(LINKS_TO.value, vault.open.store.prefixes)
    names = [
        name for name in words if name == links or name not in declared or not _is_structural(vault, declared[name])
    ]
    for name in sorted(names, key=lambda name: (name != links, not _is_own(vault, name, declared.get(name)))):
        word, about = words[name], declared.get(name)
        domain = [in_query(iri, vault.open.store.prefixes) for iri in sorted(about.domains)] if about else []
        domain = domain or _usual(vault, word)
        ends = f"{_listed(domain)} → {_listed(word.to)}"
        values = {"kind": "property", "name": name, "domain": domain, "range": [*word.to], "count": word.uses}
        yield AnswerRow(f"property {name}: {ends}, {word.uses:,} times", values)


def _is_structural(vault: AgentVault, about: OntologyProperty) -> bool:
    return vault.open.ontology.is_structural(about.iri)


def _is_own(vault: AgentVault, name: str, about: OntologyProperty | None) -> bool:
    """Whether the ontology names a property, or notes make it up."""
    return vault.open.is_named(ox.NamedNode(about.iri)) if about else name.startswith("p:")


def _listed(names: Sequence[str]) -> str:
    more = f" or {len(names) - _ENDS} others" if len(names) > _ENDS else ""
    return f"{' or '.join(names[:_ENDS])}{more}" if names else "any"


def _usual(vault: AgentVault, word: VocabularyWord) -> list[str]:
    """The class that most things with an undeclared property have."""
    named = {in_query(shown.iri, vault.open.store.prefixes) for shown, _ in vault.classes}
    counts = [(-number, name) for name, number in word.of.items() if name in named]
    return [min(counts)[1]] if counts else []


def _queries(vault: AgentVault) -> list[AnswerRow]:
    """The names of the library, the vault's own first; a query that takes parameters has them."""
    readable, _ = readable_queries(vault.open.config)
    queries = dict(sorted(readable.items(), key=lambda row: comes_with_kg(f"{row[0]}.rq", row[1].text)))
    names = [
        f"{query.name}({', '.join(map(str, query.header.params))})" if query.header.params else query.name
        for query in queries.values()
    ]
    parts = [names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE)]
    return [AnswerRow(f"queries {'; '.join(part)}", {"kind": "queries", "names": part}) for part in parts]


def _folders(vault: AgentVault) -> list[AnswerRow]:
    """The folders of the notes, the largest first."""
    return [
        AnswerRow(f"folder {visible_line(row.path)}/: {row.number:,} notes",
                  {"kind": "folder", "name": row.path, "count": row.number})
        for row in folders_below(vault.paths)
    ]  # fmt: skip
