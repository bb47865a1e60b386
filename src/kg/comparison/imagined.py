"""Changes of notes that nobody has made yet, as the contents of files for an overlay."""

from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from kg.comparison.state import ComparedState
from kg.comparison.written_lines import FRONT_MATTER
from kg.core.errors import KgError, NotFound
from kg.core.files import read_bytes
from kg.core.text import lines_of, nfc, text_of
from kg.mapping.ontology_files import is_part_of
from kg.notes.vault import is_note
from kg.rdf.vocabulary import INFERRED_GRAPH, iri_of


@dataclass
class ImaginedChanges:
    """The contents of the files that changes would leave, by path; None is a file that would be gone.

    Changes follow each other: a note that one of them has renamed has its new name for the next only by its path.
    """

    state: ComparedState
    """The vault as it is."""
    contents: dict[str, str | bytes | None] = field(default_factory=dict)

    def without(self, name: str) -> None:
        """Leave out a note. Raises NotFound."""
        self.contents[self._path(name)] = None

    def with_file(self, file: Path, path: str = "") -> None:
        """Take a file for a note or a file of the ontology: at a path, else at its own place, else in the top folder.

        Raises KgError.
        """
        try:
            data = read_bytes(file, self.state.config.max_bytes)
        except OSError as error:
            raise KgError(f"{file} cannot be read: {error.strerror or error}") from error
        self.contents[nfc(path or self._own_path(file.resolve()))] = data

    def _own_path(self, file: Path) -> str:
        """The path of a file in the vault or, of the ontology, in the project; its name, if it is in neither."""
        config = self.state.config
        if file.is_relative_to(config.vault):
            return file.relative_to(config.vault).as_posix()
        is_of_ontology = any(is_part_of(file, folder) for folder in config.ontology_places)
        return (
            file.relative_to(config.root).as_posix()
            if is_of_ontology and file.is_relative_to(config.root)
            else file.name
        )

    def rename(self, name: str, to: str) -> None:
        """Move a note to another path, or give it another name in its folder; links stay as they are."""
        path = self._path(name)
        text = self._text(path)
        folder = path.rpartition("/")[0]
        goal = to if "/" in to or not folder else f"{folder}/{to}"
        goal = nfc(goal if is_note(goal) else f"{goal}.md")
        if goal != path and (self.contents.get(goal) is not None or self.state.has(goal)):
            raise KgError(f"there is a note {goal} already: kg whatif --merge puts two notes together")
        self.contents[path] = None
        self.contents[goal] = text

    def merge(self, name: str, into: str) -> None:
        """Put the text of a note at the end of another, without its properties; links to the first stay as they are."""
        path, goal = self._path(name), self._path(into)
        if path == goal:
            raise KgError(f"“{name}” and “{into}” are one note")
        text = FRONT_MATTER.sub("", self._text(path), count=1)
        self.contents[goal] = f"{self._text(goal).rstrip()}\n\n{text.lstrip()}"
        self.contents[path] = None

    def add(self, subject: str, predicate: str, obj: str) -> None:
        """Write a property into the note of a thing, as a field above its text: `predicate:: [[object]]`."""
        path = self._path(subject)
        text = self._text(path)
        head = found[0] if (found := FRONT_MATTER.match(text)) else ""
        self.contents[path] = f"{head}{predicate}:: {self._value(obj)}\n\n{text[len(head) :]}"

    def drop(self, subject: str, predicate: str, obj: str) -> None:
        """Take out the lines of the notes that state a triple. Raises NotFound, KgError if none does."""
        explainer = self.state.explainer
        triples = explainer.naming.triples(subject, predicate, obj)
        lines = {(line.path, line.line) for rows in explainer.sources.placed(triples).values() for line in rows}
        lines = {(path, number) for path, number in lines if path in self.state.ledger.entries}
        if not lines:
            inferred = any(self.state.store.has(t.subject, t.predicate, t.object, INFERRED_GRAPH) for t in triples)
            reason = "it follows from others: kg why says from which" if inferred else "no line of a note states it"
            raise KgError(f"“{subject}” {predicate} “{obj}” cannot be dropped: {reason}")
        for path in {path for path, _ in lines}:
            kept = [row for number, row in enumerate(lines_of(self._text(path)), 1) if (path, number) not in lines]
            self.contents[path] = "".join(kept)

    # ---- names -----------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        """The path of the note that a name means. Raises NotFound."""
        for path in (nfc(name), f"{nfc(name)}.md"):
            if self.contents.get(path) is not None:
                return path
        document = iri_of(self.state.explainer.naming.document(name))
        for path in self.state.ledger.entries:
            if document == self.state.names.path(path):
                return path
        raise NotFound(f"“{name}” is no note of the vault")

    def _text(self, path: str) -> str:
        data = self.contents.get(path)
        if data is None:
            return self.state.text(path)
        return text_of(data) if isinstance(data, bytes) else data

    def _value(self, text: str) -> str:
        """A value as a note writes it: a link, if something has that name."""
        try:
            node: ox.NamedNode | None = self.state.explainer.naming.thing(text)
        except NotFound:
            node = None
        is_link = node is not None or f"{text}.md" in self.contents
        return f"[[{text}]]" if is_link and not text.startswith("[[") else text
