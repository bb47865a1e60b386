"""The lines that state triples: in the notes, in the ontology's files, and in the files of rules."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.config import Config, resource
from kg.core.files import read_text
from kg.mapping.link_resolution import Index
from kg.mapping.ontology import Ontology, local_name
from kg.mapping.ontology_files import RULE, RULES
from kg.mapping.provenance import Finder, Origin, Origins, Place
from kg.mapping.statements import Reader
from kg.mapping.structural_terms import CONTENT_HASH, DESCRIBES, NOTE, PATH, PREF_LABEL, WORD_COUNT
from kg.notes.canvas import CanvasSource
from kg.notes.vault import read_note
from kg.rdf.iris import Names
from kg.rdf.vocabulary import ONTOLOGY_GRAPH, TYPE
from kg.reasoning.unfolding import is_nameless
from kg.store.ingest_state import IngestState
from kg.store.store import Store

_LINE = 100
_OF_FILE = {PREF_LABEL, DESCRIBES, PATH, CONTENT_HASH, WORD_COUNT}
"""The properties of a note that its file has, whatever its words."""


class SourceLine(NamedTuple):
    """The line of a statement: the path of a note or an ontology file, the position in it, and the text of the line."""

    path: str
    line: int
    column: int
    text: str
    remark: str = ""
    """An explanation that the line alone does not give."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"

    def as_json(self) -> dict[str, Any]:
        """Return the line as a JSON object."""
        row = {"path": self.path, "line": self.line, "column": self.column, "text": self.text}
        return row | ({"remark": self.remark} if self.remark else {})


@dataclass(frozen=True)
class SourceLines:
    """Finds the lines that state triples."""

    config: Config
    store: Store
    ontology: Ontology
    ledger: IngestState | None
    """The recorded state of the notes; without it, no note states a triple."""
    index: Index | None = None
    """The index of the notes, if there is one already."""

    # ---- lines of notes ----------------------------------------------------------------------------------------------

    def placed(self, triples: Iterable[ox.Triple]) -> dict[ox.Triple, tuple[SourceLine, ...]]:
        """Return the lines of notes, or of the ontology, that state triples; inferred triples have none."""
        wanted: dict[str, set[Origin]] = defaultdict(set)
        origins = {triple: self.origins.of_triple(triple) for triple in dict.fromkeys(triples)}
        for origin in (origin for row in origins.values() for origin in row):
            wanted[origin.path].add(origin)
        places: dict[Origin, SourceLine] = {}
        for path, origins_of_note in wanted.items():
            places |= self._lines(path, frozenset(origins_of_note))
        stated = {}
        for triple, row in origins.items():
            lines = [places[origin] for origin in row if origin in places]
            stated[triple] = tuple(sorted(lines) or self._of_ontology(triple))
        return stated

    @cached_property
    def origins(self) -> Origins:
        """The notes that state each triple."""
        entries = self.ledger.entries if self.ledger else {}
        names = Names(self.config.base)
        return Origins(self.store.find, {names.path(path): path for path in entries})

    @cached_property
    def reader(self) -> Reader:
        """The mapping of the notes, as at the ingest."""
        assert self.ledger is not None
        if (index := self.index) is None:
            cards = [entry.card for entry in self.ledger.entries.values()]
            index = Index.of(cards, self.ledger.attachments, Names(self.config.base), ignored=self.ledger.ignored)
        return Reader(index, self.ontology, self.config.default_class)

    def _lines(self, path: str, wanted: frozenset[Origin]) -> dict[Origin, SourceLine]:
        """Return the lines in which a note states triples, or a remark if the note has changed since the ingest."""
        note, _ = read_note(path, self.config.place(path), self.config)
        entry = self.ledger.entries.get(path) if self.ledger else None
        if note is None or entry is None or note.digest != entry.digest:
            changed = SourceLine(path, 1, 1, "", "the file has changed since: run `kg ingest`")
            return dict.fromkeys(wanted, changed)
        places = Finder(self.reader, {path: wanted}).find(note)
        source = note.source.file if isinstance(note.source, CanvasSource) else note.source
        lines = source.text.split("\n")
        return {origin: self._line(origin, place, lines) for origin, place in places.items()}

    def _line(self, origin: Origin, place: Place, lines: list[str]) -> SourceLine:
        text = _around(lines[place.line - 1], place.column) if place.line <= len(lines) else ""
        whole = (place.line, place.column) == (1, 1)
        default = self.ontology.class_named(self.config.default_class)
        remark = ""
        if whole and origin.predicate == str(TYPE) and origin.object == f"<{default}>":
            remark = f"no type is named, so it is a {self.config.default_class}"
        elif whole and _is_of_file(origin, text):
            remark = "the file itself"
        return SourceLine(origin.path, place.line, place.column, text, remark)

    # ---- lines of the ontology ---------------------------------------------------------------------------------------

    def of_rule(self, name: str) -> Iterator[SourceLine]:
        """Return the first line of a rule's file."""
        for folder in (*self.config.ontology[::-1], resource("ontology").resolve()):
            file = folder / RULES / f"{name}{RULE}"
            place = self.config.ontology_drafts.get(file, file)
            if name in self.ontology.rules and place and place.is_file():
                yield SourceLine(self._short(file), 1, 1, read_text(place).split("\n", 1)[0])
                return

    def of_axiom(self, axiom: ox.Triple) -> Iterator[SourceLine]:
        """Return the line of the ontology's file where the statements about an axiom's subject begin."""
        if is_nameless(axiom.subject):
            yield from self._of_nameless(axiom)
            return
        name = re.escape(local_name(axiom.subject.value)) if isinstance(axiom.subject, ox.NamedNode) else ""
        begins = re.compile(rf"(?:[\w.-]*:|<[^>\s]*[#/]){name}>?(?=\s)")
        for file, lines, triples in self._files:
            for number, line in enumerate(lines, 1) if axiom in triples else ():
                if begins.match(line):
                    yield SourceLine(self._short(file), number, 1, line.strip()[:_LINE])
                    return

    def _of_nameless(self, axiom: ox.Triple) -> Iterator[SourceLine]:
        """The line of an axiom about a list: the line that names its type, if as many lines do as there are axioms."""
        name = local_name(axiom.object.value) if isinstance(axiom.object, ox.NamedNode) else ""
        names = re.compile(rf"^[^#]*(?<!</owl:)\b{re.escape(name)}\b")
        for row in self.ontology.files if name.startswith("All") and axiom.predicate == TYPE else ():
            nodes = [t.subject for t in row.axioms if t.predicate == TYPE and t.object == axiom.object]
            lines = [(n, line) for n, line in enumerate(row.text.split("\n"), 1) if names.match(line)]
            if axiom.subject in nodes and len(lines) == len(nodes):
                number, line = lines[nodes.index(axiom.subject)]
                yield SourceLine(self._short(row.file), number, 1, line.strip()[:_LINE])

    @cached_property
    def _files(self) -> list[tuple[Path, list[str], frozenset[ox.Triple]]]:
        return [(row.file, row.text.split("\n"), frozenset(row.axioms)) for row in self.ontology.files]

    def _of_ontology(self, triple: ox.Triple) -> Iterator[SourceLine]:
        if self.store.has(triple.subject, triple.predicate, triple.object, ONTOLOGY_GRAPH):
            yield from self.of_axiom(triple)

    def _short(self, path: Path) -> str:
        """Return a path relative to the project's folder, or to the ontology that comes with kg."""
        for root, start in ((self.config.root, ""), (resource("ontology").resolve(), "ontology/")):
            if path.is_relative_to(root):
                return f"{start}{path.relative_to(root).as_posix()}"
        return str(path)


def _is_of_file(origin: Origin, line: str) -> bool:
    """Whether a triple placed at the first character of a note says what the file is, and no words there."""
    if origin.predicate == str(TYPE):
        return origin.object == NOTE or not line.startswith("#")  # a tag or a heading may name the class
    return origin.predicate in _OF_FILE and "#" not in origin.subject


def _around(line: str, column: int) -> str:
    """Return a line, or the part of a long line around a column."""
    start = 0 if len(line) <= _LINE or column < _LINE // 2 else column - _LINE // 3
    text = line[start : start + _LINE].strip()
    return f"{'…' if start else ''}{text}{'…' if len(line) > start + _LINE else ''}"
