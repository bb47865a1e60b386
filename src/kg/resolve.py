"""Which file, heading or block a link means, as Obsidian resolves it. A pure function of an index built once.

The order of the rules, and where each was seen, is in docs/obsidian.md; case and Unicode form never count.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import unquote

from kg.note import Link, Note
from kg.terms import Names, encode_url, letters_and_digits, nfc

LinkClass = Literal[
    "resolved", "self", "attachment", "external", "missing", "missing heading", "missing block", "ambiguous"
]
LINK_CLASSES: tuple[LinkClass, ...] = (
    "resolved",
    "self",
    "attachment",
    "external",
    "missing",
    "missing heading",
    "missing block",
    "ambiguous",
)

_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:\S")
_IGNORED_IN_HEADING = re.compile(r"[!\"#$%&()*+,.:;<=>?@^`{|}~/\[\]\\\s]+")


class Target(NamedTuple):
    """What a link means. `entity` is the note-level end, `exact` the section or block, where there is one."""

    kind: LinkClass
    exact: str
    entity: str
    path: str = ""
    """The file, or for what is missing the target as written."""


class Heading(NamedTuple):
    """A heading to be found by a link: its normalised text, and the heading path that names its section."""

    key: str
    level: int
    parts: tuple[str, ...]


class Outline(NamedTuple):
    """What the links to a note can lead to inside it."""

    entity: str
    headings: tuple[Heading, ...]
    blocks: Mapping[str, str]

    @classmethod
    def of(cls, note: Note, entity: str) -> "Outline":
        """The headings and blocks of a note."""
        sections = list(note.root.walk())
        headings = tuple(Heading(heading_key(s.heading), s.level, s.parts) for s in sections[1:])
        blocks: dict[str, str] = {}
        for section in sections:
            for top in section.blocks:
                for block in top.walk():
                    if block.id:
                        blocks.setdefault(block.id.lower(), block.id)
        return cls(entity, headings, blocks)

    def section(self, subpath: str) -> tuple[str, ...] | None:
        """The heading path that `A#B` leads to: each next heading below the one before it, the first of equals."""
        found: Heading | None = None
        start, end = 0, len(self.headings)
        for key in filter(None, map(heading_key, subpath.split("#"))):
            at = next((n for n in range(start, end) if self.headings[n].key == key), None)
            if at is None:
                return None
            found = self.headings[at]
            start = at + 1
            end = next((n for n in range(start, end) if self.headings[n].level <= found.level), end)
        return found.parts if found else None


def heading_key(text: str) -> str:
    """What is compared of a heading: special characters are spaces, spaces collapse, case does not count."""
    return " ".join(_IGNORED_IN_HEADING.sub(" ", nfc(text)).split()).casefold()


@dataclass(frozen=True)
class Index:
    """All names, headings and blocks of a vault."""

    names: Names
    outlines: Mapping[str, Outline]
    """Notes by path."""
    exact: Mapping[str, str]
    """Files by path in lower case."""
    by_name: Mapping[str, tuple[tuple[str, str], ...]]
    """Files by name in lower case: the path in lower case and as it is."""
    by_title: Mapping[str, tuple[str, ...]]
    """Entities by the letters and digits of their note's name, and of its title."""

    @classmethod
    def of(cls, notes: Iterable[Note], attachments: Iterable[str], names: Names) -> "Index":
        """The index of a vault's notes and other files. Order does not matter."""
        notes = sorted(notes, key=lambda note: note.path)
        entities = {note.path: names.entity(note.path, note.id) for note in notes}
        first: dict[str, str] = {}
        for path, entity in entities.items():
            first.setdefault(entity, path)
        outlines, titles = {}, defaultdict(list)
        for note in notes:
            entity = entities[note.path]
            entity = entity if first[entity] == note.path else names.entity(note.path)
            outlines[note.path] = Outline.of(note, entity)
            for title in dict.fromkeys((note.name, note.title)):
                titles[letters_and_digits(title)].append(entity)
        exact: dict[str, str] = {}
        by_name = defaultdict(list)
        for path in sorted([*outlines, *attachments]):
            low = path.lower()
            exact.setdefault(low, path)
            by_name[low.rpartition("/")[2]].append((low, path))
        by_title = {key: tuple(rows) for key, rows in titles.items() if key}
        return cls(names, outlines, exact, {key: tuple(rows) for key, rows in by_name.items()}, by_title)

    def entity(self, path: str) -> str:
        """The entity of a note."""
        return self.outlines[path].entity

    def resolve(self, link: Link, source: str) -> Target:
        """What a link in the note at `source` means."""
        if link.kind == "url" or (link.kind == "markdown" and _EXTERNAL.match(link.target)):
            return self._external(link.target)
        path, subpath = link.path, link.subpath
        if link.kind == "markdown":
            path, subpath = nfc(unquote(path)), unquote(subpath)
        if not path:
            return self._inside(source, subpath, source)
        files = self.find(path, source)
        if not files:
            return self._missing(path, subpath, source)
        if files[0] in self.outlines:
            target = self._inside(files[0], subpath, source)
        else:
            iri = self.names.path(files[0])
            target = Target("attachment", iri, iri, files[0])
        if len(files) > 1 and target.kind in {"resolved", "attachment"}:
            return target._replace(kind="ambiguous")
        return target

    def _external(self, url: str) -> Target:
        iri = encode_url(url) or self.names.path(url)
        return Target("external", iri, iri, url)

    def _missing(self, path: str, subpath: str, source: str) -> Target:
        if path.startswith(("./", "../")):
            path = posixpath.join(posixpath.dirname(source), path)
        if "/" in path:
            path = posixpath.normpath(f"/{path}")
        path = path.strip("/") or path
        iri = self.names.missing(path)
        label = path[:-3] if path.lower().endswith(".md") else path
        return Target("missing", self._as_written(iri, subpath), iri, label)

    def _as_written(self, entity: str, subpath: str) -> str:
        """The section or block that a missing note would have."""
        if subpath.startswith("^"):
            return self.names.block(entity, subpath[1:])
        parts = tuple(filter(None, (part.strip() for part in subpath.split("#"))))
        return self.names.section(entity, parts) if parts else entity

    def _inside(self, path: str, subpath: str, source: str) -> Target:
        """A note, or the section or block in it; the note where it lacks that."""
        outline = self.outlines[path]
        kind: LinkClass = "self" if path == source else "resolved"
        entity = outline.entity
        if subpath.startswith("^"):
            block = outline.blocks.get(subpath[1:].strip().lower())
            if block is None:
                return Target("missing block", entity, entity, path)
            return Target(kind, self.names.block(entity, block), entity, path)
        if not subpath.strip("# "):
            return Target(kind, entity, entity, path)
        parts = outline.section(subpath)
        if parts is None:
            return Target("missing heading", entity, entity, path)
        return Target(kind, self.names.section(entity, parts), entity, path)

    def find(self, path: str, source: str) -> list[str]:
        """The files that a link path can mean, the one that it does mean first, and then those as good."""
        low = nfc(path).lower()
        tries = [low, f"{low}.md"] if "." in low.rpartition("/")[2] else [f"{low}.md"]
        return next(filter(None, (self._files(name, source) for name in tries)), [])

    def _files(self, low: str, source: str) -> list[str]:
        folder = posixpath.dirname(source)
        if low.startswith(("./", "../")):
            low = posixpath.normpath(posixpath.join(folder.lower(), low))
            return [self.exact[low]] if low in self.exact else []
        rooted, low = low.startswith("/"), low.lstrip("/")
        if low in self.exact:
            return [self.exact[low]]
        if rooted:
            return []
        ranked = sorted(self._ranked(low, folder))
        return [path for rank, path in ranked if rank == ranked[0][0]]

    def _ranked(self, low: str, folder: str) -> Iterator[tuple[tuple[bool, int], str]]:
        """Files whose path ends so: the source's own folder first, then the shortest path string."""
        suffix = f"/{low}"
        for candidate, path in self.by_name.get(low.rpartition("/")[2], ()):
            if candidate.endswith(suffix):
                yield (posixpath.dirname(path) != folder, len(path)), path
