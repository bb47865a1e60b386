"""The least that must be taken out of notes so that some triples no longer hold together.

Each proof of the triples rests on lines. A set of lines that hits every proof is found by taking out a line of the
first proof, then one of the proof that is left (Reiter 1987, A theory of diagnosis from first principles).
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from kg.comparison.state import ComparedState
from kg.comparison.suggested import SuggestedLines
from kg.comparison.trials import Trials
from kg.comparison.written_lines import WrittenLine
from kg.core.text import lines_of
from kg.reasoning.source_lines import SourceLine

_MOST_TRIALS = 12
_MOST_FACTS = 3
_FLOW = re.compile(r"^(?P<head>[^\[\]]*\[)(?P<items>[^\[\]]*)(?P<tail>\][ \t]*)$")
_TRIPLES = frozenset[ox.Triple]


@dataclass(frozen=True)
class LineRemover:
    """Finds the lines to take out; the trials tell when that is enough."""

    state: ComparedState
    trials: Trials

    def suggestions(self, facts: Sequence[ox.Triple]) -> tuple[tuple[SuggestedLines, ...], int]:
        """The smallest sets of lines after which some triples no longer hold together, and how many are untried."""
        queue = deque(_TRIPLES([leaf]) for leaf in self._leaves(facts))
        rows: dict[_TRIPLES, SuggestedLines] = {}
        tries = 0
        while queue and tries < _MOST_TRIALS:
            dropped = queue.popleft()
            if any(known <= dropped for known in rows):
                continue
            contents, lines = self._without(dropped)
            if not lines:
                continue
            tries += 1
            things = frozenset(triple.subject for triple in dropped)
            trial = self.trials.of(contents, None, things)
            if trial.is_reached:
                rows[dropped] = SuggestedLines(lines, breaks=trial.breaks)
            elif len(dropped) < _MOST_FACTS:
                queue += [dropped | {leaf} for leaf in self._leaves(facts) if leaf not in dropped]
        unique = dict.fromkeys(sorted(rows.values(), key=lambda row: (bool(row.breaks), len(row.lines), row.lines)))
        return tuple(unique), len(queue)

    def _leaves(self, facts: Iterable[ox.Triple]) -> list[ox.Triple]:
        """The triples in notes that some triples rest on."""
        derivations = self.state.explainer.derivations
        steps = self.state.explainer.apart(lambda: list(filter(None, map(derivations.of, facts))))
        return list(dict.fromkeys(leaf for step in steps for leaf in step.asserted))

    def _without(self, triples: _TRIPLES) -> tuple[dict[str, str | None], tuple[WrittenLine, ...]]:
        """The texts of notes without the lines of triples, and these lines; none if a triple stands in no note."""
        places = self.state.explainer.sources.placed(sorted(triples, key=str))
        rows = [row for found in places.values() for row in found]
        if not all(places.values()) or any(row.path not in self.state.ledger.entries or row.remark for row in rows):
            return {}, ()
        contents: dict[str, str | None] = {}
        lines = []
        for row in sorted(set(rows), reverse=True):  # from the end, so that the numbers of lines stay
            text = lines_of(contents.get(row.path) or self.state.text(row.path))
            old = text[row.line - 1]
            text[row.line - 1] = new = _without_value(old.rstrip("\r\n"), row)
            contents[row.path] = "".join(text)
            shown = f"{old.strip()} → {new.strip()}" if new else old.strip()
            lines.append(WrittenLine(row.path, shown, "taken out"))
        return contents, tuple(sorted(lines))


def _without_value(line: str, place: SourceLine) -> str:
    """A line without the value at a column: the rest of a list in brackets, else nothing."""
    flow = _FLOW.match(line)
    if not flow:
        return ""
    items, at, kept = flow["items"].split(","), len(flow["head"]), []
    for item in items:
        if not at < place.column <= at + len(item):
            kept.append(item.strip())
        at += len(item) + 1
    return f"{flow['head']}{', '.join(kept)}{flow['tail']}\n" if kept and len(kept) < len(items) else ""
