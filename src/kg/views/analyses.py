"""What the analyses of the network say: gaps, suggested links, likely duplicates, communities, growth."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg.analysis.network import Network
from kg.analysis.tables import Table, Value
from kg.core.errors import KgError, NotFound
from kg.views.open_vault import OpenVault, Shown

MOST = 1_000
"""The most rows of an analysis."""
_BARS = 12
_OF_EACH_GAP = 100
_POINTS = 400
"""The most commits of a chart; of more, the last of each month is shown."""

Cell = Shown | str | int | float | None


class Bar(NamedTuple):
    """A bar of a chart."""

    name: str
    value: float
    note: str = ""
    """What the bar is about, in a few words."""


class GrowthLine(NamedTuple):
    """A line of a chart: a measure over time."""

    name: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Growth:
    """Measures over time, at the same dates."""

    dates: tuple[str, ...] = ()
    lines: tuple[GrowthLine, ...] = ()


@dataclass(frozen=True)
class AnalysisView:
    """The rows of an analysis, and what its picture shows."""

    name: str
    title: str
    about: str
    """What it looks for, in a sentence or two."""
    command: str
    """The command that does the same in a terminal, with more options."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int
    says: str = ""
    """A sentence about the whole."""
    problem: str = ""
    """Why there is no result."""
    bars_title: str = ""
    bars: tuple[Bar, ...] = ()
    growth: Growth = Growth()


class Analysis(NamedTuple):
    """An analysis that a page shows."""

    name: str
    title: str
    about: str
    command: str
    compute: Callable[["_Analyst"], dict[str, Any]]
    tells_texts: bool = False
    """Whether it reads the notes themselves, which a server that hides private notes does not."""


def analysis(vault: OpenVault, name: str) -> AnalysisView:
    """An analysis by its name. Raises NotFound, KgError."""
    found = ANALYSES.get(name)
    if found is None:
        raise NotFound(f"no analysis is named “{name}”: there are {', '.join(ANALYSES)}")
    about: dict[str, Any] = {"name": name, "title": found.title, "about": found.about, "command": found.command}
    nothing: dict[str, Any] = {"columns": (), "rows": (), "total": 0}
    if found.tells_texts and vault.is_redacted:
        return AnalysisView(**about, **nothing, problem="it reads the notes, of which this server hides some")
    try:
        return AnalysisView(**about, **found.compute(_Analyst(vault)))
    except NotFound:
        return AnalysisView(**about, **nothing, problem="the vault is in no git repository")
    except ModuleNotFoundError as error:
        raise KgError(f"this page needs {error.name}: pip install 'kg-notes[analysis]'") from error


def state_beside(vault: OpenVault, name: str) -> str:
    """The state of what an analysis depends on beside the notes: the latest commit. Empty if there is nothing else."""
    from kg.revisions.git_repository import Repository

    if name != "history":
        return ""
    try:
        with Repository.of(vault.config.vault) as repository:
            return repository.commit("HEAD").hash
    except KgError:
        return ""


@dataclass(frozen=True)
class _Analyst:
    vault: OpenVault

    def network(self) -> Network:
        from kg.analysis.network_reader import read

        return read(self.vault.store)

    # ---- the analyses ------------------------------------------------------------------------------------------------

    def gaps(self) -> dict[str, Any]:
        from kg.analysis.gaps import gaps

        table = gaps(self.vault.store, self.network(), each=_OF_EACH_GAP)
        counts = [part.rpartition(" ") for part in table.says.split("; ") if part]
        bars = [Bar(kind.replace("-", " "), int(number.replace(",", ""))) for kind, _, number in counts]
        shown = {"entity": "thing", "gap": "what is missing", "count": "count", "to": "with", "why": "why"}
        return {
            **self._rows(table, shown),
            "total": int(sum(bar.value for bar in bars)),
            "bars_title": "Gaps of each kind",
            "bars": _most(bars),
        }

    def suggestions(self) -> dict[str, Any]:
        from kg.analysis.similarity import texts
        from kg.analysis.tables import suggest

        network = self.network()
        table = suggest(network, texts(self.vault.config, self.vault.store, network))
        ends = Counter(str(label) for row in table.rows[:MOST] for label in (row[1], row[3]))
        shown = {
            "entity": "from",
            "to": "to",
            "score": "score",
            "neighbours": "both are linked with",
            "words": "both say",
        }
        bars = [Bar(name, number) for name, number in ends.most_common(_BARS)]
        return {**self._rows(table, shown), "bars_title": "Things with the most suggestions", "bars": tuple(bars)}

    def duplicates(self) -> dict[str, Any]:
        from kg.analysis.duplicates import duplicates

        table = duplicates(self.vault.store)
        kinds = Counter(str(row[4]) for row in table.rows)
        shown = {"entity": "this", "to": "may be the same as", "kind": "kind", "why": "why", "score": "certainty"}
        bars = _most(Bar(name, number) for name, number in kinds.items())
        return {**self._rows(table, shown), "bars_title": "Pairs of each kind", "bars": bars}

    def communities(self) -> dict[str, Any]:
        from kg.analysis.communities import described
        from kg.analysis.tables import communities

        table = communities(*described(self.vault.store, self.network()))
        shown = {
            "entity": "around",
            "size": "things",
            "about": "about",
            "inside": "links inside",
            "between": "led out by",
        }
        bars = _most(Bar(str(row[1]), _number(row[3]), str(row[4])) for row in table.rows)
        return {**self._rows(table, shown), "bars_title": "Things in each community", "bars": bars}

    def history(self) -> dict[str, Any]:
        from kg.analysis.history import history

        table = history(self.vault.config)
        if len(table.rows) > _POINTS:
            table = history(self.vault.config, "month")
        measures = table.columns[3:]
        lines = [
            GrowthLine(name, tuple(int(_number(row[at])) for row in table.rows)) for at, name in enumerate(measures, 3)
        ]
        newest = Table(table.columns, [*reversed(table.rows)])
        shown = {"label": "commit", "date": "date", **{name: name for name in measures}}
        dates = tuple(str(row[2]) for row in table.rows)
        return {**self._rows(newest, shown), "says": "", "growth": Growth(dates, tuple(lines))}

    # ---- rows --------------------------------------------------------------------------------------------------------

    def _rows(self, table: Table, shown: Mapping[str, str]) -> dict[str, Any]:
        """The chosen columns of a table, under their names for readers."""
        places = [table.columns.index(name) for name in shown]
        labels = [self._label(table.columns, name) for name in shown]
        pairs = [*zip(places, labels, strict=True)]
        rows = [
            tuple(self._cell(row[at], row[label] if label else None) for at, label in pairs)
            for row in table.rows[:MOST]
        ]
        return {"columns": tuple(shown.values()), "rows": tuple(rows), "total": len(table.rows), "says": table.says}

    @staticmethod
    def _label(columns: Sequence[str], name: str) -> int | None:
        """The column with the label of the things in another."""
        label = "label" if name == "entity" else f"{name}_label"
        return columns.index(label) if label in columns and name != "label" else None

    def _cell(self, value: Value, label: Value) -> Cell:
        if isinstance(value, ox.NamedNode):
            return self.vault.show(value)._replace(text=str(label or value.value))
        return value.value if isinstance(value, ox.Literal) else value


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _most(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    return tuple(sorted(bars, key=lambda bar: (-bar.value, bar.name)))[:_BARS]


def _table() -> Iterator[Analysis]:
    yield Analysis(
        "gaps", "Gaps",
        "Notes and files that links name and that do not exist, things that lack what others of their kind have, "
        "circles, and parts that nothing connects.",
        "kg analyze gaps", _Analyst.gaps,
    )  # fmt: skip
    yield Analysis(
        "suggestions", "Suggested links",
        "Pairs of things that no link connects, though they have neighbours or words in common.",
        "kg analyze suggest", _Analyst.suggestions, tells_texts=True,
    )  # fmt: skip
    yield Analysis(
        "duplicates", "Likely duplicates",
        "Authors, tags and notes with almost the same name or text.",
        "kg analyze duplicates", _Analyst.duplicates,
    )  # fmt: skip
    yield Analysis(
        "communities", "Communities",
        "Groups of things with more links among each other than to others.",
        "kg analyze communities", _Analyst.communities,
    )  # fmt: skip
    yield Analysis(
        "history", "History",
        "How the graph has grown with the commits of the vault's git repository.",
        "kg analyze history", _Analyst.history, tells_texts=True,
    )  # fmt: skip


ANALYSES: Mapping[str, Analysis] = {row.name: row for row in _table()}
"""The analyses by their names."""
