"""Resolve links to files, headings and blocks as Obsidian does: a pure function of an index that is built once.

The order of the rules, and where each was observed, is in docs/obsidian.md; case and Unicode form never count.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple
from urllib.parse import unquote

from kg.core.text import nfc
from kg.notes.drawing import is_part
from kg.notes.model import Link, Note, NoteKind
from kg.notes.summary import Card, Heading, heading_key
from kg.rdf.iris import Names, encode_url

LinkClass = Literal[
    "resolved",
    "self",
    "attachment",
    "external",
    "missing",
    "missing heading",
    "missing block",
    "missing attachment",
    "ambiguous",
    "malformed",
    "no address",
    "template",
]
LINK_CLASSES: dict[LinkClass, str] = {
    "resolved": "a note, or the heading or block in it",
    "self": "the note that contains the link",
    "attachment": "a file that is not a note",
    "external": "a web page or another address",
    "missing": "a note that does not exist",
    "missing heading": "a heading that the note does not have",
    "missing block": "a block that the note does not have",
    "missing attachment": "a file that does not exist",
    "ambiguous": "one of several files that are equally near",
    "malformed": "a web address in a wikilink",
    "no address": "an invalid web address",
    "template": "a target that a template fills in",
}
"""The classes of links, by their targets; each link has exactly one class."""

_IMAGES = ("avif", "bmp", "gif", "jpeg", "jpg", "png", "svg", "webp")
_SOUNDS = ("flac", "m4a", "mp3", "ogg", "wav", "webm", "3gp")
_VIDEOS = ("mkv", "mov", "mp4", "ogv", "webm")
ATTACHMENTS = frozenset(("base", "canvas", "pdf", *_IMAGES, *_SOUNDS, *_VIDEOS))
"""The extensions that Obsidian knows besides `md` (help, Accepted file formats)."""

_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:\S")
_WEB = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]+://\S")
_PLACEHOLDER = re.compile(r"\{\{|<%")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,12})\Z")


class Target(NamedTuple):
    """The target of a link. `entity` is the target at note level, `exact` the section or block, if there is one."""

    kind: LinkClass
    exact: str
    entity: str
    path: str = ""
    """The file; for a missing file, the target as written."""
    rivals: tuple[str, ...] = ()
    """Other files that are equally near."""
    repeated: bool = False
    """Whether the named heading occurs again."""


class Outline(NamedTuple):
    """The possible targets of links inside a note."""

    entity: str
    headings: tuple[Heading, ...]
    blocks: Mapping[str, str]
    kind: NoteKind = "note"
    is_template: bool = False
    elements: frozenset[str] = frozenset()
    """The ids in a drawing's data, in lower case."""

    @classmethod
    def of(cls, card: Card, entity: str) -> "Outline":
        """The outline of a note."""
        return cls(entity, card.headings, dict(card.blocks), card.kind, card.is_template, frozenset(card.elements))

    def has_part(self, subpath: str) -> bool:
        """Whether a subpath is that of a part of a drawing: an element, or what the plugin selects by one."""
        is_element = subpath.startswith("^") and subpath[1:].strip().lower() in self.elements
        return self.kind == "drawing" and (is_element or is_part(subpath))


class Headings:
    """The headings of a note as links look them up: by key and by slug."""

    def __init__(self, headings: tuple[Heading, ...]) -> None:
        self._all = headings
        self._places: dict[str, list[int]] = defaultdict(list)
        for number, heading in enumerate(headings):
            self._places[heading.key].append(number)

    def section(self, subpath: str) -> tuple[Heading, bool] | None:
        """Return the heading that `A#B` leads to, and whether another heading matches, too.

        It is a B below an A; of several, the first counts.
        """
        keys = list(filter(None, map(heading_key, subpath.split("#"))))
        if not keys or not all(key in self._places for key in keys):
            return None
        matches = (number for number in self._places[keys[-1]] if self._is_below(number, keys[:-1]))
        first = next(matches, None)
        return None if first is None else (self._all[first], next(matches, None) is not None)

    def _is_below(self, number: int, above: Iterable[str]) -> bool:
        """Whether the headings above a heading include these, in this order."""
        missing = [*above]
        while missing and (number := self._parents[number]) >= 0:
            if self._all[number].key == missing[-1]:
                missing.pop()
        return not missing

    @cached_property
    def _parents(self) -> list[int]:
        """The number of the heading above each heading; -1 if there is none."""
        parents: list[int] = []
        for number, heading in enumerate(self._all):
            parent = number - 1
            while parent >= 0 and self._all[parent].level >= heading.level:
                parent = parents[parent]
            parents.append(parent)
        return parents

    @cached_property
    def slugs(self) -> Mapping[str, Heading]:
        """The headings by the fragments that GitHub and similar sites give them; of equals, the first."""
        return {heading.slug: heading for heading in reversed(self._all)}


@dataclass(frozen=True)
class Paths:
    """Files as links look them up: by path and by name, in lower case."""

    exact: Mapping[str, str]
    """The first file with a path in lower case."""
    by_name: Mapping[str, Sequence[tuple[str, str]]]
    """The files with a name, sorted; each path in lower case, and as it is."""

    @classmethod
    def of(cls, paths: Iterable[str]) -> "Paths":
        """The look-up of all files."""
        exact: dict[str, str] = {}
        by_name: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path in sorted(paths):
            low = path.lower()
            exact.setdefault(low, path)
            by_name[low.rpartition("/")[2]].append((low, path))
        return cls(exact, dict(by_name))

    @cached_property
    def all(self) -> tuple[str, ...]:
        """All files, sorted."""
        return tuple(sorted(path for rows in self.by_name.values() for _, path in rows))

    def find(self, path: str, source: str) -> list[str]:
        """Return the files that a link path can mean: the file that it does mean first, then its equals."""
        low = nfc(path).lower()
        tries = [low, f"{low}.md"] if "." in low.rpartition("/")[2] else [f"{low}.md"]
        return next(filter(None, (self._files(name, posixpath.dirname(source)) for name in tries)), [])

    def matches(self, path: str) -> list[str]:
        """Return all files that a link path in the vault's root can mean; an exact path means only that file."""
        low = nfc(path).lower().removeprefix("./").lstrip("/")
        tries = [name for name in (low, f"{low}.md") if name in self.exact]
        suffixed = (path for name in (low, f"{low}.md") for _, path in self._ranked(name, ""))
        return [self.exact[name] for name in tries[:1]] or sorted(suffixed)

    def _files(self, low: str, folder: str) -> list[str]:
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
        """Yield the files whose path ends with `low`; the source's own folder ranks first, then the shortest path."""
        suffix = f"/{low}"
        for candidate, path in self.by_name.get(low.rpartition("/")[2], ()):
            if candidate.endswith(suffix):
                yield (posixpath.dirname(path) != folder, len(path)), path


class Titled(NamedTuple):
    """An entity that has a title, and the words that may name its classes."""

    entity: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """All names, headings and blocks of a vault."""

    names: Names
    outlines: Mapping[str, Outline]
    """Notes by path."""
    paths: Paths
    ignored: Paths
    by_title: Mapping[str, tuple[Titled, ...]]
    """Entities by the letters and digits of their note's name and of its title."""
    by_alias: Mapping[str, tuple[str, ...]]
    """Notes by their aliases in lower case."""
    on_disk: Mapping[str, str]
    """Files by path, if the path has another Unicode form on the disk."""
    _matches: dict[tuple[str, str], list[str]] = field(default_factory=dict, repr=False, compare=False)
    _headings: dict[str, Headings] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        notes: Iterable[Note | Card],
        attachments: Iterable[str],
        names: Names,
        *,
        ignored: Iterable[str] = (),
        on_disk: Mapping[str, str] | None = None,
    ) -> "Index":
        """Return the index of a vault's notes and other files, whose order does not matter."""
        cards = sorted(
            (note if isinstance(note, Card) else Card.of(note) for note in notes), key=lambda card: card.path
        )
        entities = {card.path: names.entity(card.path, card.id) for card in cards}
        first: dict[str, str] = {}
        for path, entity in entities.items():
            first.setdefault(entity, path)
        outlines, titles, aliases = {}, defaultdict(list), defaultdict(list)
        for card in cards:
            entity = entities[card.path]
            entity = entity if first[entity] == card.path else names.entity(card.path)
            outlines[card.path] = Outline.of(card, entity)
            for title in card.title_keys:
                titles[title].append(Titled(entity, card.kinds))
            for alias in card.alias_keys:
                aliases[alias].append(card.path)
        return cls(
            names,
            outlines,
            Paths.of([*outlines, *attachments]),
            Paths.of(ignored),
            {key: tuple(rows) for key, rows in titles.items()},
            {key: tuple(rows) for key, rows in aliases.items()},
            on_disk or {},
        )

    def entity(self, path: str) -> str:
        """Return the entity of a note."""
        return self.outlines[path].entity

    def resolve(self, link: Link, source: str) -> Target:
        """Return the target of a link in the note at `source`."""
        if link.kind == "url" or (link.kind == "markdown" and _EXTERNAL.match(link.target)):
            return self._external(link.target, "external")
        if _PLACEHOLDER.search(link.target):
            iri = self.names.missing(link.target)
            return Target("template", iri, iri, link.target)
        if link.kind == "wikilink" and _WEB.match(link.target):
            return self._external(link.target, "malformed")
        path, subpath = link_path(link)
        if not path:
            return self._inside(source, subpath, source, link)
        files = self.find(path, source)
        if not files:
            return self._missing(path, subpath, source, link)
        target = self._at(files[0], subpath, source, link)
        if len(files) == 1:
            return target
        kind: LinkClass = "ambiguous" if target.kind in {"resolved", "attachment"} else target.kind
        return target._replace(kind=kind, rivals=tuple(files[1:]))

    def find(self, path: str, source: str) -> list[str]:
        """Return the files that a link path can mean: the file that it does mean first, then its equals."""
        key = (path, posixpath.dirname(source))
        files = self._matches.get(key)
        if files is None:
            files = self._matches[key] = self.paths.find(path, source)
        return files

    def _external(self, url: str, kind: LinkClass) -> Target:
        iri = encode_url(url)
        if iri is None:
            iri, kind = self.names.no_address(url), "no address"
        return Target(kind, iri, iri, url)

    def _at(self, path: str, subpath: str, source: str, link: Link) -> Target:
        """Return the target in an existing file: a note or part of it, or an attachment; its subpath is a parameter."""
        if path in self.outlines:
            return self._inside(path, subpath, source, link)
        iri = self.names.path(path)
        return Target("attachment", iri, iri, path)

    def _ignored(self, path: str) -> Target:
        """Return the target for a file that is not read: its headings and blocks are unknown."""
        is_note = path.lower().endswith(".md")
        iri = self.names.entity(path) if is_note else self.names.path(path)
        return Target("resolved" if is_note else "attachment", iri, iri, path)

    def _missing(self, path: str, subpath: str, source: str, link: Link) -> Target:
        ignored = self.ignored.find(path, source)
        if ignored:
            return self._ignored(ignored[0])
        if path.startswith(("./", "../")):
            path = posixpath.join(posixpath.dirname(source), path)
        if "/" in path:
            path = posixpath.normpath(f"/{path}")
        path = path.strip("/") or path
        iri = self.names.missing(path)
        label = path[:-3] if path.lower().endswith(".md") else path
        kind: LinkClass = "missing attachment" if names_attachment(path, link) else "missing"
        return Target(kind, self._as_written(iri, subpath) if kind == "missing" else iri, iri, label)

    def _as_written(self, entity: str, subpath: str) -> str:
        """Return the section or block that a missing note would have."""
        if subpath.startswith("^"):
            return self.names.block(entity, subpath[1:])
        parts = tuple(filter(None, (part.strip() for part in subpath.split("#"))))
        return self.names.section(entity, parts) if parts else entity

    def _inside(self, path: str, subpath: str, source: str, link: Link) -> Target:
        """Return the target in a note: the section or block, or the note if it lacks that part."""
        outline = self.outlines[path]
        kind: LinkClass = "self" if path == source else "resolved"
        entity = outline.entity
        last = subpath.rpartition("#")[2].strip()
        if last.startswith("^"):
            block = outline.blocks.get(last[1:].strip().lower())
            if block is not None:
                return Target(kind, self.names.block(entity, block), entity, path)
            return Target(kind if outline.has_part(last) else "missing block", entity, entity, path)
        if not subpath.strip("# "):
            return Target(kind, entity, entity, path)
        headings = self._headings.get(path)
        if headings is None:
            headings = self._headings[path] = Headings(outline.headings)
        match = headings.section(subpath)
        if match is None and link.kind == "markdown":
            slugged = headings.slugs.get(subpath.strip().lower())
            match = (slugged, False) if slugged else None
        if match is None:
            return Target(kind if outline.has_part(last) else "missing heading", entity, entity, path)
        heading, repeated = match
        return Target(kind, self.names.section(entity, heading.parts), entity, path, repeated=repeated)

    def titled(self, key: str) -> tuple[str, ...]:
        """Return the entities of the notes whose name or title has these letters and digits."""
        return tuple([titled.entity for titled in self.by_title.get(key, ())])

    def titled_kinds(self, key: str) -> dict[str, tuple[str, ...]]:
        """Return the entities as `titled` does, each with the words that may name its classes."""
        return dict(self.by_title.get(key, ()))

    def is_note(self, path: str) -> bool:
        """Whether a file is a note that was read."""
        return path in self.outlines

    def link_text(self, path: str, source: str) -> str:
        """Return the shortest path by which a wikilink in `source` leads to this file and no other."""
        whole = path[:-3] if path.lower().endswith(".md") else path
        parts = whole.split("/")
        for count in range(1, len(parts) + 1):
            text = "/".join(parts[-count:])
            if self.find(text, source) == [path]:
                return text
        return f"/{whole}"

    @cached_property
    def note_names(self) -> Mapping[str, str]:
        """Notes by the name that a link would use, in lower case; of equals, the first by path."""
        names: dict[str, str] = {}
        for path in self.outlines:
            name = path.rpartition("/")[2]
            names.setdefault((name[:-3] if name.lower().endswith(".md") else name).lower(), path)
        return names

    def with_names_of(self, other: "Index") -> "Index":
        """This index, with the names that another index of the same files has worked out."""
        self.__dict__["note_names"] = other.note_names
        return self


class RecordingIndex:
    """An index that records the questions to it: a note's statements depend on other notes only by the answers."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.names = index.names
        self.questions: set[str] = set()

    def entity(self, path: str) -> str:
        """As `Index.entity`."""
        return self.index.entity(path)

    def is_note(self, path: str) -> bool:
        """As `Index.is_note`, for the target of a link."""
        return self.index.is_note(path)

    def resolve(self, link: Link, source: str) -> Target:
        """As `Index.resolve`."""
        self.questions.update(question_of(link))
        return self.index.resolve(link, source)

    def titled(self, key: str) -> tuple[str, ...]:
        """As `Index.titled`."""
        self.questions.add(f"={key}")
        return self.index.titled(key)

    def titled_kinds(self, key: str) -> dict[str, tuple[str, ...]]:
        """As `Index.titled_kinds`."""
        self.questions.add(f"={key}")
        return self.index.titled_kinds(key)


class Differences(NamedTuple):
    """The differences of two indexes: notes, and the `RecordingIndex` questions whose answers may differ."""

    notes: frozenset[str]
    questions: frozenset[str]


def question_of(link: Link) -> Iterator[str]:
    """The question for the file that a link means, unless it is a web address."""
    if link.kind != "url":
        path = nfc(link_path(link)[0]).lower()
        yield f"/{(posixpath.normpath(path) if '/.' in path else path).rpartition('/')[2]}"


class PossibleDifferences(NamedTuple):
    """The notes and the keys of titles that may differ in two indexes, and the other files that do."""

    notes: Collection[str]
    titles: Collection[str]
    files: Collection[str]

    @classmethod
    def of(cls, before: Index, after: Index) -> "PossibleDifferences":
        """All of two indexes."""
        files = (set(before.paths.all) ^ set(after.paths.all)) | (set(before.ignored.all) ^ set(after.ignored.all))
        return cls(before.outlines.keys() | after.outlines, before.by_title.keys() | after.by_title.keys(), files)


def differences(before: Index, after: Index, among: PossibleDifferences | None = None) -> Differences:
    """Compare two indexes. A link's target depends on the files with the name at its end, and on their text."""
    among = among or PossibleDifferences.of(before, after)
    notes = {path for path in among.notes if before.outlines.get(path) != after.outlines.get(path)}
    names = {file_name(path) for path in notes.union(among.files)}
    questions = {f"={title}" for title in among.titles if before.titled_kinds(title) != after.titled_kinds(title)}
    questions |= {f"/{name}" for name in names} | {f"/{name.removesuffix('.md')}" for name in names}
    return Differences(frozenset(notes), frozenset(questions))


def file_name(path: str) -> str:
    """The name of a file as links look it up."""
    return path.lower().rpartition("/")[2]


def link_path(link: Link) -> tuple[str, str]:
    """Return a link's path and subpath, decoded; a canvas node's path starts at the vault's root."""
    if link.kind == "markdown":
        return nfc(unquote(link.path)), unquote(link.subpath)
    if link.kind == "node":
        return f"/{link.path}", link.subpath
    return link.path, link.subpath


def names_attachment(path: str, link: Link) -> bool:
    """Whether a path names a file that is not a note: by Obsidian's extensions, or in Markdown by any extension."""
    extension = _EXTENSION.search(path)
    if not extension or extension[1].lower() == "md":
        return False
    return extension[1].lower() in ATTACHMENTS or (link.kind == "markdown" and not extension[1].isdigit())


def leads_out(path: str, source: str) -> bool:
    """Whether a relative path leaves the vault."""
    return path.startswith("..") and posixpath.normpath(posixpath.join(posixpath.dirname(source), path)).startswith(
        ".."
    )
