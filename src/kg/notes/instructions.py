"""Instructions to kg in a note: comments and a property that suppress findings.

`<!-- kg: ignore L01 -->` or `%% kg: ignore L01 %%` is about the findings on its line, `ignore-next-line` about those on
the next line, `ignore-file` and the property `kg-ignore` about those in the note. Without codes, it is about all.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kg.core.spelling import nearest
from kg.core.text import Source, Span
from kg.notes.model import Note, Property

VERBS = ("ignore", "ignore-next-line", "ignore-file")
KEY = "kg-ignore"
"""The property that is an instruction, and not about the thing of the note."""
_FORM = re.compile(r"(?:<!--|%%)\s*kg:\s*(?P<verb>\w+(?:-\w+)*)(?P<codes>.*?)(?:-->|%%|\Z)", re.S)
_REASON = re.compile(r"--|—|\(")
"""What begins a reason, which follows the codes."""
_BETWEEN = re.compile(r"[\s,]+")


class Instruction(NamedTuple):
    """An instruction at its place; lines and columns count from 1."""

    line: int
    column: int
    end_line: int
    end_column: int
    verb: str
    """One of `VERBS`, or a misspelling of one."""
    codes: tuple[str, ...]

    def is_about(self, line: int, end_line: int) -> bool:
        """Whether it is about a finding from one line to another."""
        if self.verb == "ignore-file":
            return True
        step = {"ignore": 0, "ignore-next-line": 1}.get(self.verb)
        if step is None:
            return False
        first = self.end_line + step if step else self.line
        return any(first <= end <= self.end_line + step for end in (line, end_line))


def instructions(note: Note) -> tuple[Instruction, ...]:
    """The instructions of a note, in order."""
    of_properties = (one for prop in note.properties if prop.key.lower() == KEY for one in _of_property(note, prop))
    of_comments = (one for span in note.remarks for one in _of_comment(note.source, span))
    return tuple(sorted([*of_properties, *of_comments]))


def _of_comment(source: Source, span: Span) -> Iterator[Instruction]:
    form = _FORM.match(source.slice(*span))
    if form and nearest(form["verb"], VERBS):
        yield _at(source, span, form["verb"], _BETWEEN.split(_REASON.split(form["codes"])[0]))


def _of_property(note: Note, prop: Property) -> Iterator[Instruction]:
    value = prop.value
    rows = value.children if value.kind == "list" else (value,)
    codes = [code for row in rows for code in _BETWEEN.split(row.raw)]
    if value.kind == "boolean" and value.text == "true":
        yield _at(note.source, prop.span, "ignore-file", ())
    elif value.kind != "boolean" and any(codes):
        yield _at(note.source, prop.span, "ignore-file", codes)


def _at(source: Source, span: Span, verb: str, codes: Iterable[str]) -> Instruction:
    start, end = source.position(span.start), source.position(span.end)
    return Instruction(*start, *end, verb, tuple(dict.fromkeys(filter(None, codes))))
