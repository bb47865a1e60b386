"""The places of triples and things in the ontology's files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox

from kg.config import Config, resource
from kg.mapping.ontology import local_name
from kg.mapping.ontology_files import OntologyFile
from kg.mapping.provenance import Place
from kg.rdf.canonical import canonical
from kg.rdf.sparql_syntax import line_and_column
from kg.rdf.turtle_positions import TriplePosition, offset_in_literal, positions
from kg.rdf.vocabulary import TYPE, Term


class FilePlace(NamedTuple):
    """A place in a file; its path is relative to the project's folder."""

    path: str
    place: Place


@dataclass(frozen=True)
class OntologyPlaces:
    """Finds places in the ontology's files; reads the positions of a file on first use."""

    config: Config
    files: tuple[OntologyFile, ...]
    _positions: dict[Path, Mapping[ox.Triple, TriplePosition]] = field(default_factory=dict, repr=False)

    @property
    def paths(self) -> frozenset[str]:
        """The paths of the files."""
        return frozenset(self._path(file.file) for file in self.files)

    def of_value(self, triple: ox.Triple, offset: int = 0) -> FilePlace | None:
        """The place of a triple's object; with an offset, of that character of a literal."""
        for file in self.files:
            for written in self._written(file, triple):
                if position := self._of(file).get(written):
                    start = offset_in_literal(file.text, position, offset) if offset else position.start
                    return self._place(file, start, position.end)
        return None

    @staticmethod
    def _written(file: OntologyFile, triple: ox.Triple) -> Iterator[ox.Triple]:
        """The triple as a file states it: its literal may have another form than in the store."""
        rows = [row for row in file.triples if row.subject == triple.subject and row.predicate == triple.predicate]
        yield from (row for row in rows if row == triple)
        yield from (row for row in rows if canonical(row.object) == triple.object)

    def of_thing(self, thing: Term) -> FilePlace | None:
        """The place where the statements about a thing begin, first those of its type; else where it is a value."""
        for file in self.files:
            triples = [triple for triple in file.triples if triple.subject == thing]
            for triple in sorted(triples, key=lambda triple: triple.predicate != TYPE):
                if position := self._of(file).get(triple):
                    return self._place(file, position.subject, position.subject)
            if triples:
                return next(self._by_name(file, thing), FilePlace(self._path(file.file), Place(1, 1, 1, 1)))
        values = (triple for file in self.files for triple in file.triples if triple.object == thing)
        return next(filter(None, map(self.of_value, values)), None)

    def _of(self, file: OntologyFile) -> Mapping[ox.Triple, TriplePosition]:
        if file.file not in self._positions:
            self._positions[file.file] = positions(file.text, file.triples)
        return self._positions[file.file]

    def _by_name(self, file: OntologyFile, thing: Term) -> Iterator[FilePlace]:
        """The places of a thing's name, in a file with a notation whose positions are not known."""
        name = re.escape(local_name(thing.value)) if isinstance(thing, ox.NamedNode) else r"[^\s\S]"
        for match in re.finditer(rf"(?:[\w.-]*:|<[^>\s]*[#/]){name}>?(?=\s)", file.text):
            yield self._place(file, match.start(), match.end())

    def _place(self, file: OntologyFile, start: int, end: int) -> FilePlace:
        return FilePlace(
            self._path(file.file), Place(*line_and_column(file.text, start), *line_and_column(file.text, end))
        )

    def _path(self, path: Path) -> str:
        for root, start in ((self.config.root, ""), (resource("ontology").resolve(), "ontology/")):
            if path.is_relative_to(root):
                return f"{start}{path.relative_to(root).as_posix()}"
        return str(path)
