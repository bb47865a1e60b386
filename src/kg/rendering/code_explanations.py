"""Explanations of codes of findings: for a terminal, as Markdown and as JSON. Their source is `explanations.md`."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from textwrap import fill, indent
from typing import NamedTuple

from kg.core.escaping import printable_lines
from kg.core.findings import Code
from kg.core.json_text import json_text

_FENCE = re.compile(r"^```markdown (?P<file>[^\n]+)\n(?P<text>.*?)^```$\n*", re.M | re.S)
_CODE = re.compile(r"^# ([A-Z]+\d+)\n", re.M)
"""The heading of a code; an example has headings, too."""
_WIDTH = 90


class Example(NamedTuple):
    """A file in which the finding occurs."""

    file: str
    text: str


class CodeExplanation(NamedTuple):
    """A code, what its findings mean, and an example of several files."""

    code: Code
    meaning: str = ""
    examples: tuple[Example, ...] = ()

    @classmethod
    def of(cls, code: Code) -> "CodeExplanation":
        """The explanation of a code; only its title and remedy for a code of the user's own shapes."""
        text = _texts().get(code.code, "")
        examples = tuple(Example(match["file"], match["text"]) for match in _FENCE.finditer(text))
        return cls(code, _FENCE.sub("", text).strip(), examples)

    def markdown(self) -> str:
        """The explanation as a section of a page."""
        shown = "".join(f"`{name}`:\n\n````markdown\n{text}````\n\n" for name, text in self.examples)
        meaning = f"{self.meaning}\n\n" if self.meaning else ""
        return f"### {self._title()}\n\n{meaning}{shown}{self._remedy()}\n"

    def text(self) -> str:
        """The explanation for a terminal."""
        parts = [self._title(), *([fill(self.meaning, _WIDTH)] if self.meaning else [])]
        parts += [f"  {name}\n{indent(text.rstrip(), '    ')}" for name, text in self.examples]
        return printable_lines("\n\n".join([*parts, fill(self._remedy(), _WIDTH)]) + "\n")

    def row(self) -> dict[str, object]:
        """The explanation for JSON."""
        examples = [example._asdict() for example in self.examples]
        return {**vars(self.code), "meaning": self.meaning, "examples": examples}

    def _title(self) -> str:
        return f"{self.code.code} {self.code.severity}: {self.code.title or 'a shape of this vault'}"

    def _remedy(self) -> str:
        return f"Remedy: {self.code.remedy}." if self.code.remedy else "The shape says no remedy."


@cache
def _texts() -> Mapping[str, str]:
    """The text about each code."""
    text = Path(__file__).with_name("explanations.md").read_text(encoding="utf-8")
    _, *parts = _CODE.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _json(rows: Iterable[CodeExplanation]) -> str:
    return f"{json_text([row.row() for row in rows], indent=1)}\n"


FORMS: Mapping[str, Callable[[Iterable[CodeExplanation]], str]] = {
    "text": lambda rows: "\n".join(row.text() for row in rows),
    "md": lambda rows: "\n".join(row.markdown() for row in rows),
    "json": _json,
}
