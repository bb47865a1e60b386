"""The answer of a tool: rows, and how it is written within a budget, as text and as values.

    <vault-data>
    notes about “lean”
    Lean.md:3: Lean is …
    </vault-data>
    1 of 40 rows; call again with offset=1 for the rest

Everything that may come from notes is inside the boundary. The text and the values together keep to the budget: rows
that do not fit are left out, and said to be; a row too long for the budget is cut, even the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kg.core.json_text import json_text
from kg.mcp.budget import tokens
from kg.mcp.visible_text import CLOSING, OPENING, visible, visible_line, visible_value

Values = dict[str, Any]
_ENVELOPE = 160
"""The tokens around an answer: the message of the protocol, the boundary, and the sentence on what is left out."""
_CUT = (2_000, 1_000, 500, 250, 120, 60, 30, 12)
"""The lengths to which the texts of a row are cut, until it fits."""
_FIELDS = 12
"""The values that a row keeps which does not fit otherwise."""
_PARTS = (_FIELDS, 4, 1, 0)


class AnswerRow(NamedTuple):
    """A row of an answer, as a line of text and as values."""

    text: str
    values: Values

    @classmethod
    def at(cls, path: str, line: int, text: str, values: Values) -> "AnswerRow":
        """A row of a line of a note."""
        return cls(f"{path}:{line}: {text}", values | {"path": path, "line": line})

    @property
    def cost(self) -> int:
        """Its tokens in a message, where a line end takes two characters."""
        return tokens(json_text(self.text)) + tokens(json_text(self.values)) + 1

    def cut(self, size: int) -> "AnswerRow":
        """The row with each text cut to a size, and the whole line to twice that."""
        return AnswerRow(
            _cut(self.text, 2 * size), {name: _cut_value(value, size) for name, value in self.values.items()}
        )

    def visible(self) -> "AnswerRow":
        """The row without what readers of notes do not see."""
        return AnswerRow(visible(self.text), visible_value(self.values))

    def within(self, most: int) -> "AnswerRow":
        """The row, cut to a number of tokens if need be."""
        if self.cost <= most:
            return self
        for number in (len(self.values), *_PARTS):
            row = AnswerRow(self.text, dict([*self.values.items()][:number]))
            for size in _CUT:
                if (shorter := row.cut(size)).cost <= most:
                    return shorter
        return AnswerRow("…", {})


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1].rstrip()}…"


def _cut_value(value: Any, size: int) -> Any:
    match value:
        case str():
            return _cut(value, size)
        case list():
            return [_cut_value(item, size) for item in value[: max(1, size // 10)]]
        case dict():
            return {_cut(name, size): _cut_value(item, size) for name, item in [*value.items()][: max(1, size // 10)]}
    return value


@dataclass(frozen=True)
class ToolAnswer:
    """What a tool answers."""

    says: str = ""
    """About the whole, in a sentence or a few lines."""
    rows: Sequence[AnswerRow] = ()
    """The rows from `offset` on; those that do not fit are left out."""
    total: int | None = None
    """All rows there are; None if these are all."""
    offset: int = 0
    hints: tuple[str, ...] = ()
    """Sentences on what was probably meant."""
    remarks: tuple[str, ...] = ()
    """Sentences of kg's own, which have no word of a note."""

    @property
    def number(self) -> int:
        """All rows there are."""
        return self.offset + len(self.rows) if self.total is None else self.total


class WrittenAnswer(NamedTuple):
    """An answer as text and, unless it is an error, as values."""

    text: str
    values: Values | None = None
    is_error: bool = False


def written(answer: ToolAnswer, budget: int) -> WrittenAnswer:
    """Write an answer within a budget."""
    says = AnswerRow(answer.says, {"says": answer.says}).visible().within(budget // 3)
    hints = [AnswerRow(f"hint: {hint}", {"hint": hint}).visible().within(budget // 8) for hint in answer.hints[:2]]
    remarks = [remark for remark in answer.remarks if remark]
    left = budget - _ENVELOPE - sum(row.cost for row in (says, *hints)) - sum(2 * tokens(text) for text in remarks)
    rows, is_cut = _fitting(answer.rows, left)
    lines = [says.text, *(row.text for row in rows), *(hint.text for hint in hints)]
    rest = _left_out(answer, len(rows), is_cut=is_cut)
    ours = [*remarks, rest] if rest else remarks
    text = "\n".join([OPENING, *filter(None, lines), CLOSING, *ours])
    values: Values = {"rows": [row.values for row in rows], "total": answer.number}
    optional: Mapping[str, Any] = {
        "says": says.values.get("says", ""),
        "hints": [hint.values.get("hint", "") for hint in hints],
        "left_out": " ".join(ours),
    }
    return WrittenAnswer(text, values | {name: value for name, value in optional.items() if value})


def _fitting(rows: Sequence[AnswerRow], left: int) -> tuple[list[AnswerRow], bool]:
    """The first rows that fit, none of them above two thirds of what there is; and whether one of them is cut."""
    fitting: list[AnswerRow] = []
    is_cut = False
    most = left * 2 // 3
    for whole in rows:
        seen = whole.visible()
        row = seen.within(most)
        if row.cost > left:
            break
        is_cut = is_cut or row is not seen
        left -= row.cost
        fitting.append(row)
    return fitting, is_cut


def _left_out(answer: ToolAnswer, number: int, *, is_cut: bool) -> str:
    """What is left out, and how to ask for it."""
    end = answer.offset + number
    parts = []
    if answer.offset or end < answer.number:
        parts.append(f"rows {answer.offset + 1 if number else answer.offset:,} to {end:,} of {answer.number:,}")
    if end < answer.number:
        parts.append(f"call again with offset={end} for the rest" if number else "none fits: allow more max_tokens")
    if is_cut:
        parts.append("long texts are cut: ask for one of them alone")
    return "; ".join(parts)


def refusal(sentence: str, budget: int) -> WrittenAnswer:
    """An error as an answer: a sentence that says what to do. It may have words of a note."""
    row = AnswerRow(visible_line(sentence), {}).within(budget - _ENVELOPE)
    return WrittenAnswer(f"{OPENING}\n{row.text}\n{CLOSING}", None, is_error=True)
