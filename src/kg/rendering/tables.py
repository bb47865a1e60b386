"""Answers as readable tables: names in place of IRIs, links that open notes and pages, columns that fit the screen."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pyoxigraph as ox

from kg.core.escaping import printable
from kg.rdf.iris import Names, prefixed
from kg.rdf.vocabulary import DESCRIBES, PATH

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from kg.sparql.answer import Term
    from kg.store.store import Store
    from kg.store.thing_names import ThingNames


Row = Sequence["Term | None"]

_GAP = 3
_WIDE = 10_000
_LEAST = 10
"""The least readable width of a column, unless its content is narrower."""
_CHUNK = 1_000
"""The number of rows to lay out at a time, so that the first appear at once and memory is bounded."""
_LINKING = {"iTerm.app", "vscode", "WezTerm", "ghostty", "Hyper", "Tabby", "rio"}
_LINKING_TERMS = ("xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm", "contour", "rio")
_NEW_VTE = 5_000


@dataclass(frozen=True)
class TermNames:
    """The names and link targets of terms."""

    prefixes: Mapping[str, str]
    store: "Store | None" = None
    vault: Path | None = None
    """The vault folder, for links that open notes."""
    iris: bool = False
    """Whether to show IRIs instead of names."""
    names: Mapping[ox.NamedNode, str] = field(default_factory=dict)
    """The names that the answer itself contains."""
    _known: dict[ox.NamedNode, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, store: "Store", *, iris: bool = False, names: Mapping[ox.NamedNode, str] = MappingProxyType({})
    ) -> "TermNames":
        """The names of terms in a store. They lead to its notes, if these are on this machine."""
        vault = Path(str(store.manifest.summary.get("vault", "")))
        return cls(store.prefixes, store, vault if vault.is_dir() else None, iris, names)

    @cached_property
    def base(self) -> str:
        """The common beginning of the vault's IRIs."""
        return self.prefixes.get("n", "")

    def name(self, term: "Term | None") -> str:
        """A term for display: a label, a path, a CURIE, or the text of a literal; on one line, and without control
        sequences for the terminal.
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
        return self._things.name(term) if self._things else self.curie(term)

    @cached_property
    def _things(self) -> "ThingNames | None":
        from kg.store.name_meanings import NameMeanings
        from kg.store.thing_names import ThingNames

        return ThingNames(NameMeanings(self.store, Names(self.base), self.prefixes)) if self.store else None

    def curie(self, term: ox.NamedNode) -> str:
        """A readable CURIE with the longest prefix; the IRI if no prefix matches."""
        prefix, local = prefixed(term.value, self.prefixes)
        return f"{prefix}:{unquote(local)}" if prefix is not None else unquote(local)

    def link(self, term: "Term | None") -> str | None:
        """The target of a click on a term: a note in Obsidian, a file, or the web page with the term as its address."""
        if not isinstance(term, ox.NamedNode):
            return None
        if self.vault and self.store and self.base and term.value.startswith(self.base):
            whole, _, fragment = term.value.partition("#")
            return self._note(self.vault, ox.NamedNode(whole), unquote(fragment)) if whole != self.base else None
        return term.value if term.value.startswith(("http://", "https://")) else None

    def _note(self, vault: Path, whole: ox.NamedNode, fragment: str) -> str | None:
        """The Obsidian URI of a note, at a heading or block; the file URI of an attachment."""
        assert self.store
        documents = [quad.subject for quad in self.store.triples(None, DESCRIBES, whole)]
        for document in (*documents, whole):
            for quad in self.store.triples(document, PATH, None):
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
    """The screen that shows a table."""

    width: int | None = None
    """The width in characters; None if it is unlimited."""
    color: bool = False
    links: bool = False


def screen(out: IO[Any], *, color: bool) -> Screen:
    """The width of a stream's terminal, and whether it shows styles and links; COLUMNS overrides the width."""
    terminal = out.isatty() and os.environ.get("TERM") != "dumb"
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and int(columns) > 0 else None
    if width is None and out.isatty():
        width = os.get_terminal_size(out.fileno()).columns or None
    return Screen(width, terminal and color, terminal and color and has_links(os.environ))


def has_links(environment: Mapping[str, str]) -> bool:
    """Whether the terminal is known to support OSC 8 links; others may print them. FORCE_HYPERLINK decides."""
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


def table(names: Sequence[str], rows: Iterable[Row], called: TermNames, where: Screen, out: IO[bytes]) -> None:
    """Write rows as a table, or each row as a list of values if the columns would be too narrow."""
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
        grid = _empty(names, widths, numbers, header)
        for row in first:
            grid.add_row(*(_cell(term, called, where) for term in row))
        _put(console, grid, out)
        first, header = list(islice(rows, _CHUNK)), False
        widths = _wider(widths, [[called.name(term) for term in row] for row in first], where.width)


def _wider(widths: list[int], cells: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Column widths that suit more rows, too, if there is space."""
    fitted = fitting([""] * len(widths), cells, width)
    wider = [max(pair) for pair in zip(widths, fitted or widths, strict=True)]
    return wider if width is None or sum(wider) + _GAP * (len(wider) - 1) <= width else widths


def fitting(names: Sequence[str], cells: Sequence[Sequence[str]], width: int | None) -> list[int] | None:
    """The widths of columns: those of the content, with the widest columns reduced to fit; None if that reads badly.

    A column is as wide as its longest word, as long as there is space: only a wider word is broken.
    """
    from rich.cells import cell_len

    natural = [max([cell_len(name), *(cell_len(row[n]) for row in cells), 1]) for n, name in enumerate(names)]
    space = sys.maxsize if width is None else width - _GAP * (len(names) - 1)
    if sum(natural) <= space:
        return natural
    if sum(min(size, _LEAST) for size in natural) > space:
        return None if len(names) > 1 else [max(space, 1)]
    words = [max((cell_len(word) for text in (name, *(row[n] for row in cells)) for word in text.split()), default=1)
             for n, name in enumerate(names)]  # fmt: skip
    least = [max(word, min(size, _LEAST)) for word, size in zip(words, natural, strict=True)]
    floor = _reduced(least, [0] * len(least), space)
    widths = _reduced(natural, floor, space)
    # The remainder of the rounding goes to the columns that lack least.
    for n in sorted(range(len(names)), key=lambda n: natural[n]):
        extra = min(natural[n] - widths[n], space - sum(widths))
        widths[n] += extra
    return widths


def _reduced(sizes: Sequence[int], floor: Sequence[int], space: int) -> list[int]:
    """Widths with the greatest maximum that fits the space, each at least its floor."""
    low, high = 1, max(sizes)
    while low < high:
        middle = (low + high + 1) // 2
        fits = sum(max(least, min(size, middle)) for size, least in zip(sizes, floor, strict=True)) <= space
        low, high = (middle, high) if fits else (low, middle - 1)
    return [max(least, min(size, low)) for size, least in zip(sizes, floor, strict=True)]


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

    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=header)
    for name, width, number in zip(names, widths, numbers, strict=True):
        grid.add_column(Text(name), width=width, justify="right" if number else "left", overflow="fold")
    return grid


def _cell(term: "Term | None", called: TermNames, where: Screen) -> "Text":
    from rich.style import Style
    from rich.text import Text

    link = called.link(term) if where.links else None
    is_plain = link is not None and link.isascii() and link.isprintable()
    return Text(called.name(term), style=Style(link=link) if is_plain else "")


def _records(
    names: Sequence[str], rows: Iterable[Row], called: TermNames, console: "Console", where: Screen, out: IO[bytes]
) -> None:
    """Write each row as a list of its values."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    label_width = min(max(map(cell_len, names)), max((where.width or 80) // 3, 1))
    for number, row in enumerate(rows, 1):
        record = Table.grid(padding=(0, 2, 0, 0))
        record.add_column(width=label_width, overflow="fold", style="bold")
        record.add_column(overflow="fold")
        for name, term in zip(names, row, strict=True):
            if term is not None:
                record.add_row(Text(name), _cell(term, called, where))
        rule = f"─── {number} "
        _put(console, Text(rule + "─" * max(label_width - len(rule), 0)), out)
        _put(console, record, out)


def render(parts: Iterable[Any], color: bool | None) -> str:
    """Draw parts with rich, for a terminal with or without colour; None means no terminal and no limit of width."""
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
