"""Suggestions of what to write: lines for notes, with what then follows from them."""

from dataclasses import dataclass
from typing import NamedTuple

import pyoxigraph as ox

from kg.comparison.written_lines import WrittenLine
from kg.core.findings import Finding


class UsedRule(NamedTuple):
    """The name of a rule, and what it means in general."""

    name: str
    meaning: str


@dataclass(frozen=True)
class SuggestedLines:
    """Lines to write, by which what is wanted comes about, while no part of them suffices."""

    lines: tuple[WrittenLine, ...]
    rules: tuple[UsedRule, ...] = ()
    """The rules by which it then follows, the last one first; none if a line states it."""
    because: tuple[str, ...] = ()
    """The facts that it also rests on, each with its first line."""
    breaks: tuple[str, ...] = ()
    """The contradictions that the lines would bring."""


@dataclass(frozen=True)
class Suggestions:
    """What to write so that a triple holds, or so that a finding is gone."""

    goal: str
    """The triple in words, or the finding."""
    rows: tuple[SuggestedLines, ...] = ()
    """The suggestions, those with the fewest lines first, and those that contradict last."""
    triple: ox.Triple | None = None
    finding: Finding | None = None
    holds: bool = False
    """Whether the triple holds already."""
    more: int = 0
    """The number of possible suggestions that are not checked."""
    is_cut: bool = False
    """Whether a bound has ended the search, so that there may be others."""
    remark: str = ""
    """What is odd about the wish, in one sentence."""
    why_none: str = ""
    """Why there is no suggestion, in one sentence."""
