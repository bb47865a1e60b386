"""The rows of the full-text search of a page that answers questions, and the folds of letters for its queries.

Of a whole vault they are the rows of kg's own index, so that the page finds and ranks what `kg search` does. A redacted
copy, a selection and a store without its vault have no such index: their rows are the labels, headings and texts that
the exported triples hold.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from kg.core.files import is_folder
from kg.core.text import nfc
from kg.export.formats import Export
from kg.fulltext.database import SECTIONS, FullText, indexed
from kg.fulltext.folding import folded
from kg.fulltext.searcher import index_of
from kg.rdf.iris import Names
from kg.rdf.terms import KG, SKOS
from kg.store.project import Project

_QUERIED = (range(0x80, 0x2C80), range(0xA640, 0xA800), range(0xFB00, 0xFE00), range(0xFE70, 0x10000))
"""The characters that somebody may type for others: letters with diacritics, ligatures, forms of other width."""
_SURROGATES = range(0xD800, 0xE000)


def rows(export: Export) -> dict[str, Any]:
    """The rows of each note, and the folded form of each letter that has another. Raises StoreError."""
    project = export.project
    has_index = project is not None and export.is_whole and is_folder(project.config.vault)
    notes = [*_indexed(project)] if project and has_index else [*_Described.of(export.lines()).notes()]
    return {"notes": notes, "folds": [*_folds(notes)]}


def _indexed(project: Project) -> Iterator[dict[str, Any]]:
    """The rows of kg's own index, note by note."""
    config = project.config
    index = index_of(project.store, config)
    names = Names(project.store.prefixes.get("n", config.base))
    with index.snapshot():
        sections, tags = _sections(index), _tags(index)
        for number, path, front_id, title in index.rows("SELECT id, path, front_id, title FROM note ORDER BY id"):
            entity = names.entity(str(path), str(front_id) if front_id is not None else None)
            own = sections.get(int(str(number)), [])
            for section in own:
                section["iri"] = names.section(entity, tuple(section["parts"])) if section["parts"] else None
            yield {
                "iri": entity, "file": names.path(str(path)), "path": path, "title": title,
                "names": own[0].pop("names"), "tags": tags.get(int(str(number)), []), "sections": own,
            }  # fmt: skip


def _sections(index: FullText) -> dict[int, list[dict[str, Any]]]:
    """The sections of each note; the first of a note has the note's names, too."""
    found: dict[int, list[dict[str, Any]]] = {}
    query = (
        "SELECT section.id, parts, line, raw, words.title, aliases, tags, heading, text "
        "FROM section JOIN words ON words.rowid = section.id ORDER BY section.id"
    )
    for number, parts, line, raw, title, aliases, tags, heading, text in index.rows(query):
        own = found.setdefault(int(str(number)) >> SECTIONS, [])
        own.append({"parts": json.loads(str(parts)), "line": line, "heading": heading, "text": text, "raw": raw})
        if len(own) == 1:
            own[0]["names"] = [title, aliases, tags]
    return found


def _tags(index: FullText) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for note, name in index.rows("SELECT note, name FROM tag"):
        found.setdefault(int(str(note)), []).append(str(name))
    return found


@dataclass(frozen=True)
class _Described:
    """What triples say of things and their sections, for a search without the notes."""

    texts: dict[str, dict[str, list[str]]]
    """The literals of each property, by subject."""
    links: dict[str, dict[str, list[str]]]

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> "_Described":
        texts: dict[str, dict[str, list[str]]] = {}
        links: dict[str, dict[str, list[str]]] = {}
        for triple in ox.parse(b"".join(lines), ox.RdfFormat.N_TRIPLES):
            subject, predicate, obj = triple.subject, triple.predicate.value, triple.object
            if isinstance(subject, ox.NamedNode) and isinstance(obj, ox.NamedNode | ox.Literal):
                rows = texts if isinstance(obj, ox.Literal) else links
                rows.setdefault(predicate, {}).setdefault(subject.value, []).append(obj.value)
        return cls(texts, links)

    def notes(self) -> Iterator[dict[str, Any]]:
        """The rows of the things that notes describe; of a selection without notes, of all things with a label."""
        files = {thing: file for file, things in self.links.get(KG + "describes", {}).items() for thing in things}
        for thing in sorted(files or self.texts.get(SKOS + "prefLabel", {})):
            file = files.get(thing)
            title = self._text(thing, SKOS + "prefLabel")
            tags = [self._text(tag, SKOS + "prefLabel") for tag in self.links.get(KG + "tagged", {}).get(thing, [])]
            names = [title, "\n".join(sorted(self._texts(thing, SKOS + "altLabel"))), "\n".join(sorted(tags))]
            yield {
                "iri": thing, "file": file, "path": self._text(file, KG + "path") if file else title, "title": title,
                "names": [*map(indexed, names)], "tags": [nfc(tag).lower() for tag in tags],
                "sections": [self._row(thing, ()), *self._below(thing, ())],
            }  # fmt: skip

    def _below(self, node: str, above: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """The sections of a thing or section, each with those inside it; a circle of sections ends."""
        sections = self.links.get(KG + "hasSection", {}).get(node, [])
        for section in sorted(sections, key=lambda iri: (int(self._text(iri, KG + "order") or 0), iri)):
            parts = (*above, self._text(section, KG + "heading"))
            if section.startswith(node):
                yield self._row(section, parts)
                yield from self._below(section, parts)

    def _row(self, node: str, parts: tuple[str, ...]) -> dict[str, Any]:
        heading = f"{parts[-1]}\n" if parts else ""
        text = "\n".join(self._texts(node, KG + "text"))
        forms = {"heading": indexed(heading), "text": indexed(text), "raw": nfc(heading + text)}
        return {"parts": parts, "line": 0, "iri": node if parts else None, **forms}

    def _texts(self, node: str, predicate: str) -> list[str]:
        return sorted(self.texts.get(predicate, {}).get(node, []))

    def _text(self, node: str, predicate: str) -> str:
        return min(self._texts(node, predicate), default="")


def _folds(notes: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The characters that have another folded form: those of the notes, and those that somebody may type."""
    texts = (str(text) for note in notes for text in (note["title"], *(row["raw"] or "" for row in note["sections"])))
    used = {character for text in texts if not text.isascii() for character in text}
    codes = {code for part in _QUERIED for code in part} | {ord(character) for character in used}
    for code in sorted(codes.difference(_SURROGATES)):
        fold = folded(chr(code))
        if fold != chr(code):
            yield chr(code), fold
