"""Make the note that a link names: where Obsidian would, with a heading, and the class that a property expects."""

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kg.core.text import nfc
from kg.lsp.code_action_edits import NoteChanges, new_line
from kg.lsp.edited_note import EditedNote
from kg.mapping.link_resolution import Paths, leads_out, link_path
from kg.notes.model import Link

_NOT_IN_NAMES = re.compile(r"[*\"\\<>:|?#^\[\]\x00-\x1f]")
"""The signs that Obsidian, or a file system, refuses in names, and those that a link cannot write."""


@dataclass(frozen=True)
class NewNote:
    """A note to make."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The name of the note."""
        return self.path.rpartition("/")[2].removesuffix(".md")

    @property
    def changes(self) -> NoteChanges:
        """The note as changes."""
        return NoteChanges(created={self.path: self.text})


def new_note(edited: EditedNote, link: Link) -> NewNote | None:
    """The note that a link names and that does not exist; None if no note can have that name."""
    path, subpath = link_path(link)
    if leads_out(path, edited.path) or _NOT_IN_NAMES.search(path) or not path.strip("/ ."):
        return None
    name = path if path.lower().endswith(".md") else f"{path}.md"
    place = nfc(posixpath.normpath(_place(edited, name)))
    parts = place.split("/")
    if any(part.startswith(".") or part != part.strip() for part in parts) or _exists(edited, place):
        return None
    if Paths.of([place]).find(path, edited.path) != [place]:
        return None
    return NewNote(place, _text(edited, link, parts[-1][:-3], subpath))


def _place(edited: EditedNote, name: str) -> str:
    """Where Obsidian makes a note of a name, by its settings; beside the note with the link, if it has none."""
    folder = posixpath.dirname(edited.path)
    if name.startswith(("./", "../")):
        return posixpath.join(folder, name)
    if "/" in name:
        return name.lstrip("/")
    new_notes = edited.state.settings.new_notes
    return posixpath.join(folder if new_notes is None else new_notes, name)


def _exists(edited: EditedNote, path: str) -> bool:
    files = edited.state.files
    known = path in files.notes or path in files.attachments or path in files.ignored or path in edited.state.drafts
    return known or edited.state.place(path).exists()


def _text(edited: EditedNote, link: Link, name: str, subpath: str) -> str:
    """The text of the note: the class that the property of the link leads to, its name, and the linked heading."""
    lines = []
    if class_ := _class(edited, link):
        word = class_ if re.fullmatch(r"[^\W\d_][\w /-]*", class_) else json.dumps(class_, ensure_ascii=False)
        lines += ["---", f"type: {word}", "---"]
    lines.append(f"# {name}")
    heading = subpath.rpartition("#")[2].strip()
    lines += [f"## {heading}"] if heading and not heading.startswith("^") else []
    end = new_line(edited.note)
    return end.join([*lines, ""])


def _class(edited: EditedNote, link: Link) -> str:
    """The name of the class to which the property of a link leads; empty if that says nothing."""
    ontology = edited.state.vault.ontology
    for key in keys_of(edited, link):
        for prop in ontology.properties_named(key):
            for range_ in sorted(prop.ranges & ontology.classes):
                label = ontology.label(range_)
                is_default = range_ == ontology.class_named(edited.state.vault.config.default_class)
                if label and ontology.class_named(label) == range_:
                    return "" if is_default else label
    return ""


def keys_of(edited: EditedNote, link: Link) -> Iterator[str]:
    """The keys of the properties in whose values a link is."""
    for prop in edited.note.properties:
        if prop.value.span.start <= link.span.start < prop.value.span.end:
            yield prop.key
    for line in edited.note.lines():
        yield from (field.key for field in line.fields if link in field.links)
