"""The line by which a note would state a triple: a field, a `type:`, or a link in the text.

A form counts only if the mapping gives the triple from it, and if all that the note states already stays. So what can
be written stands in the mapping alone.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

import pyoxigraph as ox

from kg.comparison.state import ComparedState
from kg.core.errors import KgError
from kg.mapping.ontology import local_name
from kg.notes.vault import note_of
from kg.rdf.canonical import canonical_text
from kg.rdf.vocabulary import DESCRIBES, LABEL, LINKS_TO, MENTIONS, TAGGED, TYPE, iri_of
from kg.store.thing_names import is_plain

FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(?:.*\n)*?---[ \t]*(?:\r?\n|\Z)")
_KIND = re.compile(
    r"^(?P<key>type|class):[ \t]*(?P<value>.*?)(?P<remark>[ \t]+#.*)?[ \t]*$(?P<items>(?:\n[ \t]*-[ \t].*$)*)",
    re.M | re.I,
)
_PLAIN = re.compile(r"[^\W\d][\w /-]*\Z")
_BY_A_LINK = {MENTIONS: "See {}.", LINKS_TO: "See {}."}
"""The structural properties that the text of a note states, with the text."""


Place = Literal["front matter", "text", "end", "new note", "taken out"]
"""Where a line is written: in the front matter, above the text, below it, in a new note; or that it is taken out."""


class WrittenLine(NamedTuple):
    """A line to write into a note, or to take out of it."""

    path: str
    text: str
    place: Place


class _Form(NamedTuple):
    """A way to write a triple: from the text of a note to the new text and the line."""

    write: Callable[[str], tuple[str, str]]
    place: Place = "text"


@dataclass(frozen=True)
class LineWriter:
    """Writes triples into the notes of a state, in memory."""

    state: ComparedState
    _usable: dict[ox.NamedNode, bool] = field(default_factory=dict, repr=False)
    _forms: dict[ox.Triple, tuple[_Form, ...]] = field(default_factory=dict, repr=False)
    _texts: dict[str, tuple[str, frozenset[tuple[str, str, str]]]] = field(default_factory=dict, repr=False)

    def may_state(self, triple: ox.Triple) -> bool:
        """Whether a note could state a triple, as far as its terms tell: there is a note, and its property a name."""
        if triple.predicate == TYPE and self.state.ontology.is_structural(iri_of(triple.object)):
            return False
        return bool(self.path(triple.subject)) and self.may_use(triple.predicate)

    def may_use(self, predicate: ox.NamedNode) -> bool:
        """Whether a note could state any triple of a property."""
        if predicate not in self._usable:
            is_structural = self.state.ontology.is_structural(predicate.value)
            by_field = not is_structural and any(self._keys(predicate))
            self._usable[predicate] = by_field or predicate in {TYPE, TAGGED, *_BY_A_LINK}
        return self._usable[predicate]

    def path(self, term: object) -> str:
        """The path of the note about a thing; empty if there is none."""
        path = self._paths.get(iri_of(term), "")
        return path if path.lower().endswith(".md") else ""

    def written(
        self, triples: Sequence[ox.Triple], *, keep_default: bool = False
    ) -> tuple[dict[str, str], tuple[WrittenLine, ...]] | None:
        """The texts of notes with triples written into them, and the lines; None if a note cannot state one of them."""
        texts: dict[str, str] = {}
        lines: dict[tuple[str, Place, str], WrittenLine] = {}
        for triple in triples:
            path, forms = self.path(triple.subject), self.forms(triple)
            if not forms:
                return None
            form = forms[-1 if keep_default else 0]
            before = texts.get(path, self._stated(path)[0])
            texts[path], line = form.write(before)
            if texts[path] == before:
                return None
            # A note has one line of classes: the last has those of the lines before it.
            key = path, form.place, "" if form.place == "front matter" else line
            lines[key] = WrittenLine(path, line, form.place)
        return texts, tuple(sorted(lines.values()))

    def forms(self, triple: ox.Triple) -> tuple[_Form, ...]:
        """The ways to write a triple: the first that the mapping understands, and one that keeps the default class."""
        if triple not in self._forms:
            self._forms[triple] = tuple(self._understood(triple)) if self.may_state(triple) else ()
        return self._forms[triple]

    def has_default(self, triples: Sequence[ox.Triple]) -> bool:
        """Whether there is another way to write triples, in which a note keeps the class that it has by default."""
        return any(len(self.forms(triple)) > 1 for triple in triples)

    def literal(self, subject: ox.NamedNode, predicate: ox.NamedNode, text: str) -> ox.Triple | None:
        """The triple that a field with a text states, if its value is a literal."""
        path = self.path(subject)
        for key in self._keys(predicate) if path and is_plain(text) else ():
            new, _ = _field(key, text)(self._stated(path)[0])
            for row in self._rows(path, new) - self._stated(path)[1]:
                if row[:2] == (str(subject), str(predicate)) and row[2].startswith('"'):
                    return _triple(row)
        return None

    # ---- what the mapping says ---------------------------------------------------------------------------------------

    def _understood(self, triple: ox.Triple) -> Iterator[_Form]:
        path = self.path(triple.subject)
        text, before = self._stated(path)
        wanted = (str(triple.subject), str(triple.predicate), canonical_text(str(triple.object)))
        is_first = True
        for form in self._possible(triple):
            rows = self._rows(path, form.write(text)[0])
            lost = before - rows
            if wanted not in rows or (lost and not (is_first and self._is_default(lost, triple))):
                continue
            yield form
            if not lost:
                return
            is_first = False

    def _is_default(self, lost: frozenset[tuple[str, str, str]], triple: ox.Triple) -> bool:
        """Whether a note loses only the class that it has because it names none."""
        return triple.predicate == TYPE and lost == {(str(triple.subject), str(TYPE), f"<{self._default}>")}

    @cached_property
    def _default(self) -> str | None:
        return self.state.ontology.class_named(self.state.config.default_class)

    def _stated(self, path: str) -> tuple[str, frozenset[tuple[str, str, str]]]:
        """The text of a note, and what it states."""
        if path not in self._texts:
            text = self.state.text(path)
            self._texts[path] = text, self._rows(path, text)
        return self._texts[path]

    def _rows(self, path: str, text: str) -> frozenset[tuple[str, str, str]]:
        """What a note with a text would state, without its texts and the figures of the file."""
        try:
            note = note_of(path, text.encode("utf-8", "surrogateescape"), self.state.config)
        except (KgError, ValueError):
            return frozenset()
        rows = self.state.explainer.sources.reader.statements(note).rows
        kept = (row for row in rows if not (row.object.startswith('"') and self._is_structural(row.predicate)))
        return frozenset((row.subject, row.predicate, canonical_text(row.object)) for row in kept)

    def _is_structural(self, predicate: str) -> bool:
        return self.state.ontology.is_structural(predicate[1:-1])

    # ---- the forms ---------------------------------------------------------------------------------------------------

    def _possible(self, triple: ox.Triple) -> Iterator[_Form]:
        """The ways in which a triple could be written, the most usual first."""
        predicate, obj = triple.predicate, triple.object
        if predicate == TYPE:
            for name in self._class_names(obj):
                yield _Form(_kind(name), "front matter")
                if default := self.state.ontology.label(self._default or ""):
                    yield _Form(_kind(default, name), "front matter")
            return
        if predicate == TAGGED:
            yield _Form(_paragraph(self.state.explainer.naming.called(obj)))
            return
        if predicate in _BY_A_LINK:
            for link in self._links(obj):
                yield _Form(_paragraph(_BY_A_LINK[predicate].format(link)))
            return
        for key in self._keys(predicate):
            for value in self._values(obj):
                yield _Form(_field(key, value))

    def _class_names(self, term: Any) -> Iterator[str]:
        ontology = self.state.ontology
        for name in (ontology.label(iri_of(term)), local_name(iri_of(term)), self.state.explainer.naming.curie(term)):
            if name and ontology.class_named(name) == iri_of(term):
                yield name

    def _keys(self, predicate: ox.NamedNode) -> Iterator[str]:
        """The keys that may mean a property."""
        ontology, own = self.state.ontology, self.state.names.property("")[:-1]
        if predicate.value.startswith(own):
            yield from sorted(self.state.store.literals(predicate, LABEL))
            yield unquote(predicate.value.removeprefix(own))
            return
        names = (ontology.label(predicate.value), local_name(predicate.value))
        yield from dict.fromkeys(
            name for name in names if any(p.iri == predicate.value for p in ontology.properties_named(name))
        )

    def _values(self, term: Any) -> Iterator[str]:
        if isinstance(term, ox.Literal):
            yield term.value
            return
        yield from self._links(term)
        name = self.state.explainer.naming.called(term)
        yield from dict.fromkeys((name.removeprefix("#"), term.value))

    def _links(self, term: Any) -> Iterator[str]:
        """The links that may lead to a thing, shortest first."""
        path = self._paths.get(iri_of(term), "")
        if path:
            whole = path[:-3] if path.lower().endswith(".md") else path
            name = whole.rpartition("/")[2]
            if len(self.state.explainer.sources.reader.index.find(name, "")) == 1:
                yield f"[[{name}]]"
            yield f"[[{whole}]]"
            return
        yield f"[[{self.state.explainer.naming.called(term)}]]"
        if iri_of(term).startswith(("http://", "https://")) and not iri_of(term).startswith(self.state.names.base):
            yield f"<{term.value}>"

    @cached_property
    def _paths(self) -> dict[str, str]:
        """The paths of the notes by the things that they describe; of several notes of a thing, the first has it."""
        paths: dict[str, str] = {}
        documents = {self.state.names.path(path): path for path in self.state.ledger.entries}
        for quad in self.state.store.find(None, DESCRIBES, None, None):
            # An inference may say that a note describes what is the same as its thing.
            path, thing = documents.get(iri_of(quad.graph_name), ""), iri_of(quad.object)
            if path and (thing not in paths or path < paths[thing]):
                paths[thing] = path
        return paths


def _triple(row: tuple[str, str, str]) -> ox.Triple:
    (quad,) = ox.parse(f"{row[0]} {row[1]} {row[2]} .", ox.RdfFormat.N_TRIPLES)
    triple: ox.Triple = quad.triple
    return triple


def _paragraph(line: str) -> Callable[[str], tuple[str, str]]:
    """Write a line above the text of a note."""

    def write(text: str) -> tuple[str, str]:
        head = found[0] if (found := FRONT_MATTER.match(text)) else ""
        return f"{head}{line}\n\n{text[len(head) :]}", line

    return write


def _field(key: str, value: str) -> Callable[[str], tuple[str, str]]:
    return _paragraph(f"{key}:: {value}")


def _kind(*names: str) -> Callable[[str], tuple[str, str]]:
    """Add classes to the `type:` of a note's front matter."""
    words = [name if _PLAIN.match(name) else json.dumps(name, ensure_ascii=False) for name in names]

    def write(text: str) -> tuple[str, str]:
        found = FRONT_MATTER.match(text)
        if not found:
            line = _kind_line("type", "", words)
            return f"---\n{line}\n---\n{text}", line
        head = found[0]
        key = _KIND.search(head)
        if key is None:
            line, end = _kind_line("type", "", words), head.rindex("---")
            return f"{head[:end]}{line}\n{head[end:]}{text[len(head) :]}", line
        items = [item.strip().removeprefix("-").strip() for item in key["items"].splitlines() if item.strip()]
        line = _kind_line(key["key"], key["value"] or ", ".join(items), words) + (key["remark"] or "")
        return f"{head[: key.start()]}{line}{head[key.end() :]}{text[len(head) :]}", line

    return write


def _kind_line(key: str, present: str, words: Sequence[str]) -> str:
    inside = present[1:-1].strip() if present.startswith("[") and present.endswith("]") else present
    row = [*([inside] if inside else []), *words]
    return f"{key}: {row[0]}" if len(row) == 1 and not present.startswith("[") else f"{key}: [{', '.join(row)}]"
