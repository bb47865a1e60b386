"""Which file, heading or block a link means, as Obsidian resolves it. A pure function of an index built once.

The order of the rules, and where each was seen, is in docs/obsidian.md; case and Unicode form never count.
"""

import posixpath
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple
from urllib.parse import unquote

from kg.note import Link, Note, NoteKind, Section, Value
from kg.terms import Names, encode_url, letters_and_digits, nfc

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
    "self": "the note that it stands in",
    "attachment": "a file that is no note",
    "external": "a web page or another address",
    "missing": "a note that does not exist",
    "missing heading": "a heading that the note does not have",
    "missing block": "a block that the note does not have",
    "missing attachment": "a file that does not exist",
    "ambiguous": "one of several files that are equally near",
    "malformed": "a web address, written as a wikilink",
    "no address": "what is written as a web address and is none",
    "template": "what a template will fill in",
}
"""Every link is in one of these, told by what it leads to."""

_IMAGES = ("avif", "bmp", "gif", "jpeg", "jpg", "png", "svg", "webp")
_SOUNDS = ("flac", "m4a", "mp3", "ogg", "wav", "webm", "3gp")
_VIDEOS = ("mkv", "mov", "mp4", "ogv", "webm")
ATTACHMENTS = frozenset(("base", "canvas", "pdf", *_IMAGES, *_SOUNDS, *_VIDEOS))
"""The extensions that Obsidian knows besides `md` (help, Accepted file formats)."""

_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:\S")
_WEB = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]+://\S")
_PLACEHOLDER = re.compile(r"\{\{|<%")
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,12})\Z")
_IGNORED_IN_HEADING = re.compile(r"[!\"#$%&()*+,.:;<=>?@^`{|}~/\[\]\\\s]+")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]+")


class Target(NamedTuple):
    """What a link means. `entity` is the note-level end, `exact` the section or block, where there is one."""

    kind: LinkClass
    exact: str
    entity: str
    path: str = ""
    """The file, or for what is missing the target as written."""
    rivals: tuple[str, ...] = ()
    """Other files that are as near."""
    repeated: bool = False
    """Whether the heading that it names stands there again."""


class Heading(NamedTuple):
    """A heading to be found by a link: its normalised text, and the heading path that names its section."""

    key: str
    level: int
    parts: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The fragment that GitHub and its kin give the heading."""
        return _slug(self.parts[-1])


class Card(NamedTuple):
    """What the index keeps of a note."""

    path: str
    name: str
    id: str | None
    id_place: tuple[int, int] | None
    """Line and column of the `id`."""
    title: str
    aliases: tuple[str, ...]
    headings: tuple[Heading, ...]
    blocks: tuple[tuple[str, str], ...]
    """Each block's id in lower case, and as it is written."""
    kind: NoteKind
    is_template: bool

    @classmethod
    def of(cls, note: Note) -> "Card":
        """The card of a note."""
        sections = list(note.root.walk())
        headings = tuple([Heading(heading_key(s.heading), s.level, s.parts) for s in sections[1:]])
        aliases = tuple(
            [alias for prop in note.properties if prop.key in {"aliases", "alias"} for alias in _texts(prop.value)]
        )
        blocks = tuple(_blocks(sections).items())
        id_value = note.value_of("id") if note.id else None
        id_place = note.source.position(id_value.span.start) if id_value else None
        return cls(
            note.path, note.name, note.id, id_place, note.title, aliases, headings, blocks, note.kind, note.is_template
        )


def _blocks(sections: Iterable[Section]) -> dict[str, str]:
    blocks: dict[str, str] = {}
    for section in sections:
        for top in section.blocks:
            for block in top.walk() if top.children else (top,):
                if block.id:
                    blocks.setdefault(block.id.lower(), block.id)
    return blocks


def _texts(value: Value) -> Iterator[str]:
    for one in value.children if value.kind == "list" else (value,):
        if one.raw and one.kind not in {"list", "map", "null"}:
            yield one.raw


class Outline(NamedTuple):
    """What the links to a note can lead to inside it."""

    entity: str
    headings: tuple[Heading, ...]
    blocks: Mapping[str, str]
    kind: NoteKind = "note"
    is_template: bool = False


class _Headings:
    """The headings of a note as links look for them: by key, and by slug."""

    def __init__(self, headings: tuple[Heading, ...]) -> None:
        self._all = headings
        self._places: dict[str, list[int]] = defaultdict(list)
        for number, heading in enumerate(headings):
            self._places[heading.key].append(number)

    def section(self, subpath: str) -> tuple[Heading, bool] | None:
        """The heading that `A#B` leads to, and whether another would answer too.

        Each next heading is looked for below the one before it; of equals the first is meant.
        """
        found: tuple[Heading, bool] | None = None
        start, end = 0, len(self._all)
        for key in filter(None, map(heading_key, subpath.split("#"))):
            if found:
                level = found[0].level
                end = next((n for n in range(start, end) if self._all[n].level <= level), end)
            places = self._places.get(key, ())
            first = bisect_left(places, start)
            if first == len(places) or places[first] >= end:
                return None
            more = first + 1 < len(places) and places[first + 1] < end
            found = self._all[places[first]], more
            start = places[first] + 1
        return found

    @cached_property
    def slugs(self) -> Mapping[str, Heading]:
        """The headings by the fragments that GitHub and its kin give them; of equals the first."""
        return {heading.slug: heading for heading in reversed(self._all)}


def heading_key(text: str) -> str:
    """What is compared of a heading: special characters are spaces, spaces collapse, case does not count."""
    return " ".join(_IGNORED_IN_HEADING.sub(" ", nfc(text)).split()).casefold()


def _slug(text: str) -> str:
    return _NOT_IN_SLUG.sub("", nfc(text).strip().lower()).replace(" ", "-")


class Paths:
    """Files as links find them: by path and by name, in lower case."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.all = tuple(sorted(paths))
        self.exact: dict[str, str] = {}
        self._by_name: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path in self.all:
            low = path.lower()
            self.exact.setdefault(low, path)
            self._by_name[low.rpartition("/")[2]].append((low, path))

    def find(self, path: str, source: str) -> list[str]:
        """The files that a link path can mean, the one that it does mean first, and then those as good."""
        low = nfc(path).lower()
        tries = [low, f"{low}.md"] if "." in low.rpartition("/")[2] else [f"{low}.md"]
        return next(filter(None, (self._files(name, posixpath.dirname(source)) for name in tries)), [])

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
        """Files whose path ends so: the source's own folder first, then the shortest path string."""
        suffix = f"/{low}"
        for candidate, path in self._by_name.get(low.rpartition("/")[2], ()):
            if candidate.endswith(suffix):
                yield (posixpath.dirname(path) != folder, len(path)), path


@dataclass(frozen=True)
class Index:
    """All names, headings and blocks of a vault."""

    names: Names
    outlines: Mapping[str, Outline]
    """Notes by path."""
    paths: Paths
    ignored: Paths
    by_title: Mapping[str, tuple[str, ...]]
    """Entities by the letters and digits of their note's name, and of its title."""
    by_alias: Mapping[str, tuple[str, ...]]
    """Notes by their aliases in lower case."""
    on_disk: Mapping[str, str]
    """Files by path, where the disk has the path in another Unicode form."""
    _found: dict[tuple[str, str], list[str]] = field(default_factory=dict, repr=False, compare=False)
    _headings: dict[str, _Headings] = field(default_factory=dict, repr=False, compare=False)

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
        """The index of a vault's notes and other files. Order does not matter."""
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
            outlines[card.path] = Outline(entity, card.headings, dict(card.blocks), card.kind, card.is_template)
            for title in dict.fromkeys((card.name, card.title)) if card.kind != "canvas" else ():
                titles[letters_and_digits(title)].append(entity)
            for alias in dict.fromkeys(nfc(alias).lower().strip() for alias in card.aliases):
                aliases[alias].append(card.path)
        return cls(
            names,
            outlines,
            Paths([*outlines, *attachments]),
            Paths(ignored),
            {key: tuple(rows) for key, rows in titles.items() if key},
            {key: tuple(rows) for key, rows in aliases.items() if key},
            on_disk or {},
        )

    def entity(self, path: str) -> str:
        """The entity of a note."""
        return self.outlines[path].entity

    def resolve(self, link: Link, source: str) -> Target:
        """What a link in the note at `source` means."""
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
        """The files that a link path can mean, the one that it does mean first, and then those as good."""
        key = (path, posixpath.dirname(source))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self.paths.find(path, source)
        return found

    def _external(self, url: str, kind: LinkClass) -> Target:
        iri = encode_url(url)
        if iri is None:
            iri, kind = self.names.no_address(url), "no address"
        return Target(kind, iri, iri, url)

    def _at(self, path: str, subpath: str, source: str, link: Link) -> Target:
        """A file that exists: a note with what is inside it, or an attachment, whose subpath is only a parameter."""
        if path in self.outlines:
            return self._inside(path, subpath, source, link)
        iri = self.names.path(path)
        return Target("attachment", iri, iri, path)

    def _ignored(self, path: str) -> Target:
        """A file that is not read: what is inside it is not known."""
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
        """The section or block that a missing note would have."""
        if subpath.startswith("^"):
            return self.names.block(entity, subpath[1:])
        parts = tuple(filter(None, (part.strip() for part in subpath.split("#"))))
        return self.names.section(entity, parts) if parts else entity

    def _inside(self, path: str, subpath: str, source: str, link: Link) -> Target:
        """A note, or the section or block in it; the note where it lacks that."""
        outline = self.outlines[path]
        kind: LinkClass = "self" if path == source else "resolved"
        entity = outline.entity
        last = subpath.rpartition("#")[2].strip()
        if last.startswith("^"):
            block = outline.blocks.get(last[1:].strip().lower())
            if block is None:
                return Target("missing block", entity, entity, path)
            return Target(kind, self.names.block(entity, block), entity, path)
        if not subpath.strip("# "):
            return Target(kind, entity, entity, path)
        headings = self._headings.get(path)
        if headings is None:
            headings = self._headings[path] = _Headings(outline.headings)
        found = headings.section(subpath)
        if found is None and link.kind == "markdown":
            slugged = headings.slugs.get(subpath.strip().lower())
            found = (slugged, False) if slugged else None
        if found is None:
            return Target("missing heading", entity, entity, path)
        heading, repeated = found
        return Target(kind, self.names.section(entity, heading.parts), entity, path, repeated=repeated)

    def titled(self, key: str) -> tuple[str, ...]:
        """The entities of the notes that are called so, by the letters and digits of it."""
        return self.by_title.get(key, ())

    def is_note(self, path: str) -> bool:
        """Whether a file is a note that was read."""
        return path in self.outlines

    def link_text(self, path: str, source: str) -> str:
        """The shortest path that a wikilink in `source` can write for a file, so that nothing else answers it."""
        whole = path[:-3] if path.lower().endswith(".md") else path
        parts = whole.split("/")
        for count in range(1, len(parts) + 1):
            text = "/".join(parts[-count:])
            if self.find(text, source) == [path]:
                return text
        return f"/{whole}"

    @cached_property
    def note_names(self) -> Mapping[str, str]:
        """Notes by the name that a link would write for them, in lower case; of equals the first by path."""
        names: dict[str, str] = {}
        for path in self.outlines:
            name = path.rpartition("/")[2]
            names.setdefault((name[:-3] if name.lower().endswith(".md") else name).lower(), path)
        return names


class Asked:
    """An index that remembers what it was asked: of the other notes, what one states depends on the answers alone."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.names = index.names
        self.questions: set[str] = set()

    def entity(self, path: str) -> str:
        """As `Index.entity`."""
        return self.index.entity(path)

    def is_note(self, path: str) -> bool:
        """As `Index.is_note`, of what a link led to."""
        return self.index.is_note(path)

    def resolve(self, link: Link, source: str) -> Target:
        """As `Index.resolve`."""
        if link.kind != "url":
            path = nfc(link_path(link)[0]).lower()
            self.questions.add(f"/{(posixpath.normpath(path) if '/.' in path else path).rpartition('/')[2]}")
        return self.index.resolve(link, source)

    def titled(self, key: str) -> tuple[str, ...]:
        """As `Index.titled`."""
        self.questions.add(f"={key}")
        return self.index.titled(key)


class Differences(NamedTuple):
    """What two indexes say differently: notes, and the questions of `Asked` that may have another answer."""

    notes: frozenset[str]
    questions: frozenset[str]


def differences(before: Index, after: Index) -> Differences:
    """Compare two indexes. What a link means follows from the files of the name that it ends with, and their text."""
    old, new = before.outlines, after.outlines
    notes = {path for path in old.keys() | new if old.get(path) != new.get(path)}
    paths = notes | (set(before.paths.all) ^ set(after.paths.all)) | (set(before.ignored.all) ^ set(after.ignored.all))
    names = {path.lower().rpartition("/")[2] for path in paths}
    titles = before.by_title.keys() | after.by_title.keys()
    questions = {f"={title}" for title in titles if before.titled(title) != after.titled(title)}
    questions |= {f"/{name}" for name in names} | {f"/{name.removesuffix('.md')}" for name in names}
    return Differences(frozenset(notes), frozenset(questions))


def link_path(link: Link) -> tuple[str, str]:
    """Path and subpath of a link, decoded; that of a canvas's node is a path from the vault's root."""
    if link.kind == "markdown":
        return nfc(unquote(link.path)), unquote(link.subpath)
    if link.kind == "node":
        return f"/{link.path}", link.subpath
    return link.path, link.subpath


def names_attachment(path: str, link: Link) -> bool:
    """Whether a path names a file that is no note: by a format of Obsidian's, or in Markdown by any extension."""
    found = _EXTENSION.search(path)
    if not found or found[1].lower() == "md":
        return False
    return found[1].lower() in ATTACHMENTS or (link.kind == "markdown" and not found[1].isdigit())


def leads_out(path: str, source: str) -> bool:
    """Whether a relative path leaves the vault."""
    return path.startswith("..") and posixpath.normpath(posixpath.join(posixpath.dirname(source), path)).startswith(
        ".."
    )
