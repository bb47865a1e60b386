"""A bar chart of an answer that has a number in each row, and a label."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from kg.sparql.answer import Term, value
from kg.views.open_vault import Shown

_MOST = 30
"""The bars of a chart."""


class ChartBar(NamedTuple):
    """A row of a chart."""

    label: Shown
    amount: float
    text: str
    """The number as the answer has it."""


class BarChart(NamedTuple):
    """The numbers of a column, beside what they are about."""

    label: str
    """The name of the column with the labels."""
    measure: str
    """The name of the column with the numbers."""
    bars: tuple[ChartBar, ...]
    more: int
    """How many further rows there are among those shown."""

    @property
    def greatest(self) -> float:
        """The greatest number."""
        return max(bar.amount for bar in self.bars)


def bar_chart(
    columns: Sequence[str], rows: Sequence[Sequence[Term | None]], shown: Sequence[Sequence[Shown | None]]
) -> BarChart | None:
    """The chart of an answer; None if it has no column of numbers, no column of labels, or fewer than two rows."""
    numbers = [[_amount(term) for term in column] for column in zip(*rows, strict=True)]
    measures = [at for at, column in enumerate(numbers) if None not in column]
    labels = [at for at, column in enumerate(numbers) if all(number is None for number in column)]
    labels = [at for at in labels if all(row[at] for row in shown)]
    if len(rows) < 2 or not measures or not labels:
        return None
    at, of = labels[0], measures[0]
    bars = [
        ChartBar(label, amount, number.text)
        for (label, number), amount in zip(((row[at], row[of]) for row in shown), numbers[of], strict=True)
        if label and number and amount is not None
    ]
    if not any(bar.amount for bar in bars):
        return None
    return BarChart(columns[at], columns[of], tuple(bars[:_MOST]), len(bars[_MOST:]))


def _amount(term: Term | None) -> float | None:
    """The number that a term is, if a bar can show it."""
    number = value(term)
    if isinstance(number, bool) or not isinstance(number, int | float | Decimal):
        return None
    try:
        amount = float(number)
    except OverflowError:
        return None
    return amount if 0 <= amount < float("inf") else None
