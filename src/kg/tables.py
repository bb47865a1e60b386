"""Answers for people: names in place of IRIs, links that open what is named, tables that fit where they are shown."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pyoxigraph as ox

from kg.findings import printable
from kg.terms import KG, RDF, RDFS, SKOS, prefixed

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from kg.naming import Asked
    from kg.sparql import Term

Row = Sequence["Term | None"]

_LABELS = (ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(RDFS + "label"))
_PATH, _DESCRIBES = ox.NamedNode(KG + "path"), ox.NamedNode(KG + "describes")
_TYPE, _PLACES = ox.NamedNode(RDF + "type"), {ox.NamedNode(KG + "Section"), ox.NamedNode(KG + "Block")}
_DEFAULT = ox.DefaultGraph()
_GAP = 3
_WIDE = 10_000
_LEAST = 10
"""A column narrower than this, and than what stands in it, is no pleasure to read."""
_CHUNK = 1_000
"""So many rows are laid out at a time, so that the first are shown at once and memory has a bound."""
_LINKING = {"iTerm.app", "vscode", "WezTerm", "ghostty", "Hyper", "Tabby", "rio"}
_LINKING_TERMS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm", "contour", "rio")
_NEW_VTE = 5_000


@dataclass(frozen=True)
class Called:
    """What terms are called, and where a link to each leads."""

    prefixes: Mapping[str, str]
    store: "Asked | None" = None
    vault: Path | None = None
    """The folder of the notes, for links that open them."""
    iris: bool = False
    """Whether IRIs stay as they are."""
    names: Mapping[ox.NamedNode, str] = field(default_factory=dict)
    """What an answer itself calls things."""
    _known: dict[ox.NamedNode, str] = field(default_factory=dict)

    @cached_property
    def base(self) -> str:
        """What the IRIs of the vault begin with."""
        return self.prefixes.get("n", "")

    def name(self, term: "Term | None") -> str:
        """A term for people: a label, a path, a name with its prefix, a literal's own text; all on one line, and
        nothing that could steer a terminal.
        """
        if term is None:
            return ""
        if isinstance(term, ox.NamedNode):
            if term not in self._known:
                self._known[term] = _flat(f"<{term.value}>" if self.iris else self._name(term))
            return self._known[term]
        return _flat(term.value if isinstance(term, ox.Literal | ox.BlankNode) else str(term))

    def _name(self, term: ox.NamedNode) -> str:
        if term in self.names:
            return self.names[term]
        whole, hash_, fragment = term.value.partition("#")
        if hash_ and self.store and whole.startswith(self.base or " ") and self._is_place(term):
            return f"{self.name(ox.NamedNode(whole))}#{unquote(fragment)}"
        for predicate in _LABELS if self.store else ():
            if label := self._label(term, predicate):
                return label
        if self.base and term.value.startswith(self.base):
            path, _, fragment = term.value[len(self.base) :].partition("#")
            if path and fragment:
                return unquote(f"{path}#{fragment}")
            if path.endswith(".md"):
                return unquote(path)
        return self.curie(term)

    def _is_place(self, term: ox.NamedNode) -> bool:
        """Whether a term is a section or block of a note; their labels say little without the note's name."""
        assert self.store
        return any(quad.object in _PLACES for quad in self.store.find(term, _TYPE, None, _DEFAULT))

    def _label(self, term: ox.NamedNode, predicate: ox.NamedNode) -> str | None:
        """The label of a thing: one in English or in no language before others."""
        assert self.store
        found = [quad.object for quad in self.store.find(term, predicate, None, _DEFAULT)]
        labels = [(one.language not in {None, "en"}, one.value) for one in found if isinstance(one, ox.Literal)]
        return min(labels)[1] if labels else None

    def curie(self, term: ox.NamedNode) -> str:
        """An IRI with the longest known prefix, readable; without one the IRI itself."""
        prefix, local = prefixed(term.value, self.prefixes)
        return f"{prefix}:{unquote(local)}" if prefix is not None else unquote(local)

    def link(self, term: "Term | None") -> str | None:
        """Where a click on a term leads: a note in Obsidian, a file, or the web page that the term is."""
        if not isinstance(term, ox.NamedNode):
            return None
        if self.vault and self.store and self.base and term.value.startswith(self.base):
            whole, _, fragment = term.value.partition("#")
            return self._note(self.vault, ox.NamedNode(whole), unquote(fragment)) if whole != self.base else None
        return term.value if term.value.startswith(("http://", "https://")) else None

    def _note(self, vault: Path, whole: ox.NamedNode, fragment: str) -> str | None:
        """A note, at a heading or block, as Obsidian's own address of it; an attachment as a file."""
        assert self.store
        documents = [quad.subject for quad in self.store.find(None, _DESCRIBES, whole, _DEFAULT)]
        for document in (*documents, whole):
            for quad in self.store.find(document, _PATH, None, _DEFAULT):
                file = vault / str(getattr(quad.object, "value", ""))
                if not file.name.endswith((".md", ".canvas")):
                    return file.as_uri()
                place = f"{file.as_posix().removesuffix('.md')}#{fragment}" if fragment else file.as_posix()
                return f"obsidian://open?path={quote(place, safe='')}"
        return None


def _flat(text: str) -> str:
    return printable(text.replace("\r\n", "\n").replace("\n", " ⏎ ").replace("\t", " "))


@dataclass(frozen=True)
class Screen:
    """Where a table is shown."""

    width: int | None = None
    """In characters; None where nothing limits it."""
    color: bool = False
    links: bool = False


def screen(out: IO[Any], *, color: bool) -> Screen:
    """What a stream shows: a terminal's width, whether its text can have a style and links; COLUMNS goes before."""
    terminal = out.isatty() and os.environ.get("TERM") != "dumb"
    given = os.environ.get("COLUMNS", "")
    width = int(given) if given.isdecimal() and int(given) > 0 else None
    if width is None and out.isatty():
        width = os.get_terminal_size(out.fileno()).columns or None
    return Screen(width, terminal and color, terminal and color and has_links(os.environ))


def has_links(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is known to make links of OSC 8; others may print them. FORCE_HYPERLINK decides."""
    forced = environment.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced != "0"
    vte = environment.get("VTE_VERSION", "")
    return (
        environment.get("TERM_PROGRAM") in _LINKING
        or environment.get("TERM", "").startswith(_LINKING_TERMS)
        or (vte.isdecimal() and int(vte) >= _NEW_VTE)
        or any(name in environment for name in ("KONSOLE_VERSION", "WT_SESSION", "DOMTERM"))
    )


def table(names: Sequence[str], rows: Iterable[Row], called: Called, where: Screen, out: IO[bytes]) -> None:
    """Rows under their names: as a table, or each on lines of its own where its columns would be too narrow."""
    rows = iter(rows)
    first = list(islice(rows, _CHUNK))
    console = _console(where)
    widths = fitting(names, [[called.name(term) for term in row] for row in first], where.width)
    if widths is None:
        _records(names, chain(first, rows), called, console, where, out)
        return
    numbers = [bool(first) and all(_is_number(row[n]) for row in first) for n in range(len(names))]
    header = True
    while first or header:
        made = _empty(names, widths, numbers, header)
        for row in first:
            made.add_row(*(_cell(term, called, where) for term in row))
        _put(console, made, out)
        first, header = list(islice(rows, _CHUNK)), False
        widths = _wider(widths, [[called.name(term) for term in row] for row in first], where.width)


def _wider(widths: list[int], cells: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Widths that suit more rows too, where there is room for that."""
    more = fitting([""] * len(widths), cells, width)
    wider = [max(pair) for pair in zip(widths, more or widths, strict=True)]
    return wider if width is None or sum(wider) + _GAP * (len(wider) - 1) <= width else widths


def fitting(names: Sequence[str], cells: Sequence[Sequence[str]], width: int | None) -> list[int] | None:
    """How wide the columns can be: as what stands in them, the widest giving way; None where that reads badly."""
    from rich.cells import cell_len

    natural = [max([cell_len(name), *(cell_len(row[n]) for row in cells), 1]) for n, name in enumerate(names)]
    room = sys.maxsize if width is None else width - _GAP * (len(names) - 1)
    if sum(natural) <= room:
        return natural
    if sum(min(one, _LEAST) for one in natural) > room:
        return None if len(names) > 1 else [max(room, 1)]
    low, high = _LEAST, max(natural)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(one, middle) for one in natural) <= room else (low, middle - 1)
    widths = [min(one, low) for one in natural]
    for n in sorted(range(len(names)), key=lambda n: natural[n]):  # what rounding left goes to those that lack little
        more = min(natural[n] - widths[n], room - sum(widths))
        widths[n] += more
    return widths


def _console(where: Screen) -> "Console":
    from rich.console import Console

    return Console(
        width=where.width or 1_000_000,
        highlight=False,
        emoji=False,
        markup=False,
        force_terminal=where.color,
        color_system="standard" if where.color else None,
        no_color=not where.color,
        legacy_windows=False,
    )


def _empty(names: Sequence[str], widths: list[int], numbers: list[bool], header: bool) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=header)
    for name, width, number in zip(names, widths, numbers, strict=True):
        made.add_column(Text(name), width=width, justify="right" if number else "left", overflow="fold")
    return made


def _cell(term: "Term | None", called: Called, where: Screen) -> "Text":
    from rich.style import Style
    from rich.text import Text

    link = called.link(term) if where.links else None
    is_plain = link is not None and link.isascii() and link.isprintable()
    return Text(called.name(term), style=Style(link=link) if is_plain else "")


def _records(
    names: Sequence[str], rows: Iterable[Row], called: Called, console: "Console", where: Screen, out: IO[bytes]
) -> None:
    """Each row as a list of its values."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    label = min(max(map(cell_len, names)), max((where.width or 80) // 3, 1))
    for number, row in enumerate(rows, 1):
        made = Table.grid(padding=(0, 2, 0, 0))
        made.add_column(width=label, overflow="fold", style="bold")
        made.add_column(overflow="fold")
        for name, term in zip(names, row, strict=True):
            if term is not None:
                made.add_row(Text(name), _cell(term, called, where))
        rule = f"─── {number} "
        _put(console, Text(rule + "─" * max(label - len(rule), 0)), out)
        _put(console, made, out)


def drawn(parts: Iterable[Any], color: bool | None) -> str:
    """What rich draws of some parts: for a terminal in colour or not; None where nobody looks, at any width."""
    import io

    from rich.console import Console

    out = io.StringIO()
    width = None if color is not None else _WIDE
    console = Console(file=out, force_terminal=bool(color), no_color=not color, highlight=False, width=width)
    for part in parts:
        console.print(part)
    return "".join(f"{row.rstrip()}\n" for row in out.getvalue().splitlines())


def _put(console: "Console", made: Any, out: IO[bytes]) -> None:
    with console.capture() as capture:
        console.print(made)
    lines = [line.rstrip() for line in capture.get().splitlines()]
    out.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))


def _is_number(term: "Term | None") -> bool:
    if not isinstance(term, ox.Literal):
        return term is None
    return term.value.replace(".", "", 1).removeprefix("-").isdecimal()
