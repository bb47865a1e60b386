"""The chart of an answer: the places of its bars, in pixels."""

from dataclasses import dataclass
from typing import NamedTuple

from kg.views.answer_chart import BarChart, ChartBar

_LONGEST = 30


class BarSpot(NamedTuple):
    """A bar of the chart, in pixels."""

    bar: ChartBar
    top: int
    width: float
    label: str


@dataclass(frozen=True)
class BarLayout:
    """The places of the bars of a chart."""

    chart: BarChart
    left: int = 220
    right: int = 70
    width: int = 720
    step: int = 26

    @property
    def height(self) -> int:
        """The height of the picture."""
        return self.step * len(self.chart.bars) + 4

    @property
    def spots(self) -> list[BarSpot]:
        """The bars from the top."""
        room, most = self.width - self.left - self.right, self.chart.greatest
        lengths = [round(max(1.0, room * bar.amount / most), 1) for bar in self.chart.bars]
        tops = range(4, self.height, self.step)
        return [
            BarSpot(bar, top, length, _short(bar.label.text))
            for bar, top, length in zip(self.chart.bars, tops, lengths, strict=False)
        ]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1].rstrip()}…"
