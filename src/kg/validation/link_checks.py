"""Check a vault's links and names: classify every link, and report a finding where a reader would stumble.

The codes are L01 to L25 of `findings.CODES`. Each note is checked by itself, against the index; `whole_vault_checks`
combines the results.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

from kg.core.findings import Finding
from kg.core.text import Span, nfc
from kg.mapping.link_resolution import (
    Index,
    LinkClass,
    Target,
    file_name,
    leads_out,
    link_path,
    question_of,
)
from kg.notes.instructions import KEY, Instruction, instructions
from kg.notes.model import Link, Note, Value, ValueKind
from kg.notes.obsidian_settings import Settings
from kg.rdf.iris import encode_url, is_absolute, is_web

ALIAS, NEAR_NOTE, NEAR_FILE = "@", "~", "%"
"""The first characters of questions for an alias, and for the notes and other files with a similar name."""

_KNOWN = 50_000
"""The most missing names that are remembered."""
_PLACEHOLDER = re.compile(r"\{\{|<%")
_EXISTING = {"resolved", "attachment", "ambiguous", "missing heading", "missing block"}
_OWN_RULES = {"tags", "aliases", "cssclasses", "tag", "alias", "cssclass", KEY}

_TYPES: Mapping[ValueKind, str] = {
    "text": "text",
    "integer": "number",
    "decimal": "number",
    "double": "number",
    "boolean": "checkbox",
    "date": "date",
    "dateTime": "date",
    "list": "list",
    "map": "map",
}


class Typed(NamedTuple):
    """A property's type and its place."""

    key: str
    type: str
    span: Finding


class Checked(NamedTuple):
    """The checks of one note, with its data for the checks of the whole vault."""

    path: str
    findings: tuple[Finding, ...]
    classes: Mapping[LinkClass, int]
    leads: frozenset[str]
    """The other notes that it links to."""
    embeds: Mapping[str, Finding]
    """The notes that it embeds whole, with the place of the first embed of each."""
    wants: tuple[tuple[str, str, Finding], ...]
    """The missing notes that it links to outside comments: IRI, name and place."""
    types: tuple[Typed, ...]
    questions: frozenset[str]
    """The questions to the index on which the checks depend: names, aliases and similar names."""
    instructions: tuple[Instruction, ...] = ()


@dataclass
class SimilarNames:
    """The notes of similar names by missing name, because links to a missing note repeat.

    It serves all indexes of notes with the same names.
    """

    _notes: Mapping[str, str] | None = None
    _known: dict[str, list[str]] = field(default_factory=dict)

    def of(self, name: str, index: Index) -> list[str]:
        """The notes whose names are a few edits away."""
        if name not in self._known:
            self._notes = index.note_names if self._notes is None else self._notes
            if len(self._known) >= _KNOWN:  # a process that keeps running meets ever new names
                self._known.clear()
            self._known[name] = _near(name, self._notes)
        return self._known[name]


@dataclass(frozen=True)
class Checker:
    """Checks the links of notes against the index and the settings."""

    index: Index
    settings: Settings
    similar: SimilarNames = field(default_factory=SimilarNames, repr=False, compare=False)
    _templates: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)
    """Whether each note so far is a template."""
    _asked: set[str] = field(default_factory=set, repr=False, compare=False)
    """The questions of the note that is being checked."""

    def check(self, note: Note) -> Checked:
        """Classify and check a note's links. A pure function of the note, the index and the settings."""
        path, index = note.path, self.index
        findings: list[Finding] = []
        classes: Counter[LinkClass] = Counter()
        leads: set[str] = set()
        embeds: dict[str, Finding] = {}
        wants: list[tuple[str, str, Finding]] = []
        commented = note.commented
        self._asked.clear()
        for link in note.links():
            self._asked.update(question_of(link))
            target = index.resolve(link, path)
            classes[target.kind] += 1
            if target.path in index.outlines and target.path != path:
                leads.add(target.path)
            if link in commented:
                findings += [] if target.kind == "external" else [_in_comment(note, link)]
                continue
            if not self._is_as_named(link, target):
                findings += [_finding(note, link.span, *row) for row in self._wrong(link, target, note)]
            if target.path in index.outlines and link.embed and not link.subpath:
                embeds.setdefault(target.path, _finding(note, link.span, "L24", ""))
            elif target.kind == "missing":
                wants.append((target.entity, target.path, _finding(note, link.span, "L23", "")))
        findings += [_finding(note, span, "L25", message) for span, message in _no_addresses(note)]
        findings += [_in_comment(note, link) for link in note.hidden]
        types = () if self._is_template(path) else tuple(_types(note))
        rest = (
            dict(classes),
            frozenset(leads),
            embeds,
            tuple(wants),
            types,
            frozenset(self._asked),
            instructions(note),
        )
        return Checked(path, tuple(findings), *rest)

    def _is_template(self, path: str) -> bool:
        """Whether a note is a template: one in Obsidian's template folder, or with a template's properties and path.

        Properties alone do not make a template: a note may contain a leftover placeholder.
        """
        if path not in self._templates:
            low, folder, outlines = path.lower(), self.settings.templates.lower(), self.index.outlines
            if folder and low.startswith(folder):
                self._templates[path] = path in outlines
            else:
                self._templates[path] = "template" in low and path in outlines and outlines[path].is_template
        return self._templates[path]

    def _is_as_named(self, link: Link, target: Target) -> bool:
        """Whether a link names a note by its own name, as nearly all links do."""
        path = target.path
        if target.kind != "resolved" or target.rivals or target.repeated or path in self.index.on_disk:
            return False
        is_named = f"/{path.removesuffix('.md')}".endswith(f"/{link.path}")
        return is_named and path in self.index.outlines and not self._is_template(path)

    def _wrong(self, link: Link, target: Target, note: Note) -> Iterator[tuple[str, str, str]]:
        """The problems of a link: code, message and hint."""
        match target.kind:
            case "missing":
                yield self._missing(link, target, note.path)
            case "missing attachment":
                yield self._missing_attachment(link, target, note.path)
            case "missing heading":
                yield self._missing_heading(link, target, note.path)
            case "missing block":
                yield self._missing_block(link, target, note.path)
            case "malformed":
                yield "L07", f"{_shown(link)} is a web address, not a note", f"write {_as_markdown(link)}"
            case "no address":
                yield "L25", f"“{link.target.strip()}” is not a valid web address", ""
            case "self":
                yield "L20", f"{_shown(link)} leads to the note that contains it", ""
        if target.rivals:
            yield self._ambiguous(link, target, note.path)
        if target.repeated:
            heading = link.subpath.rpartition("#")[2].strip()
            yield "L10", f"“{heading}” is a heading twice in {target.path}; the link means the first", ""
        if target.kind in _EXISTING:
            yield from self._misleading(link, target, note)

    # ---- missing targets --------------------------------------------------------------------------------------

    def _missing(self, link: Link, target: Target, source: str) -> tuple[str, str, str]:
        path, subpath = link_path(link)
        before, caret, block = path.partition("^")
        if caret and not subpath and before.strip():
            self._asked.add(f"/{file_name(nfc(before.strip()))}")
        if caret and not subpath and before.strip() and self.index.find(before.strip(), source):
            note = self.index.find(before.strip(), source)[0]
            fixed = f"[[{self._text(note, source)}#^{block.strip()}]]"
            return "L17", f"{_shown(link)} names a block without “#”", f"write {fixed}"
        alias = nfc(path).lower().strip()
        self._asked.add(ALIAS + alias)
        aliased = self.index.by_alias.get(alias, ())
        if aliased:
            text = self._text(aliased[0], source)
            return "L09", f"“{path}” is only an alias of {aliased[0]}", f"write [[{text}|{path}]]"
        if leads_out(path, source):
            return "L01", f"{_shown(link)} leads out of the vault", ""
        name = _name(path)
        self._asked.add(NEAR_NOTE + name)
        candidates = self.similar.of(name, self.index)
        return "L01", f"there is no note “{target.path}”", self._proposed(candidates, link, source)

    def _missing_attachment(self, link: Link, target: Target, source: str) -> tuple[str, str, str]:
        if leads_out(link_path(link)[0], source):
            return "L04", f"{_shown(link)} leads out of the vault", ""
        name = _name(link_path(link)[0])
        self._asked.add(NEAR_FILE + name)
        candidates = _near(name, self._file_names)
        return "L04", f"there is no file “{target.path}”", self._proposed(candidates, link, source)

    def _missing_heading(self, link: Link, target: Target, source: str) -> tuple[str, str, str]:
        headings = self.index.outlines[target.path].headings
        where = "this note" if target.path == source else target.path
        wanted = link_path(link)[1].rpartition("#")[2].strip()
        if not headings:
            return "L02", f"{where} has no heading “{wanted}”: it has no headings", ""
        names = {heading.key: heading.parts[-1] for heading in reversed(headings)}
        candidates = [f"[[{link_path(link)[0]}#{names[key]}]]" for key in closest(wanted.casefold(), tuple(names))]
        return "L02", f"{where} has no heading “{wanted}”", _did_you_mean(candidates)

    def _missing_block(self, link: Link, target: Target, source: str) -> tuple[str, str, str]:
        blocks = self.index.outlines[target.path].blocks
        where = "this note" if target.path == source else target.path
        wanted = link_path(link)[1].rpartition("^")[2].strip()
        candidates = [f"[[{link_path(link)[0]}#^{blocks[key]}]]" for key in closest(wanted.lower(), tuple(blocks))]
        return "L03", f"{where} has no block “^{wanted}”", _did_you_mean(candidates)

    def _text(self, path: str, source: str) -> str:
        self._asked.add(f"/{file_name(path).removesuffix('.md')}")
        return self.index.link_text(path, source)

    def _proposed(self, paths: Iterable[str], link: Link, source: str) -> str:
        """A hint that names the files as the link would."""
        if link.kind == "wikilink":
            return _did_you_mean([f"[[{self._text(path, source)}]]" for path in paths])
        return _did_you_mean(list(paths))

    @cached_property
    def _file_names(self) -> Mapping[str, str]:
        """The files that are not notes, by lower-case name; for equal names, the first path."""
        files = (path for path in self.index.paths.all if path not in self.index.outlines)
        return {path.rpartition("/")[2].lower(): path for path in sorted(files, reverse=True)}

    # ---- existing targets under misleading names -----------------------------------------------------------------

    def _ambiguous(self, link: Link, target: Target, source: str) -> tuple[str, str, str]:
        files = (target.path, *target.rivals)
        texts = " or ".join(f"[[{self._text(path, source)}]]" for path in files)
        return "L08", f"{_shown(link)} could be {' or '.join(files)}; kg takes {target.path}", f"write {texts}"

    def _misleading(self, link: Link, target: Target, note: Note) -> Iterator[tuple[str, str, str]]:
        if target.path.lower() not in self.index.paths.exact:
            yield "L18", f"{target.path} is ignored: its text is not read", ""
        elif self._is_template(target.path) and not self._is_template(note.path):
            yield "L18", f"{target.path} is a template", ""
        actual = self._otherwise(link, target)
        if actual:
            yield "L11", f"the file's name is “{actual}”", ""

    def _otherwise(self, link: Link, target: Target) -> str:
        """The end of the file's path on disk, if the link writes it differently; else empty."""
        on_disk = self.index.on_disk.get(target.path, target.path)
        path = unquote(link.path) if link.kind == "markdown" else link.path
        parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
        if not parts:
            return ""
        actual = on_disk.split("/")[-len(parts) :]
        if not parts[-1].lower().endswith(".md") or nfc(actual[-1]).lower() != nfc(parts[-1]).lower():
            actual[-1] = re.sub(r"\.md\Z", "", actual[-1], flags=re.I)
        return "" if actual == parts else "/".join(actual)


def _name(path: str) -> str:
    """The last part of a link path, in lower case and without `.md`."""
    return path.rstrip("/").rpartition("/")[2].lower().removesuffix(".md")


def closest(wanted: str, names: Iterable[str]) -> list[str]:
    """The names within a few edits of `wanted`, nearest first. Short names allow fewer edits; numbers never match."""
    if not any(ch.isalpha() for ch in wanted):
        return []
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    cutoff = min(len(wanted) // 4, 3)
    matches = process.extract(wanted, tuple(names), scorer=OSA.distance, score_cutoff=cutoff, limit=3)
    return [name for name, _, _ in sorted(matches, key=lambda row: (row[1], row[0]))]


def _near(name: str, names: Mapping[str, str]) -> list[str]:
    """The files whose names are a few edits away."""
    return [names[key] for key in closest(name, names)]


def _did_you_mean(near: Sequence[str]) -> str:
    return f"did you mean {' or '.join(near)}?" if near else ""


def _shown(link: Link) -> str:
    """A link as the note writes it."""
    if link.kind == "wikilink":
        return f"{'!' if link.embed else ''}[[{link.target}]]"
    return f"“{link.target}”"


def _as_markdown(link: Link) -> str:
    url = link.target.strip()
    return f"[{link.display}]({url})" if link.display else f"<{url}>"


def _finding(note: Note, span: Span, code: str, message: str, hint: str = "") -> Finding:
    start, end = note.source.position(span.start), note.source.position(span.end)
    return Finding(note.path, *start, *end, code, message, hint)


def _in_comment(note: Note, link: Link) -> Finding:
    return _finding(note, link.span, "L21", f"{_shown(link)} is in a comment")


# ---- properties ------------------------------------------------------------------------------------------------------


def _no_addresses(note: Note) -> Iterator[tuple[Span, str]]:
    """The properties that look like web addresses but are invalid, and an `id` that is an invalid IRI."""
    id_ = note.value_of("id")
    for value in note.values():
        text = value.text.strip()
        if value.kind != "text" or _PLACEHOLDER.search(text) or encode_url(text) is not None:
            continue
        if value is id_ and is_absolute(text):
            yield value.span, f"the id “{text}” is not a valid IRI"
        elif is_web(text):
            yield value.span, f"“{text}” is not a valid web address"


def _types(note: Note) -> Iterator[Typed]:
    """The types of the properties, except those whose values a template fills in."""
    for prop in note.properties:
        type_ = _TYPES.get(prop.value.kind)
        key = prop.key.lower()
        if type_ and key not in _OWN_RULES and not _is_empty(prop.value) and not _PLACEHOLDER.search(prop.value.raw):
            yield Typed(key, type_, _finding(note, prop.value.span, "L15", prop.key))


def _is_empty(value: Value) -> bool:
    return value.kind == "text" and not value.raw.strip()
